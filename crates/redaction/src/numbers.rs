//! Runs of digits, written and spoken, over pauses, corrections, segments and turns.

use std::ops::Range;

use crate::{
    card::{self, luhn_doubled},
    chunk,
    phrases::{phrase, waiting},
    source::Source,
    tokens::Gap,
    vocabulary::Class,
};

/// In what form digits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `415`.
    Written,
    /// `four`, `double five`.
    Single,
    /// `forty-two`, `nineteen`, `eight hundred`.
    Compound,
}

/// Digits that are said, or written, in one go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// The first of its tokens.
    pub(crate) first: usize,
    /// The last.
    pub(crate) last: usize,
    /// Where its digits begin among the run's.
    pub(crate) digits: usize,
    /// How many they are.
    pub(crate) len: usize,
    /// A bit for each number of digits that it may add: `sixty`, `to` and what is said twice can be taken in several ways.
    pub(crate) lens: u64,
    pub(crate) form: Form,
    /// Whether another number may begin here.
    pub(crate) breakable: bool,
    /// Whether a sign stands before it that is hardly ever within a number: a comma, a colon, a bar.
    pub(crate) parted: bool,
    /// Whether only signs stand between it and the one before, and which.
    pub(crate) glue: Option<Gap>,
    /// Whether what was said before is corrected here.
    pub(crate) corrects: bool,
    /// Whether `+` is before it.
    pub(crate) plus: bool,
    /// Whether it is in parentheses.
    pub(crate) paren: bool,
    /// Whether it is an extension.
    pub(crate) extension: bool,
    /// Whether it only counts where a telephone is spoken of.
    pub(crate) doubtful: bool,
    /// Whether the sentence ended, or another segment began, before it.
    pub(crate) apart: bool,
    /// Whether `hundred` or `thousand` is in it.
    pub(crate) round: bool,
    /// Whether it is the other's repetition.
    pub(crate) echo: bool,
    /// Whether it is a word that only sounds like a digit, and may be none: no number begins or ends with it.
    pub(crate) sound: bool,
}

/// A run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) groups: Vec<Group>,
    /// All digits of all groups, at most 41 of each.
    pub(crate) digits: Vec<u8>,
    /// Whether it is a number of things: `four hundred and fifteen thousand`.
    pub(crate) cardinal: bool,
    /// Whether all groups are digits and no more: no corrections, no extensions, nothing that can be taken in two ways.
    pub(crate) plain: bool,
    /// Whether what the other says is never what was said before once more.
    pub(crate) every_digit_counts: bool,
    /// How many steps it took to read it, what was read in vain included.
    pub(crate) steps: u64,
    /// Whether all groups are written.
    pub(crate) written: bool,
    /// Whether no group is a single digit or in parentheses: then it is by their lengths alone that groups look like a number.
    pub(crate) shaped_by_length: bool,
    /// Of a plain run: what Luhn's check adds up before each digit, if digits at even places are doubled, and if those at odd ones are; of
    /// each sum its last digit.
    pub(crate) sums: [Vec<u8>; 2],
}

/// What lies between two groups.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Between {
    pub(crate) breakable: bool,
    pub(crate) parted: bool,
    pub(crate) corrects: bool,
    pub(crate) extension: bool,
    pub(crate) apart: bool,
    /// How many groups may be what was said before once more, because the other asked.
    pub(crate) again: usize,
}

/// How many words between two groups are skipped at most.
const MOST_BETWEEN: usize = 12;

/// What Luhn's formula adds for a digit that is doubled, and for one that is not; sixteen of them, so that no index is out of bounds.
const DOUBLED: [u8; 16] = luhn_weights(true);
const SINGLE: [u8; 16] = luhn_weights(false);

const fn luhn_weights(doubles: bool) -> [u8; 16] {
    let mut weights = [0; 16];
    let mut digit = 0;
    while digit < 10 {
        weights[digit as usize] = if doubles { luhn_doubled(digit) } else { digit };
        digit += 1;
    }
    weights
}

impl Run {
    /// Prepares what makes it quick to look at every part of it.
    pub(crate) fn prepare(&mut self) {
        (self.plain, self.written, self.shaped_by_length) = (true, true, true);
        for group in &self.groups {
            self.plain &= group.lens == 1 << group.len
                && (1..=15).contains(&group.len)
                && !(group.corrects || group.plus || group.extension)
                && !(group.doubtful || group.apart);
            self.written &= group.form == Form::Written;
            self.shaped_by_length &= !group.paren && group.len > 1;
        }
        if !self.plain || self.digits.len() < *card::LENGTHS.start() {
            return;
        }
        for (parity, sums) in self.sums.iter_mut().enumerate() {
            sums.clear();
            sums.reserve(self.digits.len() + 1);
            sums.push(0);
            let mut sum = 0;
            let weight = [parity == 0, parity == 1].map(|doubles| if doubles { &DOUBLED } else { &SINGLE });
            sums.extend(self.digits.iter().enumerate().map(|(place, digit)| {
                sum += weight[place % 2][usize::from(*digit & 15)];
                sum = if sum >= 10 { sum - 10 } else { sum };
                sum
            }));
        }
    }

    /// Whether the digits of a part of a plain run pass Luhn's check.
    pub(crate) fn passes(&self, digits: Range<usize>) -> bool {
        // The last digit is not doubled, so it is those at places like that of the one after it.
        let sums = &self.sums[digits.end % 2];
        sums[digits.end] == sums[digits.start]
    }

    /// Reads the run that begins at a token, and says where to go on. There may be nothing in it.
    pub(crate) fn read(&mut self, source: &Source<'_>, begin: usize) -> usize {
        self.groups.clear();
        self.digits.clear();
        self.cardinal = false;
        self.steps = 0;
        self.go_on(source, begin, Between { breakable: true, ..Between::default() })
    }

    /// Reads on from a token, with this before it, and says where to go on.
    pub(crate) fn go_on(&mut self, source: &Source<'_>, begin: usize, between: Between) -> usize {
        let (mut next, mut between, mut again) = (begin, between, 0);
        loop {
            let before = self.groups.len();
            next = match self.group(source, next, between) {
                Ok(next) => next,
                Err(after) => return after.max(begin + 1),
            };
            if self.groups.len() == before {
                return next.max(begin + 1);
            }
            // No extension is as long as a number: it is another one.
            let first = self.groups[before].first;
            if between.extension
                && chunk::long_from(source.tokens, first)
                && chunk::behind_extension(source.text, source.tokens, first).is_none()
            {
                between.extension = false;
                self.groups[before..].iter_mut().for_each(|group| group.extension = false);
            }
            for group in &mut self.groups[before..] {
                if again == 0 {
                    break;
                }
                again -= 1;
                group.lens |= 1;
            }
            let extension = between.extension;
            let kept = (self.groups.len(), self.digits.len());
            let Some((at, found)) = self.between(source, next) else {
                // What the other repeats is part of it only if it goes on.
                self.groups.truncate(kept.0);
                self.digits.truncate(kept.1);
                return next;
            };
            between = found;
            again = again.max(found.again);
            let token = source.tokens[at];
            let goes_on = token.class != Class::Digits && !between.breakable;
            between.extension |=
                extension && (goes_on || token.gap.tight()) && !token.gap.has(Gap::PLUS | Gap::PAREN);
            next = at;
        }
    }

    /// From after a group to the next one of the same run.
    fn between(&mut self, source: &Source<'_>, from: usize) -> Option<(usize, Between)> {
        if source.tokens.get(from).is_some_and(|next| next.class == Class::Digits && next.gap.0 == Gap::SPACE)
        {
            // What follows most numbers that are written.
            self.steps += 1;
            return Some((from, Between::default()));
        }
        let speaker = source.speaker(from.checked_sub(1)?);
        let mut found = Between::default();
        let (mut at, mut correcting, mut connectors) = (from, false, 0);
        while at < from + MOST_BETWEEN + 24 {
            self.steps += 1;
            let token = source.tokens.get(at)?;
            if token.gap.has(Gap::SEGMENT) {
                (found.breakable, found.apart) = (true, true);
                if source.speaker(at) != speaker {
                    let turn = at;
                    at = self.other(source, at, speaker)?;
                    let asked = (turn..at).any(|at| source.class(at) != Class::Filler);
                    found.again = if asked { self.again(source, at) } else { 0 };
                    continue;
                }
            }
            if token.gap.has(Gap::STOP | Gap::LINE) {
                (found.breakable, found.apart) = (true, true);
            }
            let spaced = !token.gap.tight() && token.gap.has(Gap::DASH | Gap::DOT | Gap::HASH);
            found.parted |= spaced || token.gap.has(chunk::HARD | Gap::STOP | Gap::LINE);
            found.breakable |= token.gap.has(chunk::HARD);
            if source.begins(at, true)
                && !(token.class == Class::Oh && !source.begins(at + 1, false) && at > from)
            {
                found.breakable |= token.class == Class::Plus;
                found.corrects |= correcting;
                return Some((at, found));
            }
            if at >= from + MOST_BETWEEN && !token.gap.has(Gap::SEGMENT) {
                return None;
            }
            let spoken = |words: &[&str]| source.is(at, words);
            match token.class {
                Class::Filler => found.breakable = true,
                Class::Joiner if !spoken(&["slash", "underscore", "unterstrich"]) => {}
                Class::Dot => {}
                Class::Connector if connectors < 3 => {
                    // `five and six` is no number, `five and then six` may be.
                    let hundred =
                        self.groups.last().is_some_and(|group| group.round) && self.digits.starts_with(&[0]);
                    if spoken(&["and", "und"])
                        && !hundred
                        && !matches!(source.class(at + 1), Class::Connector | Class::Filler)
                    {
                        return None;
                    }
                    connectors += 1;
                    found.breakable = true;
                }
                Class::Extension => (found.extension, found.breakable) = (true, true),
                Class::Letter
                    if token.value == b'x'
                        && source.class(at + 1) == Class::Digits
                        && !source.tokens[at + 1]
                            .gap
                            .has(Gap::LINE | Gap::STOP | Gap::SEGMENT | Gap::COMMA) =>
                {
                    found.extension = true;
                    found.breakable = true;
                }
                Class::Correction => {
                    correcting |= !spoken(&["hold", "hang", "let", "excuse", "pardon"]);
                    found.breakable = true;
                    if spoken(&["hold", "hang", "let"]) {
                        at += waiting(source, at + 1);
                    }
                }
                _ if correcting
                    && matches!(
                        token.class,
                        Class::Link | Class::Determiner | Class::Function | Class::Number
                    ) => {}
                // `four one five, that's four one five, …`
                Class::Determiner | Class::Link if spoken(&["that's"]) && source.begins(at + 1, false) => {
                    at = self.echo(source, at + 1, Gap::COMMA | Gap::STOP | Gap::SEGMENT)?;
                    found.breakable = true;
                    continue;
                }
                _ => {
                    let (length, corrects) = phrase(source, at)?;
                    found.breakable = true;
                    correcting |= corrects;
                    at += length;
                    continue;
                }
            }
            at += 1;
        }
        None
    }

    /// Past what the other one says in between, which must be short, and no more than a sound, a question or what was said
    /// before. Returns where the one who says the number goes on.
    fn other(&mut self, source: &Source<'_>, from: usize, speaker: usize) -> Option<usize> {
        let mut at = from;
        let mut words = 0;
        while source.class(at) != Class::End && source.speaker(at) != speaker {
            self.steps += 1;
            let class = source.class(at);
            if matches!(
                class,
                Class::Contrary | Class::Thing | Class::EmailCue | Class::CardCue | Class::Masked | Class::At
            ) {
                return None;
            }
            // `and the last four?` asks for digits, and is none.
            let asks = class == Class::Unit
                && at > from
                && source.is(at - 1, &["last", "next", "first", "final", "other"]);
            if !asks && source.begins(at, false) {
                if self.every_digit_counts {
                    return None;
                }
                at = self.echo(source, at, 0)?;
                continue;
            }
            words += usize::from(class != Class::Filler);
            at += 1;
            if words > 7 || at > from + 24 {
                return None;
            }
        }
        (source.class(at) != Class::End && source.tokens[at].gap.has(Gap::SEGMENT)).then_some(at)
    }

    /// How many groups of a turn, all of it, are what was said before: `sorry?` `eight six two`.
    fn again(&mut self, source: &Source<'_>, from: usize) -> usize {
        let groups = self.groups.len();
        let Some(next) = self.echo(source, from, Gap::SEGMENT) else { return 0 };
        let again = self.groups.len() - groups;
        self.groups.truncate(groups);
        if again > 2 && source.tokens.get(next).is_none_or(|token| token.gap.has(Gap::SEGMENT)) {
            again
        } else {
            0
        }
    }

    /// Past digits that are said again, up to one of some signs.
    pub(crate) fn echo(&mut self, source: &Source<'_>, from: usize, signs: u16) -> Option<usize> {
        let (groups, digits) = (self.groups.len(), self.digits.len());
        let mut at = from;
        while source.begins(at, at > from)
            && source.speaker(at) == source.speaker(from)
            && (at == from || !source.tokens[at].gap.has(signs))
            && self.groups.len() < groups + 20
        {
            match self.group(source, at, Between { apart: true, ..Between::default() }) {
                Ok(next) if next > at => at = next,
                _ => break,
            }
        }
        let said = digits.min(self.digits.len() - digits);
        let length = self.digits.len() - digits;
        let same =
            length > 0 && said == length && self.digits[digits - length..digits] == self.digits[digits..];
        self.digits.truncate(digits);
        if !same {
            self.groups.truncate(groups);
            return None;
        }
        for group in &mut self.groups[groups..] {
            (group.digits, group.len, group.lens, group.echo, group.breakable) = (digits, 0, 1, true, true);
        }
        Some(at)
    }
}
