//! Addresses that two say between them: who says which part.

use crate::{source::Source, spoken_email::REACH, tokens::Gap, vocabulary::Class};

/// Whether another's words stand right before `at` and are the beginning of an address: `j dot smith` `at gmail dot com`. They
/// are not where they repeat what was said before them.
pub(crate) fn seam_before(source: &Source<'_>, at: usize) -> bool {
    let Some(last) = at.checked_sub(1).filter(|_| source.tokens[at].gap.has(Gap::SEGMENT)) else {
        return false;
    };
    let (own, other) = (source.speaker(at), source.speaker(last));
    if own == other {
        return false;
    }
    let lowest = at.saturating_sub(REACH);
    let mut turn = (lowest..at).rev().take_while(|place| source.speaker(*place) == other);
    let joined = |place: usize| place + 4 >= at && matches!(source.class(place), Class::Dot | Class::Joiner);
    let begins = turn.any(|place| joined(place) || source.class(place) == Class::EmailCue);
    let last_of = |speaker: usize| {
        let own = |place: &usize| source.speaker(*place) == speaker && source.class(*place) != Class::Filler;
        (lowest..at).rev().find(own).map_or("", |place| source.word(place))
    };
    begins && !last_of(own).eq_ignore_ascii_case(last_of(other))
}

/// Who says what is before `at`.
pub(crate) fn speaker_before(source: &Source<'_>, at: usize) -> usize {
    source.speaker(if seam_before(source, at) { at - 1 } else { at })
}

/// Whether what stands before `at` is joined or spelled as nothing but an address is.
pub(crate) fn joined_before(source: &Source<'_>, floor: usize, at: usize) -> bool {
    (floor.max(at.saturating_sub(4))..at).any(|place| {
        matches!(source.class(place), Class::Dot | Class::Joiner) || source.class(place) == Class::Letter
    })
}

/// Whether a word is one of those with which somebody asks for the rest of an address.
pub(crate) fn asks(source: &Source<'_>, at: usize) -> bool {
    matches!(source.class(at), Class::Filler | Class::At | Class::Correction | Class::Connector)
        || source.is(
            at,
            &["what", "where", "which", "who", "the", "domain", "provider", "on", "say", "again", "it"],
        )
}

/// Where whoever has said `at` goes on, behind a question of the other.
pub(crate) fn asked(source: &Source<'_>, begin: usize, speaker: usize) -> Option<usize> {
    let end = (begin..begin + 6).find(|at| source.speaker(*at) == speaker || !asks(source, *at))?;
    (source.speaker(end) == speaker && source.class(end) != Class::End).then_some(end)
}
