//! The system's fonts, for the scripts that those in the binary do not have. fontconfig says which
//! there are, in the order in which the user prefers them: by its program, as most windows never ask;
//! once, as it answers for all characters; and beside the window, as it may first write its caches.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStdout, Command, Stdio};

use ab_glyph::FontRef;
use rustix::fs::{OFlags, fcntl_setfl};

use super::{Fonts, draws, is_emoji};

/// The most fonts that are opened besides those in the binary: one for each script of a list with
/// many.
const MAX_FONTS: usize = 16;

pub enum SystemFonts {
    /// No character has been met that the binary does not have.
    Unasked,
    Asked(Search),
    Listed(Vec<FontFile>),
}

impl SystemFonts {
    /// Returns what to poll while an answer is awaited.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Asked(search) => Some(search.output.as_fd()),
            Self::Unasked | Self::Listed(_) => None,
        }
    }

    /// Looks for the characters that `fonts` lacks. Returns whether fonts have been added to it.
    pub fn turn(&mut self, fonts: &mut Fonts) -> bool {
        if matches!(self, Self::Unasked) && fonts.lacks_characters() {
            *self = Search::start().map_or(Self::Listed(Vec::new()), Self::Asked);
        }
        if let Self::Asked(search) = self
            && let Some(files) = search.turn()
        {
            *self = Self::Listed(files);
        }
        let Self::Listed(files) = self else {
            return false;
        };
        let mut is_added = false;
        for character in fonts.take_lacking() {
            while fonts.others() < MAX_FONTS
                && !fonts.suits(character)
                && let Some(at) = find(files, character, fonts.has(character))
            {
                match files[at].read(character) {
                    Ok(Some(font)) => {
                        files.remove(at);
                        fonts.add(font);
                        is_added = true;
                    }
                    // It may have others: some fonts have blanks for what they list.
                    Ok(None) => files[at].exclude(character),
                    Err(Unreadable) => drop(files.remove(at)),
                }
            }
        }
        is_added
    }
}

/// Returns the file to read for a character: of an emoji one in colour; any, unless it is there in black.
fn find(files: &[FontFile], character: char, is_there: bool) -> Option<usize> {
    let mut all = files.iter();
    let in_color = all.position(|file| is_emoji(character) && file.is_color && file.has(character));
    let any = || files.iter().position(|file| file.has(character));
    in_color.or_else(|| any().filter(|_| !is_there))
}

/// `fc-match`, which sorts the system's fonts by preference, less those that have nothing new.
pub struct Search {
    child: Child,
    output: ChildStdout,
    said: Vec<u8>,
}

impl Search {
    fn start() -> Option<Self> {
        let mut child = Command::new("fc-match")
            .args([
                "--sort",
                "--format=%{color}\t%{index}\t%{file}\t%{charset}\n",
            ])
            // Those in colour come last, so that nothing else is left out for being in one.
            .arg("sans-serif:color=false")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let output = child.stdout.take()?;
        fcntl_setfl(&output, OFlags::NONBLOCK).ok()?;
        Some(Self {
            child,
            output,
            said: Vec::new(),
        })
    }

    /// Reads what there is. Returns the fonts when it has said all.
    fn turn(&mut self) -> Option<Vec<FontFile>> {
        match self.output.read_to_end(&mut self.said) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            _ => {}
        }
        // It ends with its output.
        let _ = self.child.wait();
        let said = String::from_utf8_lossy(&self.said);
        Some(said.lines().filter_map(FontFile::parse).collect())
    }
}

/// A font of the system.
#[derive(Debug, PartialEq)]
pub struct FontFile {
    path: String,
    /// The font's number in its file.
    index: u32,
    /// Whether it has glyphs in colours.
    is_color: bool,
    /// The first and the last character of each range that it has, in ascending order.
    ranges: Vec<(u32, u32)>,
}

impl FontFile {
    /// Parses a line of `fc-match`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (color, index) = (fields.next()?, fields.next()?);
        let (path, ranges) = (fields.next()?, fields.next()?);
        let ranges = ranges.split(' ').filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let number = |text| u32::from_str_radix(text, 16).ok();
            Some((number(first)?, number(last)?))
        });
        Some(Self {
            path: path.to_owned(),
            // The upper half is the number of a variable font's named instance.
            index: index.parse::<u32>().ok()? & 0xffff,
            is_color: color == "True",
            ranges: ranges.collect(),
        })
    }

    fn has(&self, character: char) -> bool {
        let character = u32::from(character);
        let after = self.ranges.partition_point(|range| range.0 <= character);
        after > 0 && character <= self.ranges[after - 1].1
    }

    /// Takes a character out of the ranges.
    fn exclude(&mut self, character: char) {
        let character = u32::from(character);
        let ranges = std::mem::take(&mut self.ranges).into_iter();
        let parts = ranges.flat_map(|(first, last)| match (first..=last).contains(&character) {
            true => [first..character, character + 1..last + 1],
            false => [first..last + 1, 0..0],
        });
        let parts = parts.filter(|part| !part.is_empty());
        self.ranges = parts.map(|part| (part.start, part.end - 1)).collect();
    }

    /// Reads the file. Returns the font, for as long as the process lives, if it draws the character.
    fn read(&self, character: char) -> Result<Option<FontRef<'static>>, Unreadable> {
        // Read, not mapped: a file that is truncated while it is mapped is a SIGBUS. A font with Chinese
        // characters has 20 MB, most others 1 MB.
        let bytes = fs::read(&self.path).map_err(|_| Unreadable)?;
        let font = FontRef::try_from_slice_and_index(&bytes, self.index);
        if !draws(&font.map_err(|_| Unreadable)?, character) {
            return Ok(None);
        }
        let font = FontRef::try_from_slice_and_index(bytes.leak(), self.index);
        font.map(Some).map_err(|_| Unreadable)
    }
}

/// A file that is not there any more, or no font.
struct Unreadable;

#[cfg(test)]
mod tests {
    use wire::socket::{self, Interest};

    use super::super::Weight;
    use super::*;

    /// `DejaVu` Sans has Georgian, and `cargo xtask setup` installs it.
    #[test]
    fn a_script_that_inter_does_not_have_is_found() {
        let mut fonts = Fonts::new().unwrap();
        let mut system = SystemFonts::Unasked;
        assert!(!system.turn(&mut fonts) && system.fd().is_none());
        // Nobody has a character that is not one.
        fonts.width("მ\u{10fffe}", 13.0, Weight::Regular);
        let mut is_added = system.turn(&mut fonts);
        while let Some(fd) = system.fd() {
            socket::poll([(fd, Interest::Readable)], None).unwrap();
            is_added = system.turn(&mut fonts);
        }
        assert!(
            is_added && fonts.has('მ'),
            "no font with Georgian letters; 'cargo xtask setup' installs fontconfig and fonts-dejavu-core"
        );
        assert!(!fonts.has('\u{10fffe}'));
        assert!(!system.turn(&mut fonts), "there is nothing more to find");
    }

    #[test]
    fn a_file_that_can_not_be_read_is_tried_once() {
        let mut fonts = Fonts::new().unwrap();
        fonts.width("მ", 13.0, Weight::Regular);
        let file = FontFile::parse("False\t0\t/nowhere.ttf\t10d0-10fc").unwrap();
        let mut system = SystemFonts::Listed(vec![file]);
        assert!(!system.turn(&mut fonts));
        assert!(matches!(system, SystemFonts::Listed(files) if files.is_empty()));
    }

    #[test]
    fn a_line_of_fontconfig_is_a_font_with_its_characters() {
        let file = FontFile::parse("False\t131073\t/a b/c.ttc\t20-7e a0 10d0-10fc").unwrap();
        assert_eq!((&*file.path, file.index), ("/a b/c.ttc", 1));
        for (character, has) in [
            ('\u{1f}', false),
            (' ', true),
            ('~', true),
            ('\u{7f}', false),
        ] {
            assert_eq!(file.has(character), has, "{character:?}");
        }
        assert!(file.has('\u{a0}') && file.has('მ') && !file.has('音'));
        let mut without = FontFile::parse("False\t0\t/a\t20-22 a0").unwrap();
        for character in ['!', '\u{a0}', 'x'] {
            without.exclude(character);
            assert!(!without.has(character));
        }
        assert_eq!(without.ranges, [(0x20, 0x20), (0x22, 0x22)]);
        let emoji = FontFile::parse("True\t0\t/emoji.ttf\t23 1f600").unwrap();
        assert!(emoji.is_color && !file.is_color);
        // Text is in colour where nothing else has it; an emoji first.
        let plain = FontFile::parse("False\t0\t/plain.ttf\t23 1f600").unwrap();
        let files = [plain, emoji];
        assert_eq!(find(&files, '#', false), Some(0));
        assert_eq!(find(&files, '\u{1f600}', false), Some(1));
        assert_eq!(find(&files, '\u{1f600}', true), Some(1));
        assert_eq!(find(&files[..1], '\u{1f600}', true), None);
        assert_eq!(find(&files[..1], '\u{1f600}', false), Some(0));
        assert_eq!(FontFile::parse("no font"), None);
    }
}
