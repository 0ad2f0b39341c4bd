//! The domains of e-mail addresses as they are said: `gmail dot com`, `at the rate of example dot co dot uk`.

use crate::{
    domains::is_top, email_turns::asked, source::Source, spoken_email::REACH, tokens::Gap, vocabulary::Class,
};

/// Where a written address ends that goes on in words: `j.smith@gmail dot com`.
pub(crate) fn trailing(source: &Source<'_>, at: usize) -> usize {
    let mut end = at;
    // `dot co dot uk`.
    for _ in 0..2 {
        let goes_on = source.class(end) == Class::Dot && !source.ends(end) && !source.ends(end + 1);
        let length = if goes_on { top(source, end + 1) } else { 0 };
        if length == 0 {
            break;
        }
        end += 1 + length;
    }
    end
}

/// The first word of the domain: past `at sign`, `at the rate`.
pub(crate) fn host(source: &Source<'_>, at: usize) -> usize {
    let mut first = at + 1;
    if source.is(first, &["the"]) && source.is(first + 1, &["rate"]) {
        first += 2;
    }
    if source.is(first, &["sign", "symbol"]) {
        first += 1;
    }
    while filler(source, first) || source.is(first, &["of"]) && source.is(first.wrapping_sub(1), &["rate"]) {
        first += 1;
    }
    first
}

/// Where the domain ends that begins at a token. It must have a dot, and end in a top-level domain.
pub(crate) fn domain(source: &Source<'_>, first: usize, mut speaker: usize) -> Option<usize> {
    let (mut at, mut words, mut spelled, mut labels, mut dot) = (first, 0, 0, 0, false);
    // Where it goes on behind a question.
    let mut answer = None;
    while at < first + REACH {
        let token = source.tokens.get(at)?;
        if token.gap.has(Gap::SEGMENT) && source.speaker(at) != speaker {
            let begin = at;
            while source.class(at) == Class::Filler && source.speaker(at) != speaker && at < begin + 6 {
                at += 1;
            }
            if source.speaker(at) == speaker {
                continue;
            }
            if let Some(next) = asked(source, begin, speaker).filter(|_| words + spelled == 0) {
                (at, answer) = (next, Some(next));
                continue;
            }
            // The other goes on: behind `at`, or with the dot.
            if words + spelled > 0 && source.class(at) != Class::Dot {
                return None;
            }
            speaker = source.speaker(at);
            if source.class(at) == Class::Dot {
                continue;
            }
        }
        let stopped = token.gap.has(Gap::STOP) && !dot && answer != Some(at);
        if matches!(token.class, Class::End | Class::Masked | Class::At) || stopped {
            return None;
        }
        dot |= token.gap.has(Gap::DOT) && at > first;
        if token.class == Class::Dot {
            dot = true;
            at += 1;
            continue;
        }
        if filler(source, at) {
            at += 1;
            continue;
        }
        if !dot {
            let letter = token.end - token.start == 1 || matches!(token.class, Class::Spelling | Class::Unit);
            words += usize::from(!letter);
            spelled += usize::from(letter);
            if words > 4 || spelled > 14 {
                return None;
            }
            at += 1;
            continue;
        }
        if words + spelled == 0 {
            return None;
        }
        let length = top(source, at);
        if length == 0 {
            (words, spelled, dot) = (1, 0, false);
            labels += 1;
            if labels > 4 {
                return None;
            }
            at += 1;
            continue;
        }
        at += length;
        // `co dot uk`.
        let further = match source.tokens.get(at) {
            Some(next) if next.class == Class::Dot => at + 1,
            Some(next) if next.gap.has(Gap::DOT) && next.gap.tight() => at,
            _ => return Some(at),
        };
        let length = top(source, further);
        return Some(if length > 0 { further + length } else { at });
    }
    None
}

fn filler(source: &Source<'_>, at: usize) -> bool {
    source.class(at) == Class::Filler
        && !source.is(at, &["right", "well", "cool", "go", "like", "sure", "so", "great"])
}

/// How many tokens are a top-level domain: `com`, `c o m`.
fn top(source: &Source<'_>, at: usize) -> usize {
    if source.word(at).len() > 1 {
        return usize::from(is_top(source.word(at)));
    }
    let mut word = String::new();
    let letters = (at..at + 4).take_while(|at| {
        let letter = source.word(*at);
        letter.len() == 1 && letter.as_bytes()[0].is_ascii_alphabetic() && {
            word.push_str(letter);
            true
        }
    });
    let count = letters.count();
    (2..=count).rev().find(|length| is_top(&word[..*length])).unwrap_or(0)
}
