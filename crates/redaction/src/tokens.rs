//! Text as tokens: words, digits, and what stands between them.

use std::ops::Range;

use crate::{
    characters::{dash, digit, unseen},
    effort::look,
    vocabulary::{Class, class, class_as_seen, class_within},
};

/// What stands between a token and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gap(pub(crate) u16);

impl Gap {
    pub(crate) const SPACE: u16 = 1;
    pub(crate) const DASH: u16 = 1 << 1;
    /// A dot that does not end a sentence.
    pub(crate) const DOT: u16 = 1 << 2;
    /// A comma, or dots or a long dash: a pause.
    pub(crate) const COMMA: u16 = 1 << 3;
    pub(crate) const SLASH: u16 = 1 << 4;
    pub(crate) const PAREN: u16 = 1 << 5;
    pub(crate) const PLUS: u16 = 1 << 6;
    pub(crate) const COLON: u16 = 1 << 7;
    /// The sign of a currency right before the token.
    pub(crate) const CURRENCY: u16 = 1 << 8;
    pub(crate) const HASH: u16 = 1 << 9;
    /// The sign of a currency or a percentage right after the token before.
    pub(crate) const UNIT_AFTER: u16 = 1 << 10;
    /// The end of a sentence.
    pub(crate) const STOP: u16 = 1 << 11;
    /// A new line.
    pub(crate) const LINE: u16 = 1 << 12;
    /// `_`, `=`, `&` and others that glue things together.
    pub(crate) const GLUE: u16 = 1 << 13;
    /// Another segment.
    pub(crate) const SEGMENT: u16 = 1 << 14;
    /// Quotes and whatever else.
    pub(crate) const OTHER: u16 = 1 << 15;

    pub(crate) fn has(self, flags: u16) -> bool {
        self.0 & flags != 0
    }

    /// Whether nothing separates the two but signs.
    pub(crate) fn tight(self) -> bool {
        !self.has(Self::SPACE | Self::LINE | Self::SEGMENT | Self::STOP)
    }
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Which segment it is in.
    pub(crate) segment: u32,
    pub(crate) gap: Gap,
    pub(crate) class: Class,
    /// The value of a word for a number, the letter, or how many digits there are, counting no further than [`MOST_DIGITS`].
    pub(crate) value: u8,
}

impl Token {
    /// Whether it may be part of something that is looked for.
    pub(crate) fn matters(&self) -> bool {
        matches!(
            self.class,
            Class::Digits
                | Class::Unit
                | Class::Teen
                | Class::Tens
                | Class::Hundred
                | Class::Multiplier
                | Class::Oh
                | Class::Letter
                | Class::Spelling
                | Class::At
                | Class::Dot
                | Class::Joiner
        )
    }
}

/// Goes through a text, token by token.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    place: usize,
    /// Where each segment ends.
    ends: &'a [usize],
    segment: usize,
    /// Written addresses, which become tokens of their own.
    addresses: std::iter::Peekable<std::slice::Iter<'a, Range<usize>>>,
    done: bool,
}

/// How many digits of a token are looked at: more than any number has.
pub(crate) const MOST_DIGITS: usize = 41;

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const WIDE: u8 = 3;

/// What kind of byte each is: a letter, a digit, part of another character, or none of these.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let of = byte as u8;
        kinds[byte] = if of.is_ascii_alphabetic() {
            LETTER
        } else if of.is_ascii_digit() {
            DIGIT
        } else if of >= 128 {
            WIDE
        } else {
            0
        };
        byte += 1;
    }
    kinds
};

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str, ends: &'a [usize], addresses: &'a [Range<usize>]) -> Self {
        Self { text, place: 0, ends, segment: 0, addresses: addresses.iter().peekable(), done: false }
    }

    fn character(&self, place: usize) -> Option<char> {
        self.text[place..].chars().next()
    }

    /// Everything up to the next token.
    fn gap(&mut self) -> Gap {
        let bytes = self.text.as_bytes();
        if let (Some(b' '), Some(next)) = (bytes.get(self.place), bytes.get(self.place + 1)) {
            // What is most common.
            let kind = KINDS[usize::from(*next)];
            if (kind == LETTER || kind == DIGIT) && self.place + 1 < self.ends[self.segment] {
                self.place += 1;
                return Gap(Gap::SPACE);
            }
        }
        let mut gap = 0;
        let begin = self.place;
        while self.place < bytes.len() {
            if self.ends[self.segment] <= self.place && self.segment + 1 < self.ends.len() {
                self.segment += 1;
                gap |= Gap::SEGMENT;
                continue;
            }
            let byte = bytes[self.place];
            let kind = KINDS[usize::from(byte)];
            if kind == LETTER || kind == DIGIT || byte == b'@' {
                break;
            }
            if byte == b'[' && masked(&self.text[self.place..]).is_some() {
                break;
            }
            if kind == WIDE {
                let Some(character) = self.character(self.place) else { break };
                if !unseen(character) && (character.is_alphanumeric() || character == '＠') {
                    break;
                }
                gap |= wide(character, self.place == begin);
                self.place += character.len_utf8();
                continue;
            }
            if matches!(byte, b'%' | b'\\')
                && let Some((flags, length)) = escaped(&bytes[self.place..])
            {
                gap |= flags;
                self.place += length;
                continue;
            }
            let next = bytes.get(self.place + 1).copied();
            let ends_here = next.is_none_or(|next| next.is_ascii_whitespace() || b"\")'".contains(&next));
            // A sign of a currency belongs to what follows it at once.
            if gap & Gap::CURRENCY != 0 && byte != b' ' && byte != b'-' {
                gap &= !Gap::CURRENCY;
            }
            gap |= match byte {
                b' ' | b'\t' => Gap::SPACE,
                b'\n' | b'\r' => Gap::LINE | Gap::SPACE,
                b'-' => Gap::DASH,
                b'.' if next == Some(b'.') => {
                    while bytes.get(self.place + 1) == Some(&b'.') {
                        self.place += 1;
                    }
                    Gap::COMMA | Gap::SPACE
                }
                b'.' if ends_here && gap & Gap::SPACE != 0 => Gap::DOT,
                b'.' if ends_here => Gap::STOP,
                b'.' => Gap::DOT,
                b'!' | b'?' | b';' if ends_here => Gap::STOP,
                b',' => Gap::COMMA,
                b'/' => Gap::SLASH,
                b'(' | b')' => Gap::PAREN,
                b'+' => Gap::PLUS,
                b':' => Gap::COLON,
                b'$' if self.place == begin => Gap::CURRENCY | Gap::UNIT_AFTER,
                b'$' => Gap::CURRENCY,
                b'%' if self.place == begin => Gap::UNIT_AFTER,
                b'#' => Gap::HASH,
                b'_' | b'=' | b'&' | b'?' | b'\\' | b'~' | b'^' | b'|' | b'*' => Gap::GLUE,
                _ => Gap::OTHER,
            };
            self.place += 1;
        }
        // At the very beginning there is nothing that a unit could come after.
        if begin == 0 { Gap(gap & !Gap::UNIT_AFTER) } else { Gap(gap) }
    }

    /// A word, or digits, or both in one. Returns what it is and its value; `self.place` is after it.
    fn word(&mut self) -> (Class, u8) {
        let bytes = self.text.as_bytes();
        let start = self.place;
        let (mut digits, mut apostrophe, mut disguised) = (0_usize, None, false);
        let limit = self.ends[self.segment];
        while self.place < limit && KINDS[usize::from(bytes[self.place])] == LETTER {
            self.place += 1;
        }
        let plain = self.place == limit || {
            let byte = bytes[self.place];
            byte < 128 && byte != b'\'' && KINDS[usize::from(byte)] != DIGIT
        };
        if plain && self.place > start {
            return class_within(bytes, start, self.place);
        }
        let (mut letters, mut latin) = (self.place - start, self.place - start);
        while self.place < limit {
            let byte = bytes[self.place];
            match KINDS[usize::from(byte)] {
                LETTER => {
                    // `0132x204`: an extension; `4155550132ext4` as well. `0132home`: a word without a space before it.
                    if digits > 0
                        && letters == 0
                        && (self.extension_follows() || digits >= 4 && self.word_follows())
                    {
                        break;
                    }
                    letters += 1;
                    latin += 1;
                    self.place += 1;
                }
                DIGIT => {
                    if letters > 0 && (latin == 0 || digits == 0 && self.apart(start)) {
                        break;
                    }
                    digits += 1;
                    self.place += 1;
                }
                WIDE => {
                    let Some(character) = self.character(self.place) else { break };
                    if digit(character).is_some() {
                        if letters > 0 && latin == 0 {
                            break;
                        }
                        digits += 1;
                    } else if character == '’' && letters > 0 && self.letter_at(self.place + 3) {
                        apostrophe = apostrophe.or(Some(self.place));
                    } else if unseen(character) {
                        disguised = true;
                    } else if character.is_alphanumeric() {
                        // What is written without spaces may stand right beside a number.
                        if digits > 0 && letters == 0 && u32::from(character) >= 0x590 {
                            break;
                        }
                        letters += 1;
                        disguised |= matches!(character, 'Ä' | 'Ö' | 'Ü' | 'É' | 'Ú');
                    } else {
                        break;
                    }
                    self.place += character.len_utf8();
                }
                _ if byte == b'\'' && letters > 0 && self.letter_at(self.place + 1) => {
                    apostrophe = apostrophe.or(Some(self.place));
                    self.place += 1;
                }
                _ => break,
            }
        }
        if digits > 0 {
            let class = if letters > 0 { Class::Mixed } else { Class::Digits };
            return (class, digits.min(MOST_DIGITS) as u8);
        }
        let word = &bytes[start..self.place];
        match apostrophe {
            // `it's`, `number's`, but neither `o'brien` nor `o'clock`.
            Some(stem) if self.place - stem <= 5 && stem - start > 1 || self.place - stem <= 2 => {
                match class(word) {
                    (Class::Other, _) => class(&bytes[start..stem]),
                    known => known,
                }
            }
            _ if disguised => class_as_seen(&self.text[start..self.place]),
            _ => class_within(bytes, start, self.place),
        }
    }

    fn letter_at(&self, place: usize) -> bool {
        self.text.as_bytes().get(place).is_some_and(|byte| KINDS[usize::from(*byte)] == LETTER)
    }

    /// Whether digits are no part of the word before them, which begins at `start`: `is415…`, `x204`.
    fn apart(&self, start: usize) -> bool {
        let (class, _) = class(&self.text.as_bytes()[start..self.place]);
        matches!(class, Class::Link | Class::Number | Class::PhoneCue | Class::CardCue)
            || self.extension_before(start)
    }

    /// Whether the word that begins at `start` is `x` or `ext` and nothing but digits follow, or another extension behind them:
    /// whether they are one or another number is seen by their length.
    fn extension_before(&self, start: usize) -> bool {
        let bytes = self.text.as_bytes();
        let named = matches!(&bytes[start..self.place], b"x" | b"X" | b"ext" | b"Ext" | b"EXT");
        let rest = &bytes[self.place..];
        let digits = rest.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
        named
            && (!rest.get(digits).is_some_and(u8::is_ascii_alphanumeric)
                || self.extension_at(self.place + digits))
    }

    /// Whether `x` or `ext` and digits are next.
    fn extension_follows(&self) -> bool {
        self.extension_at(self.place)
    }

    /// Whether a word of four letters or more is next, and then no digit: it is no part of a name that has both, nor of a number in
    /// hexadecimal.
    fn word_follows(&self) -> bool {
        const LONGEST: usize = 24;
        let rest = &self.text.as_bytes()[self.place..];
        let word = rest.iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphabetic()).count();
        (4..LONGEST).contains(&word)
            && !rest[..word].iter().all(u8::is_ascii_hexdigit)
            && !rest.get(word).is_some_and(|byte| byte.is_ascii_digit() || *byte >= 128)
    }

    fn extension_at(&self, place: usize) -> bool {
        let rest = &self.text.as_bytes()[place..];
        let letters = rest.iter().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let named = matches!(&rest[..letters], b"x" | b"X" | b"ext" | b"Ext" | b"EXT");
        named && rest.get(letters).is_some_and(|byte| byte.is_ascii_digit() || b". (+".contains(byte))
    }
}

/// How long the mask is that a text begins with.
fn masked(text: &str) -> Option<usize> {
    ["[phone]", "[email]", "[card]"].iter().find(|mask| text.starts_with(**mask)).map(|mask| mask.len())
}

/// What a sign between tokens means that is written as in JSON or in a web address, and how long it is: `\\n`, `\\u002B`, `%20`.
fn escaped(bytes: &[u8]) -> Option<(u16, usize)> {
    let hex = |digits: &[u8]| {
        let value = |digit: u8| char::from(digit).to_digit(16);
        Some((value(*digits.first()?)? * 16 + value(*digits.get(1)?)?) as u8)
    };
    let (character, length) = match bytes {
        [b'\\', b'n' | b'r', ..] => (b'\n', 2),
        [b'\\', b't', ..] => (b'\t', 2),
        [b'\\', b'u', b'0', b'0', code @ ..] => (hex(code)?, 6),
        [b'%', code @ ..] => (hex(code)?, 3),
        _ => return None,
    };
    let flags = match character {
        b' ' | b'\t' => Gap::SPACE,
        b'\n' | b'\r' => Gap::LINE | Gap::SPACE,
        b'-' => Gap::DASH,
        b'.' => Gap::DOT,
        b',' => Gap::COMMA,
        b'/' => Gap::SLASH,
        b'(' | b')' => Gap::PAREN,
        b'+' => Gap::PLUS,
        b':' => Gap::COLON,
        _ => return None,
    };
    Some((flags, length))
}

/// What a character outside of ASCII means between tokens.
fn wide(character: char, first: bool) -> u16 {
    match character {
        character if unseen(character) => 0,
        character if dash(character) => Gap::DASH,
        '—' | '―' | '…' | '、' | '，' => Gap::COMMA | Gap::SPACE,
        '。' | '！' | '？' => Gap::STOP,
        '＋' => Gap::PLUS,
        '（' | '）' => Gap::PAREN,
        '．' => Gap::DOT,
        '：' => Gap::COLON,
        '€' | '£' | '¥' | '₹' | '₩' | '¢' if first => Gap::CURRENCY | Gap::UNIT_AFTER,
        '€' | '£' | '¥' | '₹' | '₩' | '¢' => Gap::CURRENCY,
        '°' | 'º' if first => Gap::UNIT_AFTER,
        '\u{2028}' | '\u{2029}' => Gap::LINE | Gap::SPACE,
        character if character.is_whitespace() => Gap::SPACE,
        _ => Gap::OTHER,
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.done {
            return None;
        }
        let gap = self.gap();
        let start = self.place;
        let segment = self.segment as u32;
        while self.addresses.peek().is_some_and(|address| address.end <= start) {
            self.addresses.next();
        }
        let mut token = Token { start, end: start, segment, gap, class: Class::End, value: 0 };
        let Some(byte) = self.text.as_bytes().get(start) else {
            self.done = true;
            return Some(token);
        };
        if let Some(address) = self.addresses.peek().filter(|address| address.start <= start) {
            self.place = address.end;
            token.class = Class::Masked;
        } else if let Some(length) =
            Some(byte).filter(|byte| **byte == b'[').and_then(|_| masked(&self.text[start..]))
        {
            self.place = start + length;
            token.class = Class::Masked;
        } else if *byte == b'@' || (*byte >= 128 && self.text[start..].starts_with('＠')) {
            self.place = start + self.character(start).map_or(1, char::len_utf8);
            token.class = Class::At;
        } else {
            (token.class, token.value) = self.word();
            if self.place == start {
                // Cannot be, as a gap ends where a word begins; and if it could, this goes on.
                self.place = start + self.character(start).map_or(1, char::len_utf8);
            }
        }
        if self.text.as_bytes()[self.place - 1] >= 128 {
            // Marks of direction enclose what is written; they are no part of it.
            let text = self.text[start..self.place].trim_end_matches(
                |c: char| matches!(u32::from(c), 0x200E..=0x200F | 0x202A..=0x202E | 0x2066..=0x2069),
            );
            self.place = start + text.len().max(1);
        }
        token.end = self.place;
        look(token.end - start);
        Some(token)
    }
}
