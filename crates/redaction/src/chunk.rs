//! What digits with nothing but signs between them are: part of a number, or a date, a time, a price, an address on a network.

use crate::{
    card, countries,
    effort::look,
    tokens::{Gap, MOST_DIGITS, Token},
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

/// Signs that tell numbers apart where one of them is long enough; elsewhere they may be in a time, a price, a ratio.
pub(crate) const HARD: u16 = Gap::COMMA | Gap::COLON | Gap::GLUE | Gap::OTHER | Gap::SLASH;
/// What parts numbers in a stretch of digits; a plus begins another one besides.
const PARTED: u16 = HARD | Gap::STOP | Gap::LINE | Gap::SEGMENT | Gap::HASH | Gap::CURRENCY;
/// As many digits as the shortest number has that is looked for.
const SHORTEST: usize = 7;
/// As many as two of the shortest have, and more than nearly all telephone numbers: they may be told apart at any sign.
pub(crate) const SEVERAL: usize = 14;

/// Where the chunk ends that begins with the digits at `first`: where there is a space, or a hard sign beside a number.
pub(crate) fn end(tokens: &[Token], first: usize) -> usize {
    let mut end = first + 1;
    while end < tokens.len() && joined(&tokens[end]) {
        look(1);
        let hard = tokens[end].gap.has(HARD);
        if hard && (long_before(tokens, end) || long_from(tokens, end)) && !amount(tokens, first) {
            break;
        }
        end += 1;
    }
    end
}

/// Whether a token is digits with nothing but signs between it and the digits before.
fn joined(token: &Token) -> bool {
    token.class == Class::Digits
        && token.gap.0 != 0
        && token.gap.tight()
        && !token.gap.has(Gap::PLUS | Gap::HASH | Gap::CURRENCY)
}

/// Whether the digits before a token are as many as a number has, back to a word or a hard sign.
fn long_before(tokens: &[Token], end: usize) -> bool {
    let mut digits = 0;
    for at in (0..end).rev() {
        let token = &tokens[at];
        look(1);
        if token.class != Class::Digits {
            return false;
        }
        digits += length(token);
        if digits >= SHORTEST {
            return true;
        }
        if token.gap.has(PARTED) {
            return false;
        }
    }
    false
}

/// Whether the digits from a token on are.
pub(crate) fn long_from(tokens: &[Token], first: usize) -> bool {
    let mut digits = 0;
    for (at, token) in tokens.iter().enumerate().skip(first) {
        look(1);
        if token.class != Class::Digits || (at > first && token.gap.has(PARTED)) {
            return false;
        }
        digits += length(token);
        if digits >= SHORTEST {
            return true;
        }
    }
    false
}

/// How many digits an extension has at most that another number may follow at once.
const LONGEST_EXTENSION: usize = 6;
/// As many as a number has by which an extension ends: a shorter one could be the rest of one that is no extension, `ext 415 555 0132`.
const ANOTHER: usize = 10;

/// Where another number begins behind the digits of an extension, with nothing between the two but a space or a sign that begins numbers:
/// `x204 253-558-7131`, `x204(253)558-7131`, `x204+1253…`.
pub(crate) fn behind_extension(text: &str, tokens: &[Token], first: usize) -> Option<usize> {
    // With `+`, a parenthesis or a zero it is the number itself that begins.
    let begin = tokens.get(first)?;
    if begin.gap.has(Gap::PLUS | Gap::PAREN) || digits(text, begin).next() == Some(0) {
        return None;
    }
    let mut extension = 0;
    for (at, token) in tokens.iter().enumerate().skip(first) {
        look(1);
        if token.class != Class::Digits
            || at > first && token.gap.has(HARD | Gap::STOP | Gap::LINE | Gap::SEGMENT)
        {
            return None;
        }
        let plus = token.gap.has(Gap::PLUS);
        let begins = plus || token.gap.has(Gap::SPACE) || text[..token.start].ends_with(['(', '（']);
        if at > first && begins && digits_from(tokens, at) >= if plus { SHORTEST } else { ANOTHER } {
            return (!card_from(text, tokens, first)).then_some(at);
        }
        extension += length(token);
        if extension > LONGEST_EXTENSION {
            return None;
        }
    }
    None
}

/// Whether all digits from a token on are a card's: then the first of them are no extension.
fn card_from(text: &str, tokens: &[Token], first: usize) -> bool {
    let mut own = Vec::with_capacity(20);
    for (at, token) in tokens.iter().enumerate().skip(first) {
        if token.class != Class::Digits
            || at > first && token.gap.has(PARTED | Gap::PLUS)
            || own.len() > *card::LENGTHS.end()
        {
            break;
        }
        look(1);
        push_digits(text, token, &mut own);
    }
    card::is_card(&own)
}

/// How many digits there are from a token on, as far as they may be one number's, counting no further than [`ANOTHER`].
fn digits_from(tokens: &[Token], first: usize) -> usize {
    let mut digits = 0;
    for (at, token) in tokens.iter().enumerate().skip(first) {
        look(1);
        if token.class != Class::Digits || at > first && token.gap.has(PARTED | Gap::PLUS) {
            break;
        }
        digits += length(token);
        if digits >= ANOTHER {
            break;
        }
    }
    digits
}

/// Whether there is a number's worth of digits before a token, and from it on.
pub(crate) fn between_two(tokens: &[Token], at: usize) -> bool {
    long_before(tokens, at) && long_from(tokens, at)
}

/// Whether a price begins at a token: thousands, and a fraction behind the other sign, `1.234.567,89`.
fn amount(tokens: &[Token], first: usize) -> bool {
    let more = tokens[first + 1..].iter().take(8).take_while(|token| joined(token)).count();
    let (Some(last), true) = (tokens.get(first + more), (2..8).contains(&more)) else { return false };
    let thousands = &tokens[first + 1..first + more];
    let sign = thousands[0].gap.0;
    (sign | last.gap.0) == (Gap::COMMA | Gap::DOT)
        && sign != last.gap.0
        && length(&tokens[first]) <= 3
        && thousands.iter().all(|token| token.gap.0 == sign && length(token) == 3)
        && length(last) <= 2
}

/// Whether one of the words for what is looked for, or a number, stands before a sign: the sign belongs to neither.
fn parts(class: Class) -> bool {
    matches!(
        class,
        Class::Digits | Class::Masked | Class::Extension | Class::PhoneCue | Class::CardCue | Class::Link
    )
}

/// Whether a link stands before a token that leads to the number behind it: `wa.me/14155550132`.
fn messenger(text: &str, tokens: &[Token], first: usize) -> bool {
    let word = |at: usize| &text[tokens[at].start..tokens[at].end];
    first > 1
        && word(first - 1).eq_ignore_ascii_case("me")
        && word(first - 2).eq_ignore_ascii_case("wa")
        && tokens[first - 1].gap.0 == Gap::DOT
}

/// What the chunk of the tokens `first..end` is.
pub(crate) fn what(text: &str, tokens: &[Token], first: usize, end: usize) -> Chunk {
    let chunk = &tokens[first..end];
    look(chunk.len());
    let begin = chunk[0];
    // Digits among spaces, which is what most are.
    let spaced = |token: &Token| token.gap.0 == Gap::SPACE;
    if chunk.len() == 1 && spaced(&begin) && tokens.get(end).is_none_or(spaced) {
        return Chunk::Plain;
    }
    let signs = Gap::DASH | Gap::SLASH | Gap::GLUE;
    let glued = begin.gap.has(signs | Gap::OTHER | Gap::DOT) && begin.gap.tight() && first > 0;
    let left = glued && matches!(tokens[first - 1].class, Class::Mixed | Class::Letter);
    let left = left
        || (begin.gap.has(Gap::GLUE | Gap::SLASH)
            && begin.gap.tight()
            && first > 0
            && !parts(tokens[first - 1].class)
            && !messenger(text, tokens, first));
    // `#` is before an order's number, but not behind a telephone's.
    let hash = begin.gap.has(Gap::HASH)
        && !(first > 0 && (tokens[first - 1].class == Class::Masked || long_before(tokens, first)));
    if left || hash || begin.gap.has(Gap::CURRENCY) {
        return Chunk::Other;
    }
    if let Some(after) = tokens.get(end) {
        let named = matches!(after.class, Class::Mixed | Class::Letter) && after.end - after.start > 0;
        let tight = after.gap.tight() && after.class != Class::End;
        let extension = after.class == Class::Letter && after.value == b'x';
        if after.gap.has(Gap::UNIT_AFTER) || (tight && named && !extension && after.gap.has(signs)) {
            return Chunk::Other;
        }
        if tight && after.gap.has(Gap::GLUE) && !parts(after.class) {
            return Chunk::Other;
        }
    }
    let inner = chunk[1..].iter().fold(0, |all, token| all | token.gap.0);
    let inner = Gap(inner);
    if inner.has(Gap::COLON | Gap::GLUE | Gap::OTHER | Gap::SLASH) && dialled(text, chunk) {
        return Chunk::Plain;
    }
    if inner.has(Gap::COLON | Gap::GLUE | Gap::OTHER) || (inner.has(Gap::SLASH) && chunk.len() > 3) {
        return Chunk::Other;
    }
    let mut lens = [0; 8];
    for (length_of, token) in lens.iter_mut().zip(chunk) {
        *length_of = length(token);
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
            // No fraction is as long as that, and no price.
            [one, _] if one >= 13 || between_two(tokens, first + 1) => {}
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

/// How many tokens of digits the longest number has that is told by its groups.
const MOST_GROUPS: usize = 11;

/// Whether groups with the same sign between all of them, whichever it is, are those of a number: `415·555·0132`, `415_555_0132`.
fn dialled(text: &str, chunk: &[Token]) -> bool {
    if !(3..=MOST_GROUPS).contains(&chunk.len()) {
        return false;
    }
    let between = |pair: &[Token]| &text[pair[0].end..pair[1].start];
    let sign = between(&chunk[..2]);
    if sign.chars().count() != 1 || chunk.windows(2).any(|pair| between(pair) != sign) {
        return false;
    }
    let mut lens = [0; MOST_GROUPS];
    let mut own = Vec::with_capacity(20);
    for (length_of, token) in lens.iter_mut().zip(chunk) {
        *length_of = length(token);
        push_digits(text, token, &mut own);
        if own.len() > 19 {
            return false;
        }
    }
    // An area's code and an exchange's begin with two at least.
    let american = |own: &[u8]| own[0] > 1 && own[3] > 1;
    match lens[..chunk.len()] {
        [3, 3, 4] => american(&own),
        [1, 3, 3, 4] => own[0] == 1 && american(&own[1..]),
        [3 | 4, 4, 4] | [4, 3, 4] if own[0] == 0 => true,
        [4, 4, 4, 4] | [4, 6, 5] => card::is_card(&own),
        _ if chunk[0].gap.has(Gap::PLUS) => countries::valid(&own),
        _ if chunk.iter().all(|token| length(token) == 1) => match own.len() {
            10 => american(&own),
            11 => own[0] == 1 && american(&own[1..]),
            _ => false,
        },
        _ => false,
    }
}

/// How many digits a token of digits has, counting no further than [`MOST_DIGITS`].
pub(crate) fn length(token: &Token) -> usize {
    usize::from(token.value)
}

/// The digits of a token.
pub(crate) fn digits<'a>(text: &'a str, token: &Token) -> impl Iterator<Item = u8> + use<'a> {
    text[token.start..token.end].chars().filter_map(crate::characters::digit)
}

/// Adds the digits of a token to others, up to [`MOST_DIGITS`] of them.
pub(crate) fn push_digits(text: &str, token: &Token, digits: &mut Vec<u8>) {
    let own = &text.as_bytes()[token.start..token.end];
    let beginning = &own[..own.len().min(MOST_DIGITS)];
    if beginning.iter().all(u8::is_ascii_digit) {
        digits.extend(beginning.iter().map(|byte| byte - b'0'));
    } else {
        digits.extend(self::digits(text, token).take(MOST_DIGITS));
    }
}

fn number(text: &str, token: &Token) -> u32 {
    digits(text, token).take(6).fold(0, |value, digit| value * 10 + u32::from(digit))
}
