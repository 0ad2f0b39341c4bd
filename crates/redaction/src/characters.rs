//! What single characters are to this crate: digits of any script, characters that nobody sees, and dashes.

/// Where the decimal digits of a script begin: ten code points each, from zero to nine (Unicode's category Nd).
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40,
    0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA,
    0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0,
    0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0,
    0x1E5F1, 0x1E950, 0x1FBF0,
];

/// The value of a decimal digit of any script.
pub(crate) fn digit(character: char) -> Option<u8> {
    let code = u32::from(character);
    if code < 128 {
        return character.is_ascii_digit().then(|| code as u8 - b'0');
    }
    let zero = ZEROS[..].partition_point(|zero| *zero <= code).checked_sub(1).map(|at| ZEROS[at])?;
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

/// Whether a character takes no place of its own: joiners, marks of direction, soft hyphens, fillers, and marks that are put on
/// the character before.
pub(crate) fn unseen(character: char) -> bool {
    matches!(u32::from(character),
        0xAD | 0x300..=0x36F | 0x483..=0x489 | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F
        | 0x20D0..=0x20FF | 0x3164 | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE01EF)
}

/// Whether a character is a combining mark, which may make another letter of the one before.
pub(crate) fn accent(character: char) -> bool {
    matches!(u32::from(character), 0x300..=0x36F)
}

/// Whether a character is a dash that stands within numbers.
pub(crate) fn dash(character: char) -> bool {
    matches!(u32::from(character), 0x2D | 0x2010..=0x2013 | 0x2212 | 0xFE63 | 0xFF0D)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_every_script_have_their_values() {
        for (text, value) in [
            ("0", 0),
            ("9", 9),
            ("٤", 4),
            ("۷", 7),
            ("९", 9),
            ("５", 5),
            ("𝟘", 0),
            ("𝟿", 9),
            ("\u{1CCF4}", 4),
            ("\u{10D45}", 5),
            ("\u{1E4F9}", 9),
        ] {
            assert_eq!(text.chars().next().and_then(digit), Some(value), "{text}");
        }
        for text in ["a", "/", ":", "²", "①", "Ⅷ", "一", "\u{66A}"] {
            assert_eq!(text.chars().next().and_then(digit), None, "{text}");
        }
        assert!(ZEROS.is_sorted());
    }

    #[test]
    fn what_has_a_value_is_a_number_to_the_standard_library_too() {
        for character in (0..=0x10_FFFF).filter_map(char::from_u32).filter(|c| digit(*c).is_some()) {
            assert!(character.is_numeric(), "{character:?}");
        }
    }
}
