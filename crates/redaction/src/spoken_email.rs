//! E-mail addresses as they are said: `j dot smith at gmail dot com`. What is behind the `at` is looked for in `spoken_domain`.

use crate::{
    domains::is_provider,
    email_turns::{asks, joined_before, seam_before, speaker_before},
    source::Source,
    spoken_domain::{domain, host},
    tokens::Gap,
    vocabulary::Class,
};

/// How many words are looked at on either side of `at`.
pub(crate) const REACH: usize = 24;

/// The address whose `at` is the token at `at`, as its first token and the one after its last.
pub(crate) fn around(source: &Source<'_>, floor: usize, at: usize) -> Option<(usize, usize)> {
    let first = host(source, at);
    let named = || named(source, floor, at);
    // `info at the bake house dot net`, where nobody speaks of a place.
    let place =
        source.is(first, &["the", "this", "our", "that"]) && named().is_none() && !mailbox(source, floor, at);
    let end = if place { None } else { domain(source, first, source.speaker(at)) };
    // `at gmail com`: the dot was not heard.
    let known = || {
        let end = first + 1;
        let top = source.is(end, &["com", "net", "org"]) && !source.ends(end);
        is_provider(source.word(first)).then_some((end + usize::from(top), top))
    };
    let (end, certain) = end.map(|end| (end, true)).or_else(known)?;
    let named = named();
    // What several say between them must be said to be an address, or be joined as one.
    let across = seam_before(source, at) || source.speaker(end - 1) != source.speaker(at);
    let certain = certain && (!across || joined_before(source, floor, at));
    if !certain && named.is_none() && !mail_is_spoken_of(source, floor, at) {
        return None;
    }
    let start = named.or_else(|| local(source, floor, at))?;
    Some((start, end))
}

/// Where the part before a written address goes on to the left: `john dot smith@gmail.com`.
pub(crate) fn leading(source: &Source<'_>, floor: usize, at: usize) -> Option<usize> {
    let before = at.checked_sub(1).filter(|before| *before >= floor)?;
    let joins =
        matches!(source.class(before), Class::Dot | Class::Joiner) && !source.tokens[at].gap.has(Gap::STOP);
    if joins { local(source, floor, before) } else { None }
}

/// Whether a mailbox that many have stands before `at`, and is named, not spoken of: `more info at the …`.
fn mailbox(source: &Source<'_>, floor: usize, at: usize) -> bool {
    const NAMES: &[&str] =
        &["info", "hello", "contact", "support", "sales", "office", "orders", "bookings", "billing", "admin"];
    let Some(name) = at.checked_sub(1).filter(|name| *name >= floor && source.is(*name, NAMES)) else {
        return false;
    };
    name == 0
        || source.ends(name)
        || matches!(source.class(name - 1), Class::Link | Class::EmailCue | Class::Filler)
        || source.is(name - 1, &["to"])
}

/// Whether mail is spoken of shortly before.
fn mail_is_spoken_of(source: &Source<'_>, floor: usize, at: usize) -> bool {
    (floor.max(at.saturating_sub(10))..at).any(|place| source.class(place) == Class::EmailCue)
}

/// Where the local part begins if the address is announced: everything after `my email is`.
fn named(source: &Source<'_>, floor: usize, at: usize) -> Option<usize> {
    let lowest = floor.max(at.saturating_sub(14));
    let mut cue = at;
    loop {
        cue = cue.checked_sub(1).filter(|cue| *cue >= lowest)?;
        let seam = cue + 1 == at && seam_before(source, at);
        let ends = source.tokens[cue + 1].gap.has(if seam { Gap::STOP } else { Gap::STOP | Gap::SEGMENT });
        if ends || source.class(cue) == Class::Masked {
            return None;
        }
        if source.class(cue) == Class::EmailCue && cue + 1 < at {
            break;
        }
    }
    let mut start = cue + 1;
    let announces = |at: usize| {
        matches!(
            source.class(at),
            Class::Link | Class::Filler | Class::Number | Class::At | Class::Determiner
        ) || source.is(
            at,
            &[
                "address", "on", "file", "the", "my", "for", "me", "him", "her", "that's", "to", "name",
                "here", "would", "account", "i", "have", "us", "you", "of", "and",
            ],
        )
    };
    while start < at
        && announces(start)
        && !(source.word(start).len() == 1 && source.word(start + 1).len() == 1)
    {
        start += 1;
    }
    let inside = start..at;
    let fits = !inside.is_empty()
        && inside.clone().all(|at| {
            let single = source.word(at).len() == 1;
            let joint = |at: usize| matches!(source.class(at), Class::Dot | Class::Joiner);
            single
                || joint(at + 1)
                || (at > start && joint(at - 1))
                || !matches!(
                    source.class(at),
                    Class::Function
                        | Class::PhoneCue
                        | Class::EmailCue
                        | Class::At
                        | Class::Masked
                        | Class::Link
                )
                || source.is(
                    at,
                    &[
                        "in", "as", "like", "for", "with", "my", "me", "live", "works", "working", "check",
                        "to", "i", "work", "store", "shop", "web", "meet", "you", "under",
                    ],
                )
        });
    // Announced, and a single word: whatever it is, it is one's name there.
    let alone = inside.len() == 1
        && source.class(start) == Class::Function
        && !source.is(
            start,
            &[
                "me",
                "us",
                "you",
                "him",
                "her",
                "them",
                "it",
                "here",
                "there",
                "up",
                "out",
                "in",
                "available",
                "back",
            ],
        );
    (fits || alone).then_some(start)
}

/// Whether a token is part of something that is spelled.
fn spelled(source: &Source<'_>, at: usize) -> bool {
    match source.class(at) {
        Class::Letter
        | Class::Spelling
        | Class::Unit
        | Class::Teen
        | Class::Tens
        | Class::Oh
        | Class::Digits
        | Class::Multiplier
        | Class::Hundred => true,
        Class::Function => source.word(at).len() == 1,
        _ => false,
    }
}

/// Whether a token may be a name.
fn name(source: &Source<'_>, at: usize) -> bool {
    matches!(
        source.class(at),
        Class::Other
            | Class::Mixed
            | Class::Quantity
            | Class::Contrary
            | Class::Area
            | Class::CardCue
            | Class::Million
    )
}

/// Where the local part begins, word by word to the left of `at`.
fn local(source: &Source<'_>, floor: usize, at: usize) -> Option<usize> {
    let lowest = floor.max(at.saturating_sub(REACH));
    let speaker = speaker_before(source, at);
    let mut place = modifiers(source, lowest, at);
    let (mut begin, mut names, mut introduced) = (None, 0, false);
    while place > lowest {
        // What stands before a pause or another's turn.
        let gap = source.tokens.get(place).map_or(Gap::default(), |token| token.gap);
        // `pete, the number four`.
        let paused = gap.has(Gap::COMMA | Gap::COLON | Gap::PAREN) && !std::mem::take(&mut introduced);
        if gap.has(Gap::STOP) || (gap.has(Gap::LINE) && !gap.has(Gap::SEGMENT)) {
            break;
        }
        while place > lowest && source.speaker(place - 1) != speaker && at - place < REACH {
            place -= 1;
        }
        if place <= lowest {
            break;
        }
        let last = place - 1;
        if let Some(first) = explained(source, lowest, last) {
            place = first;
            begin = Some(first);
            continue;
        }
        if spelled(source, last) {
            if paused
                && begin.is_some_and(|begin| !spelled(source, begin))
                && !matches!(source.class(last), Class::Letter)
            {
                break;
            }
            place = last;
            // `capital j`, `the number four`.
            for words in [&["capital", "uppercase", "lowercase", "number", "digit", "letter"][..], &["the"]] {
                if place > lowest && source.is(place - 1, words) {
                    place -= 1;
                    introduced = true;
                } else {
                    break;
                }
            }
            begin = Some(place);
            continue;
        }
        if source.is(last, &["score"]) && last > lowest && source.is(last - 1, &["under"]) {
            place = last - 1;
            begin = begin.map(|_| place);
            names = 0;
            continue;
        }
        match source.class(last) {
            Class::Dot | Class::Joiner | Class::Plus if place > lowest + 1 => {
                place = last;
                names = 0;
                // What is joined must be there, whatever word it is.
                let joined = modifiers(source, lowest, place);
                if joined > lowest
                    && !matches!(source.class(joined - 1), Class::Masked | Class::At | Class::Dot)
                {
                    if source.word(joined - 1).len() > 1 && !spelled(source, joined - 1) {
                        names = 1;
                        begin = Some(joined - 1);
                        place = joined - 1;
                    }
                } else {
                    break;
                }
            }
            Class::Filler
                if begin.is_some()
                    && last > lowest
                    && !source.is(
                        last,
                        &["like", "so", "well", "right", "okay", "ok", "sure", "yeah", "yes", "please"],
                    ) =>
            {
                place = last
            }
            Class::Filler if begin.is_none() => place = last,
            _ if name(source, last)
                || role(source, last)
                || (begin.is_none() && joined(source, lowest, last)) =>
            {
                let glued = gap.has(Gap::DOT | Gap::GLUE | Gap::DASH) && gap.tight();
                if (names >= 2 || paused) && !glued && begin.is_some() {
                    break;
                }
                names += 1;
                place = last;
                begin = Some(last);
            }
            _ => break,
        }
    }
    begin
}

/// Whether a token is what many call the address that everybody writes to: `we're at hello at …`.
fn role(source: &Source<'_>, at: usize) -> bool {
    let said = at > 0 && (source.class(at - 1) == Class::At || source.is(at - 1, &["to"]));
    said && source.is(at, &["hello", "hi", "contact", "orders", "bookings", "jobs", "office", "claims"])
}

/// Whether a word is joined to the one before, and so is a name whatever it is.
fn joined(source: &Source<'_>, lowest: usize, at: usize) -> bool {
    at > lowest + 1
        && matches!(source.class(at - 1), Class::Dot | Class::Joiner)
        && !matches!(source.class(at), Class::Masked | Class::At)
}

/// `b as in boy`, `b for bravo`: where it begins.
fn explained(source: &Source<'_>, lowest: usize, last: usize) -> Option<usize> {
    let letter = |at: usize| source.word(at).len() == 1;
    if last >= lowest + 3 && source.is(last - 1, &["in"]) && source.is(last - 2, &["as"]) && letter(last - 3)
    {
        return Some(last - 3);
    }
    let begins = |at: usize| {
        source.word(last).get(..1).is_some_and(|first| first.eq_ignore_ascii_case(source.word(at)))
    };
    (last >= lowest + 2 && source.is(last - 1, &["for", "like"]) && letter(last - 2) && begins(last - 2))
        .then(|| last - 2)
}

/// Back over `all one word`, `no spaces`, `all lower case`.
fn modifiers(source: &Source<'_>, lowest: usize, at: usize) -> usize {
    let mut place = at;
    while place > lowest {
        let last = place - 1;
        let pair = |second: &[&str], first: &[&str]| {
            source.is(last, second) && last > lowest && source.is(last - 1, first)
        };
        if pair(&["word"], &["one"]) || pair(&["case"], &["lower", "upper"]) {
            place -= 2;
        } else if source.is(last, &["lowercase", "uppercase", "spaces", "caps"])
            || (place < at && source.is(last, &["all", "no", "in", "that's"]))
        {
            place -= 1;
        } else {
            break;
        }
    }
    place
}

/// Which tokens of `start..end` are part of the address: the other's are only where they repeat what is spelled, or go on with it.
pub(crate) fn belongs(source: &Source<'_>, at: usize, token: usize) -> bool {
    let (speaker, own) = (source.speaker(token), source.speaker(at));
    speaker == own
        || spelled(source, token)
        || (token < at && speaker == speaker_before(source, at))
        || (token > at && !asks(source, token))
}
