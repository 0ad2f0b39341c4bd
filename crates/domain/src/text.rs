//! Short texts that people give: names of persons and organizations, notes.

use std::{fmt, str::FromStr};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One line of 1 to `MAX` characters (Unicode scalar values), in normalization form C, without white
/// space at its ends and without characters that cannot be seen. Reading takes white space off the ends and normalizes, and counts then.
///
/// ```
/// use rollcall_domain::Text;
/// let name: Text<100> = "  Grace Hopper ".parse()?;
/// assert_eq!(name.as_str(), "Grace Hopper");
/// assert!("Grace\u{202e}reppoH".parse::<Text<100>>().is_err());
/// # Ok::<(), rollcall_domain::InvalidText>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text<const MAX: usize>(String);

/// The text is not one that Rollcall keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing is left of it.
    #[error("must not be empty")]
    Empty,
    /// It is longer than it may be.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The most characters it may have.
        max: usize,
    },
    /// It holds a character that cannot be seen: a control, bidirectional, zero-width or unassigned one.
    #[error("must not contain control, bidirectional or zero-width characters")]
    Unseen,
}

impl<const MAX: usize> Text<MAX> {
    /// A text that we write ourselves.
    pub(crate) fn constant(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that was written on several lines, on one: line breaks and tabs, and the spaces around them, become one space.
///
/// ```
/// assert_eq!(rollcall_domain::on_one_line("Asks for a human.\r\n\tIs upset."), "Asks for a human. Is upset.");
/// ```
pub fn on_one_line(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\t', '\u{2028}', '\u{2029}']).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text.chars().any(|character| is_unseen(character) && !chooses_emoji(character)) {
            return Err(InvalidText::Unseen);
        }
        let text = normalized(text.trim());
        match text.chars().count() {
            0 => Err(InvalidText::Empty),
            length if length > MAX => Err(InvalidText::TooLong { max: MAX }),
            _ => Ok(Self(text)),
        }
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in normalization form C. ASCII, which most texts are, is so already.
pub(crate) fn normalized(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// Whether a character has no shape of its own: controls, formats (bidirectional marks and zero-width
/// characters are among them), line and paragraph separators, private, unassigned; and letters and marks that
/// are drawn as nothing (Unicode's property Default_Ignorable_Code_Point, and the empty Braille pattern).
pub(crate) fn is_unseen(character: char) -> bool {
    use GeneralCategory as Category;
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let drawn_as_nothing = matches!(character,
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}');
    drawn_as_nothing
        || matches!(
            character.general_category(),
            Category::Control
                | Category::Format
                | Category::LineSeparator
                | Category::ParagraphSeparator
                | Category::PrivateUse
                | Category::Surrogate
                | Category::Unassigned
        )
}

/// Whether a character only says if the one before it is drawn as text or as an emoji, which many keyboards add.
fn chooses_emoji(character: char) -> bool {
    matches!(character, '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<Text<5>, InvalidText> {
        text.parse()
    }

    #[test]
    fn length_is_counted_in_characters_after_normalization() {
        assert_eq!(name("ééééé").map(|text| text.as_str().len()), Ok(10));
        assert_eq!(name("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"), name("ééééé"));
        assert_eq!(name("abcdef"), Err(InvalidText::TooLong { max: 5 }));
        assert_eq!(name(" \u{a0} "), Err(InvalidText::Empty));
    }

    #[test]
    fn ascii_is_taken_as_other_texts_are() {
        for character in (0..0x80u8).map(char::from) {
            assert_eq!(is_unseen(character), character.general_category() == GeneralCategory::Control);
            assert!(character.nfc().eq([character]), "{character:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for character in [
            '\0', '\n', '\t', '\u{7f}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}',
            '\u{2028}', '\u{e000}', '\u{34f}', '\u{115f}', '\u{3164}', '\u{ffa0}', '\u{2800}',
        ] {
            assert_eq!(name(&format!("a{character}b")), Err(InvalidText::Unseen), "{character:?}");
        }
        assert!(name("שלום").is_ok() && name("日本").is_ok() && name("I ❤\u{fe0f}").is_ok());
    }
}
