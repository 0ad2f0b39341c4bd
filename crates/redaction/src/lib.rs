//! Finds telephone numbers, email addresses and payment card numbers in transcripts of speech, written and spoken, and masks
//! them as `[phone]`, `[email]` and `[card]`.
//!
//! ```
//! let redacted = rollcall_redaction::redact("call me at four one five, uh, five five five, oh one three two");
//! assert_eq!(redacted.text, "call me at [phone]");
//!
//! let redacted = rollcall_redaction::redact("j dot smith at gmail dot com, order number 4155550132");
//! assert_eq!(redacted.text, "[email], order number 4155550132");
//! ```
//!
//! This crate knows nothing of Rollcall's other crates. It reads no files, no clock and no network, and keeps nothing.
//! `docs/redaction.md` says in plain words what is covered and what is not.
//!
//! # How it decides
//!
//! Text becomes tokens, digits and words for digits become runs, and stretches of a run are weighed by their length, their form, and
//! what is said about them. **When in doubt it protects**: a run of digits that has the length and the form of a telephone
//! number is masked unless something is said against it (`order number`, `tracking`, `dollars`). Where a telephone
//! is spoken of, any form is enough. A card's number must pass Luhn's check, unless a card is spoken of and it has 15 or 16
//! digits: whoever transcribes mishears.
//!
//! What is found is found again: redacting what is redacted changes nothing. Time is linear in the text's length, whatever is in it.

mod across;
mod card;
mod characters;
mod chunk;
mod context;
mod countries;
mod domains;
mod effort;
mod email_turns;
mod groups;
mod numbers;
mod phone;
mod phrases;
mod scan;
mod settled;
mod side_by_side;
mod source;
mod spoken_domain;
mod spoken_email;
mod tokens;
mod vocabulary;
mod windows;
mod written_email;

use std::{collections::HashMap, fmt};

use scan::Found;

/// What kind of identifier was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A telephone number, with or without its country's code.
    Phone,
    /// An email address (RFC 5322, with the letters of RFC 6531), or one as it is spoken.
    Email,
    /// A payment card's number (ISO/IEC 7812): 13 to 19 digits that pass Luhn's check, or 15 or 16 where a card is spoken of.
    Card,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Phone, Self::Email, Self::Card];

    /// Its name: `phone`, `email` or `card`.
    ///
    /// ```
    /// assert_eq!(rollcall_redaction::Kind::Email.name(), "email");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Card => "card",
        }
    }

    /// What stands in the text in its place.
    ///
    /// ```
    /// assert_eq!(rollcall_redaction::Kind::Card.mask(), "[card]");
    /// ```
    pub const fn mask(self) -> &'static str {
        match self {
            Self::Phone => "[phone]",
            Self::Email => "[email]",
            Self::Card => "[card]",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where something was found. It says nothing of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it begins, in Unicode scalar values of the text that was given.
    pub start: usize,
    /// Where it ends: the first scalar value after it.
    pub end: usize,
}

/// A text without what was found in it.
///
/// It can be printed: what is in it is masked, and findings hold no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with masks.
    pub text: String,
    /// What was found, in order; no two overlap.
    pub findings: Vec<Finding>,
}

/// How many were found, by kind: for a receipt that holds no content. What goes over several segments counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Telephone numbers.
    pub phone: u64,
    /// Email addresses.
    pub email: u64,
    /// Payment card numbers.
    pub card: u64,
}

impl Counts {
    /// How many of a kind.
    pub const fn of(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Phone => self.phone,
            Kind::Email => self.email,
            Kind::Card => self.card,
        }
    }

    /// How many there are altogether.
    ///
    /// ```
    /// let (_, counts) = rollcall_redaction::redact_segments(&[]);
    /// assert_eq!(counts.total(), 0);
    /// ```
    pub const fn total(&self) -> u64 {
        self.phone + self.email + self.card
    }

    fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Phone => self.phone += 1,
            Kind::Email => self.email += 1,
            Kind::Card => self.card += 1,
        }
    }
}

/// What somebody said in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who said it. Only whether it is the same one counts; nothing in it is masked.
    pub speaker: &'a str,
    /// What was said.
    pub text: &'a str,
}

/// Masks what is found in a text, which is taken to be said by one person. It takes whatever text there is, and a time that grows with its
/// length and no faster.
///
/// ```
/// use rollcall_redaction::{Finding, Kind, redact};
///
/// let redacted = redact("Größe 42, Tel. +49 30 901820");
/// assert_eq!(redacted.text, "Größe 42, Tel. [phone]");
/// assert_eq!(redacted.findings, [Finding { kind: Kind::Phone, start: 15, end: 28 }]);
///
/// // It is idempotent.
/// assert_eq!(redact(&redacted.text).text, redacted.text);
/// ```
pub fn redact(text: &str) -> Redacted {
    let (found, _) = settled::find(text, &[text.len()], &[0]);
    masked(text, 0, &found)
}

/// Masks what is found in the segments of a conversation, one after the other. A number or an address may go on in a later segment, over
/// the other's `mm-hm`: each of its segments then has a mask, and it counts once. Gives back each segment's text, in their order, and how
/// many were found in all of them; findings are places in the segment's own text.
///
/// A conversation is given whole: what goes on from the segments of one call to those of the next is not found.
///
/// ```
/// use rollcall_redaction::{Segment, redact_segments};
///
/// let (redacted, counts) = redact_segments(&[
///     Segment { speaker: "caller", text: "it's four one five five five five" },
///     Segment { speaker: "agent", text: "mm-hm" },
///     Segment { speaker: "caller", text: "oh one three two" },
/// ]);
/// let texts: Vec<&str> = redacted.iter().map(|redacted| redacted.text.as_str()).collect();
/// assert_eq!(texts, ["it's [phone]", "mm-hm", "[phone]"]);
/// assert_eq!((counts.phone, counts.total()), (1, 1));
/// ```
pub fn redact_segments(segments: &[Segment<'_>]) -> (Vec<Redacted>, Counts) {
    let mut text = String::with_capacity(segments.iter().map(|segment| segment.text.len() + 1).sum());
    let (mut starts, mut ends, mut speakers) = (Vec::new(), Vec::new(), Vec::new());
    let mut known: HashMap<&str, usize> = HashMap::new();
    for segment in segments {
        starts.push(text.len());
        text.push_str(segment.text);
        ends.push(text.len());
        text.push('\n');
        let next = known.len();
        speakers.push(*known.entry(segment.speaker).or_insert(next));
    }
    if segments.is_empty() {
        return (Vec::new(), Counts::default());
    }
    let (found, _) = settled::find(&text, &ends, &speakers);
    let mut counts = Counts::default();
    for found in found.iter().filter(|found| !found.continues) {
        counts.add(found.kind);
    }
    let mut rest = &found[..];
    let redacted = segments.iter().enumerate().map(|(at, segment)| {
        let (own, others) = rest.split_at(rest.partition_point(|found| found.segment <= at));
        rest = others;
        masked(segment.text, starts[at], own)
    });
    (redacted.collect(), counts)
}

/// A text that begins at `start` with masks for what was found in it.
fn masked(text: &str, start: usize, found: &[Found]) -> Redacted {
    let mut redacted =
        Redacted { text: String::with_capacity(text.len()), findings: Vec::with_capacity(found.len()) };
    let (mut place, mut characters) = (0, 0);
    for found in found {
        let (begin, end) = (found.place.start - start, found.place.end - start);
        characters += count(&text[place..begin]);
        let length = count(&text[begin..end]);
        redacted.text.push_str(&text[place..begin]);
        redacted.text.push_str(found.kind.mask());
        redacted.findings.push(Finding { kind: found.kind, start: characters, end: characters + length });
        (place, characters) = (end, characters + length);
    }
    redacted.text.push_str(&text[place..]);
    redacted
}

fn count(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;
