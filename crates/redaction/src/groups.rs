//! The groups of a run: digits that are written, and words that are digits.

use crate::{
    chunk::{self, Chunk},
    numbers::{Between, Form, Group, Run},
    source::Source,
    tokens::Gap,
    vocabulary::Class,
};

/// Whether a text ends with a plus as it is written in a web address or in JSON.
fn coded_plus(text: &str) -> bool {
    let end = |length: usize| text.len().checked_sub(length).and_then(|start| text.get(start..));
    end(3).is_some_and(|end| end.eq_ignore_ascii_case("%2b"))
        || end(6).is_some_and(|end| end.eq_ignore_ascii_case("\\u002b"))
}

impl Run {
    /// Reads what begins at a token. An error says where to go on after something that belongs to no run.
    pub(crate) fn group(&mut self, source: &Source<'_>, at: usize, between: Between) -> Result<usize, usize> {
        let Some(token) = source.tokens.get(at) else { return Ok(at) };
        self.steps += 1;
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
        let mut end = chunk::end(tokens, first);
        if between.extension
            && let Some(another) = chunk::behind_extension(text, tokens, first)
        {
            end = end.min(another);
        }
        let what = chunk::what(text, tokens, first, end);
        if what == Chunk::Other {
            return Err(end);
        }
        // `(11) 98765-4321` looks like a postcode from its second half on.
        let started = self.digits.len();
        let several = tokens[first..end]
            .iter()
            .try_fold(0, |digits, token| {
                let digits = digits + chunk::length(token);
                if digits < chunk::SEVERAL { Ok(digits) } else { Err(()) }
            })
            .is_err();
        let doubtful = what == Chunk::Doubtful && !self.groups.last().is_some_and(|last| last.paren);
        for (at, token) in tokens.iter().enumerate().take(end).skip(first) {
            self.steps += 1;
            let begin = self.digits.len();
            chunk::push_digits(text, token, &mut self.digits);
            let len = self.digits.len() - begin;
            let (mut paren, mut plus) = (false, false);
            if token.gap.has(Gap::PAREN | Gap::PLUS) {
                let before = text[..token.start].trim_end_matches(['(', '（']);
                paren = before.len() < token.start;
                plus = before.ends_with(['+', '＋']) || coded_plus(before);
            }
            let spaced = at == first
                && self.groups.last().is_some_and(|last| {
                    last.form != Form::Written || last.len > 1 || len > 1 || last.extension
                });
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
                breakable: several
                    || (at > first && chunk::between_two(tokens, at))
                    || at == first && (between.breakable || spaced || self.groups.is_empty()),
                parted: at == first && between.parted,
                glue: (at > first).then_some(token.gap),
                corrects: at == first && between.corrects,
                plus,
                paren,
                extension: between.extension,
                doubtful,
                apart: at == first && between.apart,
                round: false,
                echo: false,
                sound: false,
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
        let free = matches!(own, [8, 0, 0, ..] | [8, 8, 8, ..] | [8, 3..=7, 3..=7, ..]);
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
            parted: false,
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
        let (mut form, mut lens, mut round, mut sound) = (Form::Single, None, false, false);
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
                // Between two digits it may be a word; at an end it was taken for a digit because it can be nothing else.
                sound = !self.groups.is_empty() && !source.ends(first + 1);
                lens = sound.then_some(0b11);
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
                        // Nobody counts from `oh seven seven` on.
                        self.cardinal |= source.is(last + 1, &["and"])
                            && source.begins(last + 2, true)
                            && !self.digits.starts_with(&[0]);
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
            // `from … to …` are two numbers.
            breakable: between.breakable
                || changes
                || token.class == Class::Homophone
                || previous.is_none_or(|previous| source.class(previous.first) == Class::Homophone),
            parted: between.parted,
            glue: None,
            corrects: between.corrects,
            plus: false,
            paren: false,
            extension: between.extension,
            doubtful: false,
            apart: between.apart,
            round,
            echo: false,
            sound,
        });
        last + 1
    }
}
