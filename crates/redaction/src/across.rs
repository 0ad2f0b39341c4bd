//! Numbers that no piece is by itself: several say them between them, or somebody says words in the middle that mean nothing here.
//!
//! What follows a seam may be anything, so only the whole is judged, from the first piece's beginning to the last one's end, and
//! more strictly than what is said in one go: two people's digits are not made one number because there are ten of them.

use crate::{
    Kind, card,
    context::{self, Said},
    countries,
    numbers::{Between, Form, Group, Run},
    phone::Window,
    scan::Scan,
    source::Source,
    tokens::Gap,
    vocabulary::Class,
};

/// How many pieces are joined to the first one at most.
const MOST_PIECES: usize = 6;
/// As many digits as the longest card has.
const MOST_DIGITS: usize = *card::LENGTHS.end();
/// How many words of the one who stops are passed over, fillers aside.
const MOST_WORDS: usize = 7;
/// How many words there are before the other's digits: `okay, that's`.
const MOST_LEADING: usize = 4;
/// How many words that mean nothing stand between the groups of a card.
const MOST_UNKNOWN: usize = 5;

/// What separates two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seam {
    /// Another one goes on.
    Turn,
    /// The same one says something in between.
    Words,
}

/// The pieces so far.
#[derive(Default)]
struct Pieces {
    /// How many digits there are before each seam.
    seams: Vec<usize>,
    /// Whether words are in between.
    words: bool,
}

impl Scan<'_> {
    /// Finds the number that a run is only the first piece of. Returns its last token.
    pub(crate) fn across(&mut self, source: &Source<'_>, run: &Run, floor: usize) -> Option<usize> {
        let (first, last) = (run.groups.first()?, run.groups.last()?);
        let digits = run.digits.len();
        let echoes = run.groups.iter().any(|group| group.echo);
        let goes_on = || echoes || seam(source, last.last + 1, &run.digits).is_some();
        if run.cardinal || digits > MOST_DIGITS - 3 || !goes_on() {
            return None;
        }
        let said = context::before(source, floor, first.first);
        if said == Said::Other {
            return None;
        }
        let mut joined = std::mem::take(&mut self.joined);
        let mut found: Option<(Vec<Group>, Kind)> = None;
        // Digits that are said again may go on, or repeat what was said.
        for repeats in [false, true] {
            joined.every_digit_counts = !repeats;
            if echoes && !repeats {
                joined.read(source, first.first);
            } else {
                joined.groups.clone_from(&run.groups);
                joined.digits.clone_from(&run.digits);
                (joined.cardinal, joined.steps) = (false, 0);
            }
            joined.plain = false;
            if let Some((count, kind)) = self.furthest(source, &mut joined, said, repeats)
                // Groups of a card may be alike; of a telephone number what is repeated is repeated.
                && (kind == Kind::Card || repeats || !echoes)
                && found.as_ref().is_none_or(|(groups, _)| groups.len() < count)
            {
                found = Some((joined.groups[..count].to_vec(), kind));
            }
        }
        self.joined = joined;
        let (groups, kind) = found?;
        self.mark(source, &groups, kind);
        groups.last().map(|group| group.last)
    }

    /// How many groups are a number together, and what it is: as many as may be.
    fn furthest(
        &mut self,
        source: &Source<'_>,
        joined: &mut Run,
        said: Said,
        repeats: bool,
    ) -> Option<(usize, Kind)> {
        let (mut pieces, mut found) = (Pieces::default(), None);
        for _ in 0..MOST_PIECES {
            let Some(last) = joined.groups.last() else { break };
            let Some((at, kind)) = seam(source, last.last + 1, &joined.digits) else { break };
            let (groups, digits) = (joined.groups.len(), joined.digits.len());
            let repeated = repeats && joined.echo(source, at, 0).is_some();
            if !repeated {
                joined.go_on(source, at, Between { breakable: true, apart: true, ..Between::default() });
                pieces.seams.push(digits);
                pieces.words |= kind == Seam::Words;
            }
            let steps = std::mem::take(&mut joined.steps);
            self.work += steps + (joined.groups.len() - groups) as u64;
            if joined.groups.len() == groups || joined.cardinal || joined.digits.len() > MOST_DIGITS {
                break;
            }
            if !pieces.seams.is_empty()
                && let Some(kind) = pieces.whole(source, joined, said)
            {
                found = Some((joined.groups.len(), kind));
            }
        }
        found
    }
}

impl Pieces {
    /// What all of it is together.
    fn whole(&self, source: &Source<'_>, joined: &Run, said: Said) -> Option<Kind> {
        let (groups, own) = (&joined.groups[..], &joined.digits[..]);
        let (first, last) = (groups.first()?, groups.last()?);
        let uncertain = |group: &Group| {
            group.corrects
                || group.extension
                || group.sound
                || !group.echo && group.lens & 1 << group.len == 0
        };
        if groups.iter().skip(1).any(|group| group.plus) || groups.iter().any(uncertain) {
            return None;
        }
        let said = match (said, context::after(source, last.last + 1)) {
            (_, Said::Other) => return None,
            (Said::Nothing | Said::Near, after @ (Said::Phone | Said::Card)) => after,
            _ => said,
        };
        if !first.plus && self.card(own, groups, said) {
            return Some(Kind::Card);
        }
        let certain = !self.words && said != Said::Card && self.phone(own, groups, said);
        certain.then_some(Kind::Phone)
    }

    /// Whether it is told apart at these places only.
    fn only_at(&self, places: &[usize]) -> bool {
        self.seams.iter().all(|seam| places.contains(seam))
    }

    fn card(&self, own: &[u8], groups: &[Group], said: Said) -> bool {
        let years = groups.iter().all(|group| {
            let digits = &own[group.digits..group.digits + group.len];
            group.form == Form::Written && matches!(digits, [1, 9, _, _] | [2, 0, _, _])
        });
        // As it is embossed.
        let embossed = match own.len() {
            16 => self.only_at(&[4, 8, 12]),
            15 => own[0] == 3 && self.only_at(&[4, 10]),
            _ => false,
        };
        let spoken_of = said == Said::Card && !self.words;
        (embossed || spoken_of) && !years && card::is_card(own) || spoken_of && matches!(own.len(), 15 | 16)
    }

    fn phone(&self, own: &[u8], groups: &[Group], said: Said) -> bool {
        let window = Window { groups, digits: own, lens: 1 << own.len(), said, plain: false };
        if window.counts() {
            return false;
        }
        if groups[0].plus {
            return countries::known(own);
        }
        let spoken_of = said == Said::Phone;
        let compound = groups.iter().any(|group| group.form == Form::Compound);
        let singles =
            groups.iter().filter(|group| group.form == Form::Single).map(|group| group.len).sum::<usize>();
        let written = groups.iter().any(|group| group.form == Form::Written && group.len > 2);
        if groups.iter().any(|group| group.doubtful) && !spoken_of || singles < 3 && !written {
            return false;
        }
        let american = |own: &[u8]| own[0] > 1 && own[3] > 1;
        let sure = !compound && said == Said::Nothing;
        match own.len() {
            // `two thirty works` answers a number, and is no part of it.
            10 => spoken_of && !compound || (spoken_of || sure && american(own)) && self.only_at(&[3, 6]),
            11 if own[0] == 1 => {
                spoken_of && !compound
                    || (spoken_of || sure && american(&own[1..])) && self.only_at(&[1, 4, 7])
            }
            11 if own[0] == 0 => (spoken_of || sure) && self.only_at(&[3, 4, 5, 6, 7, 8]),
            // A date has days and months of their own.
            7 => {
                let day = |group: &Group| group.form == Form::Written && group.len < 3 && group.len > 0;
                spoken_of
                    && !compound
                    && own[0] > 1
                    && self.only_at(&[3, 5])
                    && (!groups.iter().any(day) || groups.iter().all(|group| group.len <= 1))
            }
            9 => spoken_of && !compound && countries::anywhere(own),
            12 | 13 => spoken_of && countries::valid(own),
            _ => false,
        }
    }
}

/// Where the next piece begins behind the token before `from`, and what separates it.
fn seam(source: &Source<'_>, from: usize, digits: &[u8]) -> Option<(usize, Seam)> {
    if source.speakers.len() < 2 && !card_goes_on(digits) {
        // Nobody else is there.
        return None;
    }
    let speaker = source.speaker(from.checked_sub(1)?);
    let (mut at, mut words) = (from, 0);
    while !source.tokens.get(at)?.gap.has(Gap::SEGMENT) || source.speaker(at) == speaker {
        let class = source.class(at);
        // `and the last four?` asks for digits, and is none.
        let asks = at > from
            && source.is(at - 1, &["last", "next", "first", "final", "other"])
            && (source.ends(at + 1) || !source.begins(at + 1, false));
        if !asks && source.begins(at, false) {
            let few = (1..=MOST_UNKNOWN).contains(&words);
            return (few && card_goes_on(digits)).then_some((at, Seam::Words));
        }
        if speaks_of_else(class) || matches!(class, Class::PhoneCue | Class::End) {
            return None;
        }
        words += usize::from(class != Class::Filler);
        at += 1;
        if words > MOST_WORDS || at > from + 2 * MOST_WORDS {
            return None;
        }
    }
    let lead = at;
    while !source.begins(at, false) {
        let leads = matches!(
            source.class(at),
            Class::Filler | Class::Link | Class::Connector | Class::Determiner | Class::Correction
        );
        if !leads || at >= lead + MOST_LEADING {
            return None;
        }
        at += 1;
    }
    (source.speaker(at) != speaker).then_some((at, Seam::Turn))
}

/// Whether groups of a card's number have been said, and words may stand between them and the rest.
fn card_goes_on(digits: &[u8]) -> bool {
    match digits.len() {
        4 | 8 | 12 => card::networks(digits[0]),
        10 => digits[0] == 3,
        _ => false,
    }
}

/// Whether something else is spoken of, or something that was found.
fn speaks_of_else(class: Class) -> bool {
    matches!(
        class,
        Class::Contrary
            | Class::Thing
            | Class::EmailCue
            | Class::CardCue
            | Class::Masked
            | Class::At
            | Class::Quantity
            | Class::Hundred
            | Class::Thousand
            | Class::Million
            | Class::Extension
    )
}
