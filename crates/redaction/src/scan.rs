//! Finds everything in a text.

use std::ops::Range;

use crate::{
    Kind, chunk,
    context::{self, Said},
    numbers::{Group, Run},
    phone::{CERTAIN, LIKELY, SPOKEN_OF},
    side_by_side::side_by_side,
    source::Source,
    spoken_domain, spoken_email,
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

/// Goes through segments: `text` is all of them, each ends at one of `ends`, and `speakers` says who speaks.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    speakers: &'a [usize],
    found: Vec<Found>,
    run: Run,
    /// A run with what may belong to it behind a seam.
    pub(crate) joined: Run,
    /// How sure the surest number is that begins at each group of a run, as far as that is known.
    pub(crate) best: Vec<u8>,
    /// The numbers of digits that groups from one on may be together.
    pub(crate) lens: Vec<u64>,
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
            joined: Run::default(),
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
            let joined = self.across(&source, &run, floor);
            at = joined.map_or(next, |last| next.max(last + 1));
            if let Some(last) = joined.or_else(|| self.search(&source, &run, floor)) {
                floor = last + 1;
            }
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
                Some((start, spoken_domain::trailing(&source, at + 1)))
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
        let digits = run.digits.len();
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
            self.mark(source, &groups[*start..*end], *kind);
        }
        taken.last().map(|(_, end, _)| groups[*end - 1].last)
    }

    /// Notes groups that are a number together.
    pub(crate) fn mark(&mut self, source: &Source<'_>, groups: &[Group], kind: Kind) {
        let text = self.text;
        let parts = groups.iter().flat_map(|group| {
            let edges = [group.first, group.last].map(|token| &source.tokens[token]);
            let start = opening(text, edges[0].start);
            let end = if group.paren { closing(text, edges[1].end) } else { edges[1].end };
            [
                (edges[0].segment as usize, start..edges[0].end.min(end)),
                (edges[1].segment as usize, edges[1].start..end),
            ]
        });
        self.add(kind, parts);
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
