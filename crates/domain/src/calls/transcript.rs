//! What was said in a call.

use time::OffsetDateTime;

use crate::Text;

/// Who said something, as the platform calls them: 1 to 100 characters.
pub type Speaker = Text<100>;

/// The longest that a call may last, in milliseconds: what is said is said before then.
const LONGEST: u64 = 7 * 24 * 60 * 60 * 1_000;

/// What somebody said in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptSegment {
    speaker: Speaker,
    start_ms: u64,
    end_ms: u64,
    text: String,
}

/// The values are no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSegment {
    /// It ends before it begins.
    #[error("must not be before start_ms")]
    EndsTooEarly,
    /// It is later than any call lasts.
    #[error("must be at most {LONGEST}, which is seven days")]
    TooLate,
    /// The text holds U+0000.
    #[error("must not hold the character U+0000")]
    Nul,
}

impl InvalidSegment {
    /// Which value is wrong.
    pub const fn field(self) -> &'static str {
        match self {
            Self::EndsTooEarly | Self::TooLate => "end_ms",
            Self::Nul => "text",
        }
    }
}

impl TranscriptSegment {
    /// A speaker of whom nothing is told.
    pub fn somebody() -> Speaker {
        Speaker::constant("speaker")
    }

    /// What a speaker said from when to when, in milliseconds since the call began.
    ///
    /// # Errors
    /// [`InvalidSegment`].
    pub fn new(speaker: Speaker, start_ms: u64, end_ms: u64, text: String) -> Result<Self, InvalidSegment> {
        if end_ms < start_ms {
            return Err(InvalidSegment::EndsTooEarly);
        }
        if end_ms > LONGEST {
            return Err(InvalidSegment::TooLate);
        }
        if text.contains('\0') {
            return Err(InvalidSegment::Nul);
        }
        Ok(Self { speaker, start_ms, end_ms, text })
    }

    /// Who said it.
    pub const fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// When it begins, in milliseconds since the call began.
    pub const fn start_ms(&self) -> u64 {
        self.start_ms
    }

    /// When it ends, in milliseconds since the call began.
    pub const fn end_ms(&self) -> u64 {
        self.end_ms
    }

    /// What was said, which may be nothing.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same with a speaker and a text in which masks stand for what identifies somebody.
    #[must_use]
    pub fn masked(self, speaker: Speaker, text: String) -> Self {
        Self { speaker, text, ..self }
    }
}

/// How many identifiers were masked in a transcript, of each kind, those by which speakers are called among them. One that goes on in a later
/// segment counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redactions {
    /// Telephone numbers.
    pub phone: u64,
    /// E-mail addresses.
    pub email: u64,
    /// Payment card numbers.
    pub card: u64,
}

/// What was said in a call, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// What was said, in the order in which it was begun.
    pub segments: Vec<TranscriptSegment>,
    /// What was masked in it; none if it was stored as it came.
    pub redactions: Option<Redactions>,
    /// When it was stored.
    pub stored_at: OffsetDateTime,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_ends_after_it_begins_within_a_call_and_holds_no_nul() {
        let segment = |start, end, text: &str| {
            TranscriptSegment::new("caller".parse().expect("a speaker"), start, end, text.to_owned())
        };
        assert!(segment(0, 0, "").is_ok() && segment(1, LONGEST, "two\nlines").is_ok());
        assert_eq!(segment(2, 1, ""), Err(InvalidSegment::EndsTooEarly));
        assert_eq!(segment(0, LONGEST + 1, ""), Err(InvalidSegment::TooLate));
        assert_eq!(segment(0, 1, "a\0"), Err(InvalidSegment::Nul));
    }
}
