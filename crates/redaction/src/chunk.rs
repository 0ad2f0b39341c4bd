//! What digits with nothing but signs between them are: part of a number, or a date, a time, a price, an address on a network.

use crate::{
    tokens::{Gap, Token},
    vocabulary::Class,
};

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// It may be, or be part of, a number that is looked for.
    Plain,
    /// It may, but only where a telephone is spoken of.
    Doubtful,
    /// It is something else for certain.
    Other,
}

/// Where the chunk ends that begins with the digits at `first`.
pub(crate) fn end(tokens: &[Token], first: usize) -> usize {
    let mut end = first + 1;
    while end < tokens.len()
        && tokens[end].class == Class::Digits
        && tokens[end].gap.0 != 0
        && tokens[end].gap.tight()
        && !tokens[end].gap.has(Gap::PLUS | Gap::HASH | Gap::CURRENCY)
    {
        end += 1;
    }
    end
}

/// What the chunk of the tokens `first..end` is.
pub(crate) fn what(text: &str, tokens: &[Token], first: usize, end: usize) -> Chunk {
    let chunk = &tokens[first..end];
    let begin = chunk[0];
    let signs = Gap::DASH | Gap::SLASH | Gap::GLUE;
    let glued = begin.gap.has(signs | Gap::OTHER | Gap::DOT) && begin.gap.tight() && first > 0;
    let left = glued && matches!(tokens[first - 1].class, Class::Mixed | Class::Letter);
    let left = left || (begin.gap.has(Gap::GLUE | Gap::SLASH) && begin.gap.tight() && first > 0);
    if left || begin.gap.has(Gap::CURRENCY) || begin.gap.has(Gap::HASH) {
        return Chunk::Other;
    }
    if let Some(after) = tokens.get(end) {
        let named = matches!(after.class, Class::Mixed | Class::Letter) && after.end - after.start > 0;
        let tight = after.gap.tight() && after.class != Class::End;
        let extension = after.class == Class::Letter && after.value == b'x';
        if after.gap.has(Gap::UNIT_AFTER) || (tight && named && !extension && after.gap.has(signs)) {
            return Chunk::Other;
        }
        if tight && after.gap.has(Gap::GLUE) {
            return Chunk::Other;
        }
    }
    let inner = chunk[1..].iter().fold(0, |all, token| all | token.gap.0);
    let inner = Gap(inner);
    if inner.has(Gap::COLON | Gap::GLUE | Gap::OTHER) || (inner.has(Gap::SLASH) && chunk.len() > 3) {
        return Chunk::Other;
    }
    let mut lens = [0; 8];
    for (length_of, token) in lens.iter_mut().zip(chunk) {
        *length_of = length(text, token);
    }
    let lens = &lens[..chunk.len().min(8)];
    let only = |flag: u16| inner.0 & !Gap::PAREN == flag;
    if only(Gap::COMMA) && lens.len() > 1 {
        let thousands = lens[0] <= 3 && lens[1..].iter().all(|length| *length == 3);
        return if thousands { Chunk::Other } else { Chunk::Plain };
    }
    if inner.has(Gap::COMMA) && inner.has(Gap::DOT) {
        return Chunk::Other;
    }
    if only(Gap::DOT) {
        match *lens {
            [3, 4 | 7] => return Chunk::Doubtful,
            [_, _] => return Chunk::Other,
            [1..=3, 1..=3, 1..=3, 1..=3] if chunk.len() == 4 => return Chunk::Other,
            _ => {}
        }
    }
    if only(Gap::SLASH) || only(Gap::DASH) || only(Gap::DOT) {
        let value = |at: usize| number(text, &chunk[at]);
        let date = match *lens {
            [1 | 2, 1 | 2, 2 | 4] => {
                let (one, two) = (value(0), value(1));
                one.min(two) <= 12 && one.max(two) <= 31
            }
            [4, 1 | 2, 1 | 2] => (1800..2200).contains(&value(0)) && value(1) <= 31 && value(2) <= 31,
            _ => false,
        };
        if date {
            return Chunk::Other;
        }
    }
    if only(Gap::DASH) && matches!(*lens, [3, 2, 4] | [5, 4] | [3, 1, 2, 6, 1] | [3, 1, 4, 4, 1]) {
        return Chunk::Doubtful;
    }
    Chunk::Plain
}

/// How many digits a token has, counting no further than 41.
pub(crate) fn length(text: &str, token: &Token) -> usize {
    let own = &text.as_bytes()[token.start..token.end];
    let beginning = &own[..own.len().min(41)];
    if beginning.iter().all(u8::is_ascii_digit) {
        beginning.len()
    } else {
        digits(text, token).take(41).count()
    }
}

/// The digits of a token.
pub(crate) fn digits<'a>(text: &'a str, token: &Token) -> impl Iterator<Item = u8> + use<'a> {
    text[token.start..token.end].chars().filter_map(crate::characters::digit)
}

/// Adds the digits of a token to others, up to 41 of them.
pub(crate) fn push_digits(text: &str, token: &Token, digits: &mut Vec<u8>) {
    let own = &text.as_bytes()[token.start..token.end];
    let beginning = &own[..own.len().min(41)];
    if beginning.iter().all(u8::is_ascii_digit) {
        digits.extend(beginning.iter().map(|byte| byte - b'0'));
    } else {
        digits.extend(self::digits(text, token).take(41));
    }
}

fn number(text: &str, token: &Token) -> u32 {
    digits(text, token).take(6).fold(0, |value, digit| value * 10 + u32::from(digit))
}
