//! A line of text being typed: caret, selection, words, and what an input method is composing.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// A line of text with a caret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Where the next character goes: a byte between two characters.
    caret: usize,
    /// The other end of what is selected; the caret if nothing is.
    anchor: usize,
    /// What an input method composes, not part of the text yet, shown at the caret.
    preedit: String,
    /// What the text was before each of its last changes, the caret with it.
    past: Vec<(String, usize)>,
    /// What it was before each of them was taken back.
    next: Vec<(String, usize)>,
    /// Where the last character was typed: the next one there belongs to the same change.
    typed_at: Option<usize>,
}

/// The most changes of a text that can be taken back.
const MOST: usize = 100;

/// How far the caret goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// A character to the left.
    Left,
    /// A character to the right.
    Right,
    /// To the start of the word, or of the one before.
    WordLeft,
    /// To the end of the word, or of the next.
    WordRight,
    /// To the start of the line.
    Start,
    /// To the end of the line.
    End,
}

impl Field {
    /// A field with this text, all of it selected: typing replaces it.
    pub fn holding(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            caret: text.len(),
            anchor: 0,
            ..Self::default()
        }
    }

    /// The text, without what is being composed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as it is shown, with what is being composed in it.
    pub fn shown(&self) -> String {
        let (before, after) = self.text.split_at(self.caret);
        format!("{before}{}{after}", self.preedit)
    }

    /// What is being composed: where it stands in [`shown`](Self::shown).
    pub fn composed(&self) -> Range<usize> {
        self.caret..self.caret + self.preedit.len()
    }

    /// Where the caret stands in [`shown`](Self::shown).
    pub fn caret(&self) -> usize {
        self.caret + self.preedit.len()
    }

    /// What is selected; empty where nothing is.
    pub fn selection(&self) -> Range<usize> {
        self.caret.min(self.anchor)..self.caret.max(self.anchor)
    }

    /// Types `text` in the place of what is selected. What is no character, such as a line's end,
    /// is left out.
    pub fn insert(&mut self, text: &str) {
        self.preedit.clear();
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        // What is typed without a pause for thought goes as one, up to the end of a word.
        let goes_on = self.typed_at == Some(self.caret) && self.selection().is_empty();
        if !goes_on || text.starts_with(char::is_whitespace) {
            self.keep();
        }
        self.cut();
        self.text.insert_str(self.caret, &text);
        self.caret += text.len();
        self.anchor = self.caret;
        self.typed_at = Some(self.caret);
    }

    /// Shows what an input method composes; it takes the place of what is selected.
    pub fn compose(&mut self, text: &str) {
        if !text.is_empty() && !self.selection().is_empty() {
            self.keep();
            self.cut();
        }
        self.preedit = text.chars().filter(|c| !c.is_control()).collect();
    }

    /// Moves the caret; what it passes is selected if it `selects`.
    pub fn go(&mut self, motion: Motion, selects: bool) {
        let selection = self.selection();
        self.caret = match motion {
            // Without selecting, an arrow first goes to the end of what is selected.
            Motion::Left if !selects && !selection.is_empty() => selection.start,
            Motion::Right if !selects && !selection.is_empty() => selection.end,
            motion => self.reached(motion),
        };
        if !selects {
            self.anchor = self.caret;
        }
    }

    /// Puts the caret before the character at this byte of the text, or at the nearest one before.
    pub fn place(&mut self, at: usize, selects: bool) {
        self.caret = self.text.floor_char_boundary(at);
        if !selects {
            self.anchor = self.caret;
        }
    }

    /// Selects all of it.
    pub fn select_all(&mut self) {
        self.anchor = 0;
        self.caret = self.text.len();
    }

    /// Removes what is selected, or what `motion` would pass.
    pub fn erase(&mut self, motion: Motion) {
        if self.selection().is_empty() {
            self.anchor = self.reached(motion);
        }
        if !self.selection().is_empty() {
            self.keep();
            self.cut();
        }
    }

    /// Takes the last change of the text back; says whether there was one.
    pub fn undo(&mut self) -> bool {
        self.typed_at = None;
        let Some(before) = self.past.pop() else {
            return false;
        };
        let after = self.replace(before);
        self.next.push(after);
        true
    }

    /// Makes the change again that was taken back last; says whether there was one.
    pub fn redo(&mut self) -> bool {
        self.typed_at = None;
        let Some(after) = self.next.pop() else {
            return false;
        };
        let before = self.replace(after);
        self.past.push(before);
        true
    }

    /// Puts another text in the place of this one, and its caret; gives this one back.
    fn replace(&mut self, (text, caret): (String, usize)) -> (String, usize) {
        self.preedit.clear();
        let old = std::mem::replace(&mut self.text, text);
        let old = (old, self.caret);
        (self.caret, self.anchor) = (caret, caret);
        old
    }

    /// Keeps the text for [`undo`](Self::undo): it is about to change.
    fn keep(&mut self) {
        if self.past.len() == MOST {
            self.past.remove(0);
        }
        self.past.push((self.text.clone(), self.caret));
        self.next.clear();
        self.typed_at = None;
    }

    fn cut(&mut self) {
        let selection = self.selection();
        self.caret = selection.start;
        self.anchor = selection.start;
        self.text.replace_range(selection, "");
    }

    fn reached(&self, motion: Motion) -> usize {
        let (text, caret) = (self.text.as_str(), self.caret);
        // What one would call a character may be several of Unicode's.
        let mut cursor = GraphemeCursor::new(caret, text.len(), true);
        let letter = |word: &str| word.chars().any(char::is_alphanumeric);
        match motion {
            Motion::Start => 0,
            Motion::End => text.len(),
            Motion::Left => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
            Motion::Right => {
                let next = cursor.next_boundary(text, 0).ok().flatten();
                next.unwrap_or(text.len())
            }
            Motion::WordLeft => {
                let mut words = text[..caret].split_word_bound_indices();
                words
                    .rfind(|(_, word)| letter(word))
                    .map_or(0, |(at, _)| at)
            }
            Motion::WordRight => {
                let mut words = text[caret..].split_word_bound_indices();
                let word = words.find(|(_, word)| letter(word));
                word.map_or(text.len(), |(at, word)| caret + at + word.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Field {
        let mut field = Field::default();
        field.insert(text);
        field
    }

    #[test]
    fn words_are_jumped_over_and_erased() {
        let mut field = typed("media.role = Мой Game");
        field.go(Motion::WordLeft, false);
        assert_eq!(field.caret(), field.text().find("Game").unwrap());
        field.erase(Motion::WordLeft);
        assert_eq!(field.text(), "media.role = Game");
        field.go(Motion::Start, false);
        field.go(Motion::WordRight, true);
        assert_eq!(&field.text()[field.selection()], "media.role");
        field.insert("x");
        assert_eq!(field.text(), "x = Game");
        field.go(Motion::End, true);
        field.erase(Motion::Left);
        assert_eq!(field.text(), "x");
    }

    #[test]
    fn a_character_of_several_is_one() {
        let mut field = typed("e\u{301}👩‍👩‍👧x");
        field.erase(Motion::Left);
        field.erase(Motion::Left);
        assert_eq!(field.text(), "e\u{301}");
        field.go(Motion::Left, false);
        assert_eq!(field.caret(), 0);
        field.erase(Motion::Right);
        assert_eq!(field.text(), "");
        field.erase(Motion::Right);
        field.erase(Motion::Left);
    }

    #[test]
    fn an_arrow_leaves_a_selection_at_its_end() {
        let mut field = Field::holding("Discord");
        field.go(Motion::Left, false);
        assert_eq!(field.caret(), 0);
        field.select_all();
        field.go(Motion::Right, false);
        assert_eq!((field.caret(), field.selection()), (7, 7..7));
        field.place(3, true);
        assert_eq!(field.selection(), 3..7);
        field.place(99, false);
        assert_eq!(field.caret(), 7);
    }

    #[test]
    fn what_is_composed_is_shown_and_not_yet_text() {
        let mut field = typed("ab");
        field.go(Motion::Left, false);
        field.compose("にほ");
        assert_eq!((field.text(), field.shown()), ("ab", "aにほb".to_owned()));
        assert_eq!(&field.shown()[field.composed()], "にほ");
        field.insert("日本");
        assert_eq!((field.text(), field.composed().len()), ("a日本b", 0));
        // A line's end does not get in.
        field.insert("\n\u{8}");
        assert_eq!(field.text(), "a日本b");
    }

    #[test]
    fn what_was_typed_and_erased_is_taken_back() {
        let mut field = Field::holding("Discord");
        assert!(!field.undo(), "it is as it was");
        for text in ["g", "a", "m", "e", " ", "o", "n"] {
            field.insert(text);
        }
        field.erase(Motion::WordLeft);
        field.erase(Motion::Left);
        field.insert("x");
        field.go(Motion::Start, false);
        field.erase(Motion::Left);
        for expected in ["game", "game ", "game on", "game", "Discord"] {
            assert!(field.undo());
            assert_eq!(field.text(), expected);
            assert!(field.selection().is_empty() && field.caret() <= expected.len());
        }
        assert!(!field.undo());
        for expected in ["game", "game on", "game "] {
            assert!(field.redo());
            assert_eq!(field.text(), expected);
        }
        // What is typed now is another way on.
        field.insert("x");
        assert!(!field.redo());
        assert!(field.undo() && field.redo());
        assert_eq!(field.text(), "game x");
    }
}
