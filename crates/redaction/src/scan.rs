//! Finds everything in a text.

use std::ops::Range;

use crate::{
    Kind, card, chunk,
    context::{self, Said},
    numbers::{Group, Run, Source},
    phone::{CERTAIN, LIKELY, SPOKEN_OF, Shape, Window},
    side_by_side::side_by_side,
    spoken_email,
    tokens::{Token, Tokens},
    vocabulary::Class,
    written_email,
};

/// Something that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// Which segment it is in, or this part of it.
    pub(crate) segment: usize,
    /// Where, in bytes of the whole text.
    pub(crate) place: Range<usize>,
    /// Whether it goes on from an earlier segment.
    pub(crate) continues: bool,
}

/// How many words in a row that cannot be part of anything end a stretch that is looked at together.
const QUIET: usize = 40;
/// How many of them are kept, for what is said in them.
const KEPT: usize = 26;
/// How many words a stretch has at least, if there are more.
const STRETCH: usize = 4096;
/// The lengths that there are: a bit for each up to that of the longest card.
const LONGEST: u64 = (1 << 20) - 1;
/// How many groups a number has at most.
const WIDEST: usize = 64;
/// How many corrections there are in a number at most.
const MOST_CORRECTIONS: usize = 6;

/// Goes through segments: `text` is all of them, each ends at one of `ends`, and `speakers` says who speaks.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    speakers: &'a [usize],
    found: Vec<Found>,
    run: Run,
    /// How sure the surest number is that begins at each group of a run, as far as that is known.
    best: Vec<u8>,
    /// The numbers of digits that groups from one on may be together, and how they stand side by side.
    lens: Vec<(u64, Shape)>,
    /// How many steps it took: what tests compare.
    pub(crate) work: u64,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str, speakers: &'a [usize]) -> Self {
        Self {
            text,
            speakers,
            found: Vec::new(),
            run: Run::default(),
            best: Vec::new(),
            lens: Vec::new(),
            work: 0,
        }
    }

    /// Everything that is found, in order.
    pub(crate) fn all(mut self, ends: &[usize]) -> (Vec<Found>, u64) {
        let addresses = written_email::find(self.text);
        let mut tokens: Vec<Token> = Vec::new();
        let (mut quiet, mut from) = (0, 0);
        for token in Tokens::new(self.text, ends, &addresses) {
            quiet = if token.matters() { 0 } else { quiet + 1 };
            tokens.push(token);
            if quiet >= QUIET && tokens.len() >= STRETCH {
                self.stretch(&mut tokens, from);
                tokens.drain(..tokens.len() - KEPT);
                from = tokens.len();
            }
        }
        self.stretch(&mut tokens, from);
        self.found.sort_by_key(|found| (found.place.start, found.place.end));
        (self.found, self.work)
    }

    /// Looks at tokens together; those before `from` have been looked at.
    fn stretch(&mut self, tokens: &mut [Token], from: usize) {
        self.work += (tokens.len() - from) as u64;
        self.addresses(tokens, from);
        let source = Source { text: self.text, tokens, speakers: self.speakers };
        let (mut at, mut floor) = (from, 0);
        let mut run = std::mem::take(&mut self.run);
        while at < tokens.len() {
            if tokens[at].class == Class::Masked {
                floor = at;
            }
            if !source.begins(at, false) {
                at += 1;
                continue;
            }
            let next = run.read(&source, at);
            self.work += (next - at) as u64 + run.steps;
            run.prepare();
            if let Some(last) = self.search(&source, &run, floor) {
                floor = last + 1;
            }
            at = next;
        }
        self.run = run;
    }

    /// Finds addresses, and marks what they are made of.
    fn addresses(&mut self, tokens: &mut [Token], from: usize) {
        let mut floor = 0;
        for at in from..tokens.len() {
            if at < floor {
                continue;
            }
            let written =
                tokens[at].class == Class::Masked && !self.text[tokens[at].start..].starts_with('[');
            let source = Source { text: self.text, tokens, speakers: self.speakers };
            let found = if written {
                let start = spoken_email::leading(&source, floor, at).unwrap_or(at);
                Some((start, spoken_email::trailing(&source, at + 1)))
            } else if tokens[at].class == Class::At {
                self.work += 8;
                spoken_email::around(&source, floor, at)
            } else {
                None
            };
            if tokens[at].class == Class::Masked {
                floor = at + 1;
            }
            let Some((start, end)) = found else { continue };
            let parts = (start..end).filter(|token| spoken_email::belongs(&source, at, *token));
            let parts = parts.map(|token| {
                (source.tokens[token].segment as usize, source.tokens[token].start..source.tokens[token].end)
            });
            self.add(Kind::Email, parts);
            for token in &mut tokens[start..end] {
                token.class = Class::Masked;
            }
            floor = end;
        }
    }

    /// Notes something that was found, once for each segment that it is in.
    fn add(&mut self, kind: Kind, parts: impl Iterator<Item = (usize, Range<usize>)>) {
        let before = self.found.len();
        for (segment, place) in parts {
            match self.found[before..].last_mut() {
                Some(last) if last.segment == segment => last.place.end = place.end,
                _ => {
                    let continues = self.found.len() > before;
                    self.found.push(Found { kind, segment, place, continues });
                }
            }
        }
    }

    /// Finds numbers in a run. Returns the last token of the last one.
    fn search(&mut self, source: &Source<'_>, run: &Run, floor: usize) -> Option<usize> {
        let groups = &run.groups[..];
        let digits: usize = groups.iter().map(|group| group.len).sum();
        if digits < 7 || run.cardinal {
            return None;
        }
        let said = context::before(source, floor, groups[0].first);
        let after = context::after(source, groups[groups.len() - 1].last + 1);
        let said = match (said, after) {
            (Said::Nothing | Said::Near, Said::Phone | Said::Card) => after,
            _ => said,
        };
        let mut taken = Vec::new();
        if said != Said::Other && after != Said::Other && digits >= chunk::SEVERAL {
            taken = side_by_side(run, if said == Said::Near { said } else { Said::Nothing });
            self.work += groups.len() as u64;
        }
        self.best.clear();
        self.best.resize(groups.len(), CERTAIN);
        // What is left between numbers is looked at as it will be when they are masked: last, whether it is a corrected card.
        for (time, sure) in [None, Some(CERTAIN), Some(LIKELY), Some(SPOKEN_OF), None].into_iter().enumerate()
        {
            if time > 0 && sure.is_none() && taken.is_empty() {
                // Nothing has changed since.
                break;
            }
            let (mut begin, mut next, mut more) = (0_usize, 0, Vec::new());
            loop {
                let end = taken.get(next).map_or(groups.len(), |(start, ..)| *start);
                if let (true, Some((_, past, _))) = (begin == end, taken.get(next)) {
                    // Numbers that stand side by side leave nothing between them.
                    (begin, next) = (*past, next + 1);
                    continue;
                }
                let said = match begin.checked_sub(1) {
                    None => said,
                    // As it will be when the one before is masked.
                    Some(before) => context::before(
                        source,
                        groups[before].last + 1,
                        groups[begin.min(groups.len() - 1)].first,
                    ),
                };
                let last = if end == groups.len() && after == Said::Other { Said::Other } else { said };
                self.windows(run, begin..end, (said, last), sure, &mut more);
                let Some((_, past, _)) = taken.get(next) else { break };
                (begin, next) = (*past, next + 1);
            }
            taken.extend(more);
            taken.sort_unstable_by_key(|(start, ..)| *start);
        }
        for (start, end, kind) in &taken {
            let text = self.text;
            let parts = groups[*start..*end].iter().flat_map(|group| {
                let edges = [group.first, group.last].map(|token| &source.tokens[token]);
                let start = opening(text, edges[0].start);
                let end = if group.paren { closing(text, edges[1].end) } else { edges[1].end };
                [
                    (edges[0].segment as usize, start..edges[0].end.min(end)),
                    (edges[1].segment as usize, edges[1].start..end),
                ]
            });
            self.add(*kind, parts);
        }
        taken.last().map(|(_, end, _)| groups[*end - 1].last)
    }

    /// Numbers among some groups that are as sure as is asked for, or cards.
    fn windows(
        &mut self,
        run: &Run,
        among: Range<usize>,
        said: (Said, Said),
        sure: Option<u8>,
        found: &mut Vec<(usize, usize, Kind)>,
    ) {
        let groups = &run.groups[..];
        let edge = |at: usize| at == among.start || at == among.end || groups[at].breakable;
        let said_to_be = |wanted| said.0 == wanted || said.1 == wanted;
        let mut begin = among.start;
        while begin < among.end {
            // Nothing as sure begins here, however far it goes.
            let hopeless = among.start == 0 && sure.is_some_and(|sure| self.best[begin] < sure);
            let none = groups[begin].extension || groups[begin].echo || groups[begin].sound;
            if !edge(begin) || none || hopeless {
                begin += 1;
                continue;
            }
            // What is only written, or only digits, is a number in few shapes, and most are none of them: this is soon seen.
            let leading = run.digits.get(groups[begin].digits).copied().unwrap_or_default();
            let shaped =
                run.plain && sure.is_some() && run.written && leading != 0 && !said_to_be(Said::Phone);
            let card = run.plain && sure.is_none();
            if card && !said_to_be(Said::Card) && !card::networks(leading) {
                begin += 1;
                continue;
            }
            let longest = if shaped { Shape::LONGEST } else { *card::LENGTHS.end() };
            let mut usual = !shaped;
            let mut most = among.end.min(begin + WIDEST);
            let (mut lens, mut corrections, mut shape) = (1, 0, Shape::default());
            self.lens.clear();
            for (end, group) in groups.iter().enumerate().take(most).skip(begin) {
                corrections += usize::from(group.corrects && end > begin);
                if corrections > MOST_CORRECTIONS {
                    most = end;
                    break;
                }
                lens = longer(lens, group, end > begin);
                self.work += 1;
                if shaped {
                    shape = shape.with(group);
                    usual |= shape.usual();
                }
                if (shaped || card) && lens >> longest > 1 {
                    most = end;
                    break;
                }
                self.lens.push((lens, shape));
                // Too long for anything, unless there is no pause in it.
                if lens & LONGEST == 0 && group.breakable && end > begin {
                    most = end + 1;
                    break;
                }
            }
            let mut best = 0;
            let ends = if usual { begin + 1..=most } else { begin + 1..=begin };
            let hit = ends.rev().filter(|end| edge(*end)).find(|end| {
                let (lens, shape) = self.lens[*end - begin - 1];
                let groups = &groups[begin..*end];
                if lens & !0b0111_1111 == 0 || groups[groups.len() - 1].sound {
                    return false;
                }
                self.work += groups.len() as u64;
                let said = if *end == among.end { said.1 } else { said.0 };
                match sure {
                    None => {
                        let whole = begin == among.start && *end == among.end;
                        card::plausible(groups, run, lens, said, whole)
                    }
                    Some(_) if shaped && !shape.usual() => false,
                    Some(sure) => {
                        let found =
                            Window { groups, digits: &run.digits, lens, said, plain: run.plain }.sure();
                        best = best.max(found);
                        found >= sure
                    }
                }
            });
            if sure == Some(CERTAIN) && among.start == 0 {
                self.best[begin] = best;
            }
            match hit {
                Some(end) => {
                    found.push((begin, end, if sure.is_none() { Kind::Card } else { Kind::Phone }));
                    begin = end;
                }
                None => begin += 1,
            }
        }
    }
}

/// Back over the signs that a number begins with.
fn opening(text: &str, start: usize) -> usize {
    text[..start].trim_end_matches(['(', '（', '+', '＋']).len()
}

/// Past a parenthesis.
fn closing(text: &str, end: usize) -> usize {
    end + text[end..].chars().next().filter(|c| matches!(c, ')' | '）')).map_or(0, char::len_utf8)
}

/// The numbers of digits that there may be with another group.
fn longer(lens: u64, group: &Group, linked: bool) -> u64 {
    if group.extension {
        return lens;
    }
    let mut before = lens;
    if group.corrects && linked {
        // Anything up to all of it may have been taken back.
        for bits in [1, 2, 4, 8, 16, 32] {
            before |= before >> bits;
        }
    }
    let mut after = 0;
    let mut bits = group.lens;
    while bits != 0 {
        after |= before << bits.trailing_zeros();
        bits &= bits - 1;
    }
    after
}
