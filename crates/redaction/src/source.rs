//! What is read: tokens, the words that they are, and who says them.

use crate::{
    chunk,
    effort::look,
    tokens::{Gap, Token},
    vocabulary::Class,
};

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
        look(1);
        self.tokens.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(crate) fn class(&self, at: usize) -> Class {
        look(1);
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
                // `that one`, `the same one`.
                let pronoun = !within
                    && at > 0
                    && (self.class(at - 1) == Class::Determiner
                        || self.is(at - 1, &["same", "old", "new", "other", "wrong", "right", "only"]))
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
                let before = at.checked_sub(1).is_some_and(|before| self.single(before));
                if within {
                    before && (self.single(at + 1) || self.ends(at + 1))
                } else {
                    // `my number is for one five …`
                    let said = at > 0 && self.class(at - 1) == Class::Link;
                    said && (1..6).all(|next| self.single(at + next))
                }
            }
            Class::Plus => {
                within
                    || matches!(self.class(at + 1), Class::Unit | Class::Tens | Class::Teen | Class::Digits)
            }
            _ => false,
        }
    }

    /// Whether a token is a word for a single digit.
    fn single(&self, at: usize) -> bool {
        matches!(self.class(at), Class::Unit | Class::Oh)
    }

    /// Whether a sentence, or what somebody says, has ended before a token.
    pub(crate) fn ends(&self, at: usize) -> bool {
        self.tokens.get(at).is_none_or(|token| {
            token.class == Class::End || token.gap.has(Gap::STOP | Gap::SEGMENT | Gap::LINE)
        })
    }

    /// The digit that `double` at a token repeats.
    pub(crate) fn multiplied(&self, at: usize) -> Option<u8> {
        let next = self.tokens.get(at + 1)?;
        if next.gap.has(Gap::STOP | Gap::COMMA | Gap::SEGMENT) {
            return None;
        }
        match next.class {
            Class::Unit | Class::Oh => Some(next.value),
            Class::Digits if chunk::length(next) == 1 => chunk::digits(self.text, next).next(),
            _ => None,
        }
    }
}
