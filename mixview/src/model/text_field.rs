//! A single-line text field: caret, selection, words, undo, and the preedit of an input method.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextField {
    text: String,
    /// Where the next character goes: a byte between two characters.
    caret: usize,
    /// The other end of the selection; the caret if nothing is selected.
    anchor: usize,
    /// The text that an input method composes: shown at the caret, not part of the text yet.
    preedit: String,
    /// The text and the caret before each change.
    undo_stack: Vec<(String, usize)>,
    /// The text and the caret before each undo.
    redo_stack: Vec<(String, usize)>,
    /// Where the last insertion ended: the next one there belongs to the same change.
    insertion: Option<usize>,
}

/// How many changes of a text can be undone.
const UNDO_LIMIT: usize = 100;
/// The most bytes of a text: more than mixd takes, so that it says why.
const MAX_LENGTH: usize = 1024;

/// How far the caret moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    Left,
    Right,
    /// To the start of the word, or of the one before.
    WordLeft,
    /// To the end of the word, or of the next.
    WordRight,
    Start,
    End,
}

impl TextField {
    /// Returns a field whose text is all selected: typing replaces it.
    pub fn selected(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            caret: text.len(),
            anchor: 0,
            ..Self::default()
        }
    }

    /// The text without the preedit.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is neither text nor preedit.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.preedit.is_empty()
    }

    /// Whether there is no text and never was.
    pub fn is_untouched(&self) -> bool {
        self.is_empty() && self.undo_stack.is_empty() && self.redo_stack.is_empty()
    }

    /// The text with the preedit in it.
    pub fn display_text(&self) -> String {
        let (before, after) = self.text.split_at(self.caret);
        format!("{before}{}{after}", self.preedit)
    }

    /// The preedit's place in [`display_text`](Self::display_text).
    pub fn preedit(&self) -> Range<usize> {
        self.caret..self.caret + self.preedit.len()
    }

    /// The caret's place in [`display_text`](Self::display_text).
    pub fn caret(&self) -> usize {
        self.caret + self.preedit.len()
    }

    /// The selection; empty if nothing is selected.
    pub fn selection(&self) -> Range<usize> {
        self.caret.min(self.anchor)..self.caret.max(self.anchor)
    }

    /// Replaces the selection with `text`, without its control characters, as far as there is room.
    pub fn insert(&mut self, text: &str) {
        self.preedit.clear();
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let room = MAX_LENGTH.saturating_sub(self.text.len() - self.selection().len());
        let text = &text[..text.floor_char_boundary(room)];
        // What is typed without a pause for thought goes as one, up to the end of a word.
        let goes_on = self.insertion == Some(self.caret) && self.selection().is_empty();
        if !goes_on || text.starts_with(char::is_whitespace) {
            self.push_undo();
        }
        self.delete_selection();
        self.text.insert_str(self.caret, text);
        self.caret += text.len();
        self.anchor = self.caret;
        self.insertion = Some(self.caret);
    }

    /// Inserts text that was copied, its lines and tabs parted by spaces, as a change of its own. Returns
    /// whether there is any.
    pub fn paste(&mut self, text: &str) -> bool {
        let text = text.trim().replace(char::is_whitespace, " ");
        self.insertion = None;
        if !text.is_empty() {
            self.insert(&text);
        }
        self.insertion = None;
        !text.is_empty()
    }

    /// Shows the text that an input method composes in place of the selection.
    pub fn set_preedit(&mut self, text: &str) {
        if !text.is_empty() && !self.selection().is_empty() {
            self.push_undo();
            self.delete_selection();
        }
        self.preedit = text.chars().filter(|c| !c.is_control()).collect();
    }

    /// Moves the caret, and the selection with it if it `selects`.
    pub fn move_caret(&mut self, motion: Motion, selects: bool) {
        let selection = self.selection();
        self.caret = match motion {
            // Without selecting, an arrow first goes to the end of what is selected.
            Motion::Left if !selects && !selection.is_empty() => selection.start,
            Motion::Right if !selects && !selection.is_empty() => selection.end,
            motion => self.destination(motion),
        };
        if !selects {
            self.anchor = self.caret;
        }
    }

    /// Puts the caret at this byte of the text, or at the nearest one before that begins a character.
    pub fn set_caret(&mut self, at: usize, selects: bool) {
        self.caret = self.text.floor_char_boundary(at);
        if !selects {
            self.anchor = self.caret;
        }
    }

    /// Selects the word at this byte of the text, or what parts two words there.
    pub fn select_word(&mut self, at: usize) {
        let at = at.min(self.text.len());
        let words = self.text.split_word_bound_indices();
        let words = words.filter(|(start, word)| (*start..=start + word.len()).contains(&at));
        let word = words.max_by_key(|(_, word)| (is_word(word), !word.trim().is_empty()));
        if let Some((start, word)) = word {
            (self.anchor, self.caret) = (start, start + word.len());
        }
    }

    pub fn select_all(&mut self) {
        self.anchor = 0;
        self.caret = self.text.len();
    }

    /// Deletes the selection, or what `motion` would pass.
    pub fn delete(&mut self, motion: Motion) {
        if self.selection().is_empty() {
            self.anchor = self.destination(motion);
        }
        if !self.selection().is_empty() {
            self.push_undo();
            self.delete_selection();
        }
    }

    /// Returns whether there was a change to undo.
    pub fn undo(&mut self) -> bool {
        self.insertion = None;
        let Some(before) = self.undo_stack.pop() else {
            return false;
        };
        let after = self.replace(before);
        self.redo_stack.push(after);
        true
    }

    /// Returns whether there was a change to redo.
    pub fn redo(&mut self) -> bool {
        self.insertion = None;
        let Some(after) = self.redo_stack.pop() else {
            return false;
        };
        let before = self.replace(after);
        self.undo_stack.push(before);
        true
    }

    /// Replaces the text and the caret. Returns the old ones.
    fn replace(&mut self, (text, caret): (String, usize)) -> (String, usize) {
        self.preedit.clear();
        let old = std::mem::replace(&mut self.text, text);
        let old = (old, self.caret);
        (self.caret, self.anchor) = (caret, caret);
        old
    }

    /// Keeps the text for [`undo`](Self::undo): it is about to change.
    fn push_undo(&mut self) {
        if self.undo_stack.len() == UNDO_LIMIT {
            self.undo_stack.remove(0);
        }
        self.undo_stack.push((self.text.clone(), self.caret));
        self.redo_stack.clear();
        self.insertion = None;
    }

    fn delete_selection(&mut self) {
        let selection = self.selection();
        self.caret = selection.start;
        self.anchor = selection.start;
        self.text.replace_range(selection, "");
    }

    /// Returns where a motion takes the caret.
    fn destination(&self, motion: Motion) -> usize {
        let (text, caret) = (self.text.as_str(), self.caret);
        // What one would call a character may be several of Unicode's.
        let mut cursor = GraphemeCursor::new(caret, text.len(), true);
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
                    .rfind(|(_, word)| is_word(word))
                    .map_or(0, |(at, _)| at)
            }
            Motion::WordRight => {
                let mut words = text[caret..].split_word_bound_indices();
                let word = words.find(|(_, word)| is_word(word));
                word.map_or(text.len(), |(at, word)| caret + at + word.len())
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> TextField {
        let mut field = TextField::default();
        field.insert(text);
        field
    }

    #[test]
    fn words_are_jumped_over_and_erased() {
        let mut field = typed("media.role = Мой Game");
        field.move_caret(Motion::WordLeft, false);
        assert_eq!(field.caret(), field.text().find("Game").unwrap());
        field.delete(Motion::WordLeft);
        assert_eq!(field.text(), "media.role = Game");
        field.move_caret(Motion::Start, false);
        field.move_caret(Motion::WordRight, true);
        assert_eq!(&field.text()[field.selection()], "media.role");
        field.insert("x");
        assert_eq!(field.text(), "x = Game");
        field.move_caret(Motion::End, true);
        field.delete(Motion::Left);
        assert_eq!(field.text(), "x");
    }

    #[test]
    fn a_character_of_several_is_one() {
        let mut field = typed("e\u{301}👩‍👩‍👧x");
        field.delete(Motion::Left);
        field.delete(Motion::Left);
        assert_eq!(field.text(), "e\u{301}");
        field.move_caret(Motion::Left, false);
        assert_eq!(field.caret(), 0);
        field.delete(Motion::Right);
        assert_eq!(field.text(), "");
        field.delete(Motion::Right);
        field.delete(Motion::Left);
    }

    #[test]
    fn an_arrow_leaves_a_selection_at_its_end() {
        let mut field = TextField::selected("Discord");
        field.move_caret(Motion::Left, false);
        assert_eq!(field.caret(), 0);
        field.select_all();
        field.move_caret(Motion::Right, false);
        assert_eq!((field.caret(), field.selection()), (7, 7..7));
        field.set_caret(3, true);
        assert_eq!(field.selection(), 3..7);
        field.set_caret(99, false);
        assert_eq!(field.caret(), 7);
    }

    #[test]
    fn what_is_composed_is_shown_and_not_yet_text() {
        let mut field = typed("ab");
        field.move_caret(Motion::Left, false);
        field.set_preedit("にほ");
        assert_eq!(
            (field.text(), field.display_text()),
            ("ab", "aにほb".to_owned())
        );
        assert_eq!(&field.display_text()[field.preedit()], "にほ");
        field.insert("日本");
        assert_eq!((field.text(), field.preedit().len()), ("a日本b", 0));
        // A line's end does not get in.
        field.insert("\n\u{8}");
        assert_eq!(field.text(), "a日本b");
    }

    #[test]
    fn what_is_pasted_is_one_line_and_a_change_of_its_own() {
        let mut field = typed("a");
        assert!(field.paste("b\r\n\tc\u{8}\0\n"));
        field.insert("d");
        assert_eq!(field.text(), "ab   cd");
        assert!(!field.paste(" \n"), "that is no text");
        for expected in ["ab   c", "a", ""] {
            assert!(field.undo());
            assert_eq!(field.text(), expected);
        }
        // A whole file does not get in; a character does as a whole.
        field.paste(&"é".repeat(100_000));
        assert_eq!(field.text().len(), MAX_LENGTH);
        field.insert("x");
        assert_eq!(field.text().len(), MAX_LENGTH);
        field.select_all();
        field.paste("y");
        assert_eq!(field.text(), "y");
    }

    #[test]
    fn a_word_is_selected_from_either_end_and_within() {
        let mut field = typed("media.role = Game");
        for (at, word) in [
            (0, "media.role"),
            (3, "media.role"),
            (10, "media.role"),
            (11, "="),
            (12, "="),
            (13, "Game"),
            (17, "Game"),
            (99, "Game"),
        ] {
            field.select_word(at);
            assert_eq!(&field.text()[field.selection()], word, "at {at}");
        }
        let mut empty = TextField::default();
        empty.select_word(0);
        assert_eq!(empty.selection(), 0..0);
    }

    #[test]
    fn what_was_typed_and_erased_is_taken_back() {
        let mut field = TextField::selected("Discord");
        assert!(!field.undo(), "it is as it was");
        for text in ["g", "a", "m", "e", " ", "o", "n"] {
            field.insert(text);
        }
        field.delete(Motion::WordLeft);
        field.delete(Motion::Left);
        field.insert("x");
        field.move_caret(Motion::Start, false);
        field.delete(Motion::Left);
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
