//! The numbers among the groups of a run: every stretch of them that may be one is weighed.

use std::ops::Range;

use crate::{
    Kind, card,
    context::Said,
    numbers::{Group, Run},
    phone::{CERTAIN, Shape, Window},
    scan::Scan,
};

/// The lengths that there are: a bit for each up to that of the longest card.
const LONGEST: u64 = (1 << 20) - 1;
/// How many groups a number has at most.
const WIDEST: usize = 64;
/// How many corrections there are in a number at most.
const MOST_CORRECTIONS: usize = 6;

/// Some of a run's groups, and what is said of them.
struct Among<'a> {
    run: &'a Run,
    groups: Range<usize>,
    /// What is said of those that do not end where they all do, and of those that do.
    said: (Said, Said),
}

impl Among<'_> {
    /// Whether a number may begin or end at a group.
    fn edge(&self, at: usize) -> bool {
        at == self.groups.start || at == self.groups.end || self.run.groups[at].breakable
    }

    fn said_to_be(&self, wanted: Said) -> bool {
        self.said.0 == wanted || self.said.1 == wanted
    }

    fn said(&self, end: usize) -> Said {
        if end == self.groups.end { self.said.1 } else { self.said.0 }
    }
}

impl Scan<'_> {
    /// Numbers among some groups that are as sure as is asked for, or cards.
    pub(crate) fn windows(
        &mut self,
        run: &Run,
        groups: Range<usize>,
        said: (Said, Said),
        sure: Option<u8>,
        found: &mut Vec<(usize, usize, Kind)>,
    ) {
        let among = Among { run, groups, said };
        // How sure what begins at a group is has been noted, unless something was found before it.
        let noted = among.groups.start == 0;
        // What is only written, or only digits, is a number in few shapes, and most are none of them: this is soon seen.
        let shaped = run.plain && run.written && !among.said_to_be(Said::Phone);
        let cards = !among.said_to_be(Said::Card);
        let mut begin = among.groups.start;
        while begin < among.groups.end {
            // Nothing as sure begins here, however far it goes.
            if noted && sure.is_some_and(|sure| self.best[begin] < sure) || !among.edge(begin) {
                begin += 1;
                continue;
            }
            let group = &run.groups[begin];
            let leading = run.digits.get(group.digits).copied().unwrap_or_default();
            let none = group.extension || group.echo || group.sound;
            let (hit, best) = match sure {
                _ if none => {
                    begin += 1;
                    continue;
                }
                None if run.plain && cards && !card::networks(leading) => (None, 0),
                None if run.plain => (self.plain_card(&among, begin), 0),
                Some(sure) if shaped && leading != 0 => self.shaped_phone(&among, begin, sure),
                _ => self.any(&among, begin, sure),
            };
            if noted && sure == Some(CERTAIN) {
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

    /// Where the longest card's number ends that begins at a group of a plain run.
    fn plain_card(&mut self, among: &Among<'_>, begin: usize) -> Option<usize> {
        let run = among.run;
        let start = run.groups[begin].digits;
        let mut hit = None;
        for (at, group) in run.groups[begin..among.groups.end].iter().enumerate() {
            self.work += 1;
            let (past, end) = (group.digits + group.len, begin + at + 1);
            if past - start > *card::LENGTHS.end() {
                break;
            }
            // Most are none, and this is soon seen.
            if past - start < *card::LENGTHS.start()
                || !among.edge(end)
                || !(run.passes(start..past) || among.said(end) == Said::Card)
            {
                continue;
            }
            self.work += at as u64 + 1;
            let whole = begin == among.groups.start && end == among.groups.end;
            let groups = &run.groups[begin..end];
            if card::plausible(groups, run, 1 << (past - start), among.said(end), whole) {
                hit = Some(end);
            }
        }
        hit
    }

    /// Where the longest telephone number ends that begins at a group of a plain run that is written, and how sure the surest is. What does
    /// not begin with zero is one only if it looks like one.
    fn shaped_phone(&mut self, among: &Among<'_>, begin: usize, sure: u8) -> (Option<usize>, u8) {
        let run = among.run;
        let mut ends = [0; Shape::LONGEST];
        let (mut shape, mut usual) = (Shape::default(), 0);
        for (at, group) in run.groups[begin..among.groups.end].iter().enumerate() {
            self.work += 1;
            shape = shape.with(group);
            if shape.too_long() || (run.shaped_by_length && !shape.begins()) {
                break;
            }
            let end = begin + at + 1;
            if shape.usual() && among.edge(end) {
                ends[usual] = end;
                usual += 1;
            }
        }
        let mut best = 0;
        for end in ends[..usual].iter().rev().copied() {
            let groups = &run.groups[begin..end];
            self.work += groups.len() as u64;
            let lens = groups.iter().fold(1, |lens, group| lens << group.len);
            let window = Window { groups, digits: &run.digits, lens, said: among.said(end), plain: true };
            let found = window.sure();
            best = best.max(found);
            if found >= sure {
                return (Some(end), best);
            }
        }
        (None, best)
    }

    /// Where the longest number ends that begins at a group of any run, and how sure the surest is.
    fn any(&mut self, among: &Among<'_>, begin: usize, sure: Option<u8>) -> (Option<usize>, u8) {
        let (run, all) = (among.run, &among.run.groups[..]);
        let mut most = among.groups.end.min(begin + WIDEST);
        let (mut lens, mut corrections) = (1, 0);
        self.lens.clear();
        for (end, group) in all.iter().enumerate().take(most).skip(begin) {
            corrections += usize::from(group.corrects && end > begin);
            if corrections > MOST_CORRECTIONS {
                most = end;
                break;
            }
            lens = longer(lens, group, end > begin);
            self.work += 1;
            self.lens.push(lens);
            // Too long for anything, unless there is no pause in it.
            if lens & LONGEST == 0 && group.breakable && end > begin {
                most = end + 1;
                break;
            }
        }
        let mut best = 0;
        let hit = (begin + 1..=most).rev().filter(|end| among.edge(*end)).find(|end| {
            let lens = self.lens[*end - begin - 1];
            let groups = &all[begin..*end];
            if lens & !0b0111_1111 == 0 || groups[groups.len() - 1].sound {
                return false;
            }
            self.work += groups.len() as u64;
            let said = among.said(*end);
            match sure {
                None => {
                    let whole = begin == among.groups.start && *end == among.groups.end;
                    card::plausible(groups, run, lens, said, whole)
                }
                Some(sure) => {
                    let found = Window { groups, digits: &run.digits, lens, said, plain: run.plain }.sure();
                    best = best.max(found);
                    found >= sure
                }
            }
        });
        (hit, best)
    }
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
