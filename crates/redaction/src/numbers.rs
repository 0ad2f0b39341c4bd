//! Runs of digits, written and spoken, over pauses, corrections, segments and turns.

use crate::{
    chunk::{self, Chunk},
    tokens::{Gap, Token},
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
}

/// A run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) groups: Vec<Group>,
    /// All digits of all groups, at most 41 of each.
    pub(crate) digits: Vec<u8>,
    /// Whether it is a number of things: `four hundred and fifteen thousand`.
    pub(crate) cardinal: bool,
}

/// What is read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
    /// Who speaks in each segment, as numbers.
    pub(crate) speakers: &'a [usize],
}

impl<'a> Source<'a> {
    pub(crate) fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(crate) fn class(&self, at: usize) -> Class {
        self.tokens.get(at).map_or(Class::End, |token| token.class)
    }

    pub(crate) fn is(&self, at: usize, words: &[&str]) -> bool {
        let word = self.word(at);
        words.iter().any(|other| other.eq_ignore_ascii_case(word))
    }

    pub(crate) fn speaker(&self, at: usize) -> usize {
        self.tokens.get(at).and_then(|token| self.speakers.get(token.segment as usize)).copied().unwrap_or(0)
    }

    /// Whether a number begins at a token. `within` says whether a run is under way.
    pub(crate) fn begins(&self, at: usize, within: bool) -> bool {
        match self.class(at) {
            Class::Digits | Class::Teen | Class::Tens => true,
            Class::Unit => {
                let one_second = self.is(at + 1, &["second", "sec", "moment", "minute", "thing", "more"]);
                let pronoun = !within
                    && at > 0
                    && self.class(at - 1) == Class::Determiner
                    && !self.tokens[at].gap.has(Gap::COMMA);
                !(self.tokens[at].value == 1 && (one_second || pronoun))
            }
            Class::Multiplier => self.multiplied(at).is_some(),
            Class::Oh => {
                let next = self.class(at + 1);
                let close = !self
                    .tokens
                    .get(at + 1)
                    .is_none_or(|next| next.gap.has(Gap::COMMA | Gap::STOP | Gap::SEGMENT));
                let spoken =
                    matches!(next, Class::Unit | Class::Oh | Class::Multiplier | Class::Teen | Class::Tens);
                within || (spoken && close)
            }
            Class::Homophone => {
                let single = |at: usize| matches!(self.class(at), Class::Unit | Class::Oh);
                within && single(at.wrapping_sub(1)) && single(at + 1)
            }
            Class::Plus => {
                within
                    || matches!(self.class(at + 1), Class::Unit | Class::Tens | Class::Teen | Class::Digits)
            }
            _ => false,
        }
    }

    /// The digit that `double` at a token repeats.
    fn multiplied(&self, at: usize) -> Option<u8> {
        let next = self.tokens.get(at + 1)?;
        if next.gap.has(Gap::STOP | Gap::COMMA | Gap::SEGMENT) {
            return None;
        }
        match next.class {
            Class::Unit | Class::Oh => Some(next.value),
            Class::Digits if chunk::length(self.text, next) == 1 => chunk::digits(self.text, next).next(),
            _ => None,
        }
    }
}

/// What lies between two groups.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    breakable: bool,
    corrects: bool,
    extension: bool,
    apart: bool,
}

/// How many words between two groups are skipped at most.
const MOST_BETWEEN: usize = 12;

impl Run {
    /// Reads the run that begins at a token, and says where to go on. There may be nothing in it.
    pub(crate) fn read(&mut self, source: &Source<'_>, begin: usize) -> usize {
        self.groups.clear();
        self.digits.clear();
        self.cardinal = false;
        let mut next = begin;
        let mut between = Between { breakable: true, ..Between::default() };
        loop {
            let before = self.groups.len();
            next = match self.group(source, next, between) {
                Ok(next) => next,
                Err(after) => return after.max(begin + 1),
            };
            if self.groups.len() == before {
                return next.max(begin + 1);
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
            between.extension |= extension && (!between.breakable || source.tokens[at].gap.tight());
            next = at;
        }
    }

    /// From after a group to the next one of the same run.
    fn between(&mut self, source: &Source<'_>, from: usize) -> Option<(usize, Between)> {
        let speaker = source.speaker(from.checked_sub(1)?);
        let mut found = Between::default();
        let (mut at, mut correcting, mut connectors) = (from, false, 0);
        while at < from + MOST_BETWEEN + 24 {
            let token = source.tokens.get(at)?;
            if token.gap.has(Gap::SEGMENT) {
                (found.breakable, found.apart) = (true, true);
                if source.speaker(at) != speaker {
                    at = self.other(source, at, speaker)?;
                    continue;
                }
            }
            if token.gap.has(Gap::STOP | Gap::LINE) {
                (found.breakable, found.apart) = (true, true);
            }
            found.breakable |= token.gap.has(Gap::COMMA | Gap::OTHER | Gap::COLON);
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
                Class::Joiner if !spoken(&["slash", "underscore"]) => {}
                Class::Dot => {}
                Class::Connector if connectors < 3 => {
                    // `five and six` is no number, `five and then six` may be.
                    if spoken(&["and"]) && !matches!(source.class(at + 1), Class::Connector | Class::Filler) {
                        return None;
                    }
                    connectors += 1;
                    found.breakable = true;
                }
                Class::Extension => (found.extension, found.breakable) = (true, true),
                Class::Letter if token.value == b'x' && source.class(at + 1) == Class::Digits => {
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
            let class = source.class(at);
            if matches!(
                class,
                Class::Contrary | Class::Thing | Class::EmailCue | Class::CardCue | Class::Masked | Class::At
            ) {
                return None;
            }
            if source.begins(at, false) {
                at = self.echo(source, at)?;
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

    /// Past digits that the other one repeats.
    fn echo(&mut self, source: &Source<'_>, from: usize) -> Option<usize> {
        let (groups, digits) = (self.groups.len(), self.digits.len());
        let mut at = from;
        while source.begins(at, at > from)
            && source.speaker(at) == source.speaker(from)
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

    /// Reads what begins at a token. An error says where to go on after something that belongs to no run.
    fn group(&mut self, source: &Source<'_>, at: usize, between: Between) -> Result<usize, usize> {
        let Some(token) = source.tokens.get(at) else { return Ok(at) };
        match token.class {
            Class::Digits => self.written(source, at, between),
            Class::Plus => {
                let groups = self.groups.len();
                let next = self.group(source, at + 1, between)?;
                if let Some(group) = self.groups.get_mut(groups) {
                    (group.first, group.plus) = (at, true);
                }
                Ok(next)
            }
            _ => Ok(self.spoken(source, at, between)),
        }
    }

    fn written(&mut self, source: &Source<'_>, first: usize, between: Between) -> Result<usize, usize> {
        let Source { text, tokens, .. } = *source;
        let end = chunk::end(tokens, first);
        let what = chunk::what(text, tokens, first, end);
        if what == Chunk::Other {
            return Err(end);
        }
        // `(11) 98765-4321` looks like a postcode from its second half on.
        let started = self.digits.len();
        let doubtful = what == Chunk::Doubtful && !self.groups.last().is_some_and(|last| last.paren);
        for at in first..end {
            let token = &tokens[at];
            let begin = self.digits.len();
            self.digits.extend(chunk::digits(text, token).take(41));
            let len = self.digits.len() - begin;
            let before = text[..token.start].trim_end_matches(['(', '（']);
            let paren = before.len() < token.start;
            let plus = before.ends_with(['+', '＋']);
            let spaced = at == first
                && self
                    .groups
                    .last()
                    .is_some_and(|last| last.form != Form::Written || last.len > 1 || len > 1);
            let mut lens = if len > 40 { 0 } else { 1 << len };
            if paren && len == 1 && self.digits[begin] == 0 {
                // +49 (0)171: not dialled from abroad.
                lens |= 1;
            }
            self.groups.push(Group {
                first: at,
                last: at,
                digits: begin,
                len,
                lens,
                form: Form::Written,
                breakable: at == first && (between.breakable || spaced || self.groups.is_empty()),
                glue: (at > first).then_some(token.gap),
                corrects: at == first && between.corrects,
                plus,
                paren,
                extension: between.extension,
                doubtful,
                apart: at == first && between.apart,
                round: false,
                echo: false,
            });
        }
        Ok(self.lettered(source, end, started))
    }

    /// Letters in the place of digits after the code of a free call: `1-800-FLOWERS`.
    fn lettered(&mut self, source: &Source<'_>, at: usize, started: usize) -> usize {
        const KEYS: &[u8; 26] = b"22233344455566677778889999";
        let own = &self.digits[started..];
        let (Some(last), true) = (self.groups.last().copied(), own.len() < 8) else { return at };
        let own = own.strip_prefix(&[1]).unwrap_or(own);
        let free =
            matches!(own, [8, 0, 0, ..] | [8, 8, 8, ..] | [8, 7 | 6 | 5 | 4 | 3, 7 | 6 | 5 | 4 | 3, ..]);
        let wanted = match own.len() {
            3 => 7,
            6 => 4,
            _ => return at,
        };
        let (mut end, mut keys) = (at, Vec::new());
        while keys.len() < wanted {
            let Some(token) = source.tokens.get(end) else { return at };
            let word = source.word(end);
            let joined = !token.gap.has(Gap::STOP | Gap::COMMA | Gap::SEGMENT | Gap::LINE);
            if !joined
                || word.is_empty()
                || !word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            {
                return at;
            }
            keys.extend(word.bytes().map(|byte| match byte {
                b'A'..=b'Z' => KEYS[usize::from(byte - b'A')] - b'0',
                _ => byte - b'0',
            }));
            end += 1;
            if keys.len() > 12 {
                return at;
            }
        }
        if !free
            || !source.text[source.tokens[at].start..source.tokens[end - 1].end]
                .contains(|c: char| c.is_ascii_uppercase())
        {
            return at;
        }
        let begin = self.digits.len();
        self.digits.extend(&keys[..wanted]);
        let glue = Some(Gap(Gap::DASH));
        self.groups.push(Group {
            first: at,
            last: end - 1,
            digits: begin,
            len: wanted,
            lens: 1 << wanted,
            breakable: false,
            glue,
            paren: false,
            plus: false,
            ..last
        });
        end
    }

    fn spoken(&mut self, source: &Source<'_>, first: usize, between: Between) -> usize {
        let token = source.tokens[first];
        let begin = self.digits.len();
        let mut last = first;
        let (mut form, mut lens, mut round) = (Form::Single, None, false);
        let close = |at: usize| {
            source
                .tokens
                .get(at)
                .is_some_and(|token| !token.gap.has(Gap::COMMA | Gap::STOP | Gap::SEGMENT | Gap::OTHER))
        };
        match token.class {
            Class::Multiplier => {
                let Some(digit) = source.multiplied(first) else { return first };
                self.digits.extend(std::iter::repeat_n(digit, usize::from(token.value)));
                last += 1;
            }
            Class::Homophone => {
                self.digits.push(token.value);
                lens = Some(0b11);
            }
            Class::Oh => {
                self.digits.push(0);
                // It may have been a sigh.
                lens = self.groups.is_empty().then_some(0b11);
            }
            Class::Unit | Class::Teen | Class::Tens => {
                let mut value = token.value;
                if token.class == Class::Tens && source.class(first + 1) == Class::Unit && close(first + 1) {
                    let unit = source.tokens[first + 1].value;
                    if unit > 0 {
                        value += unit;
                        last += 1;
                    }
                }
                if value >= 10 {
                    form = Form::Compound;
                    self.digits.push(value / 10);
                }
                self.digits.push(value % 10);
                match source.class(last + 1) {
                    Class::Hundred if value > 0 => {
                        last += 1;
                        (form, round) = (Form::Compound, true);
                        self.digits.extend([0, 0]);
                        self.cardinal |= source.is(last + 1, &["and"]) && source.begins(last + 2, true);
                        if matches!(source.class(last + 1), Class::Thousand | Class::Million) {
                            last += 1;
                            self.cardinal = true;
                        }
                    }
                    Class::Thousand if value > 0 => {
                        last += 1;
                        (form, round) = (Form::Compound, true);
                        self.digits.extend([0, 0, 0]);
                        let hundred = source.class(last + 2) == Class::Hundred
                            || source.class(last + 3) == Class::Hundred;
                        self.cardinal |= value >= 10 || hundred || source.is(last + 1, &["and"]);
                    }
                    Class::Million => {
                        last += 1;
                        self.cardinal = true;
                    }
                    _ => {}
                }
            }
            _ => return first,
        }
        let len = self.digits.len() - begin;
        let mut lens = lens.unwrap_or(1 << len);
        let previous = self.groups.last();
        if previous.is_some_and(|previous| previous.round && previous.form == Form::Compound) {
            // `eight hundred fifty`: 850 or 800 50.
            lens |= 1;
        }
        let changes = previous.is_some_and(|previous| previous.form == Form::Written && previous.len > 1);
        self.groups.push(Group {
            first,
            last,
            digits: begin,
            len,
            lens,
            form,
            breakable: between.breakable || changes || previous.is_none(),
            glue: None,
            corrects: between.corrects,
            plus: false,
            paren: false,
            extension: between.extension,
            doubtful: false,
            apart: between.apart,
            round,
            echo: false,
        });
        last + 1
    }
}

/// Words that mean nothing within a number, or that what was said before is corrected: how many they are, and which of
/// the two.
fn phrase(source: &Source<'_>, at: usize) -> Option<(usize, bool)> {
    const NOTHING: &[&str] = &[
        "you know",
        "i think",
        "i believe",
        "i guess",
        "let's see",
        "thank you",
        "one second",
        "one sec",
        "one moment",
        "just a second",
        "just a sec",
        "a second",
        "bear with me",
        "of course",
        "what is it",
        "what was it",
        "the rest is",
        "after that",
        "number",
        "the number is",
        "area code",
        "give me a second",
        "give me a sec",
        "is it",
        "how does it go",
    ];
    const CORRECTS: &[&str] = &[
        "i mean",
        "make that",
        "i'm sorry",
        "my mistake",
        "my bad",
        "that's not",
        "i meant",
        "that should be",
    ];
    let said = |phrase: &str| {
        let mut words = phrase.split(' ').enumerate();
        words
            .all(|(place, word)| source.word(at + place).eq_ignore_ascii_case(word))
            .then(|| phrase.split(' ').count())
    };
    let find = |phrases: &[&str]| phrases.iter().find_map(|phrase| said(phrase));
    find(CORRECTS).map(|length| (length, true)).or_else(|| find(NOTHING).map(|length| (length, false)))
}

/// How many words follow `hold`, `hang` and `let` that belong to it: `on`, `me see`, `on a second`.
fn waiting(source: &Source<'_>, at: usize) -> usize {
    const WORDS: &[&str] = &[
        "on", "me", "see", "think", "check", "look", "it", "up", "us", "a", "one", "second", "sec", "get",
        "find",
    ];
    (at..at + 5).take_while(|at| source.is(*at, WORDS)).count()
}
