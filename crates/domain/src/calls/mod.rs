//! Calls: who spoke with whom, when, and what was said.
//!
//! They are written by the platform, which knows each by an id of its own. What a call was about is told in full when it is
//! written down, and may be completed later: most calls end after that.
//!
//! ```
//! use rollcall_domain::calls::{Direction, Times};
//! use time::{Duration, OffsetDateTime};
//!
//! assert_eq!("inbound".parse(), Ok(Direction::Inbound));
//! let begin = OffsetDateTime::UNIX_EPOCH;
//! assert!(Times::new(begin, Some(begin + Duration::MINUTE)).is_ok());
//! assert!(Times::new(begin, Some(begin - Duration::MINUTE)).is_err());
//! ```

mod live;
mod media_keys;
mod metadata;
mod transcript;

use std::{fmt, str::FromStr};

pub use live::{Guest, LONGEST, LiveClaims, LiveMode, TYPE, UnknownLiveMode};
pub use media_keys::{KeyOrigin, LIFETIME, MediaKeyId, MediaKeys, Occasion, SENDER_BITS, STEP_BITS};
pub use metadata::{InvalidMetadata, Metadata, MetadataFault};
use time::OffsetDateTime;
pub use transcript::{InvalidSegment, Redactions, Speaker, Transcript, TranscriptSegment};

use crate::{CallId, Text};

/// What the platform calls a call: 1 to 200 characters.
pub type ExternalId = Text<200>;
/// What the platform calls whoever spoke for the organization, a person or a program: 1 to 200 characters.
pub type AgentRef = Text<200>;
/// One end of a call: a telephone number or an address, 1 to 255 characters.
pub type Party = Text<255>;

/// A call of an organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Names the call.
    pub id: CallId,
    /// What is known about it.
    pub facts: Facts,
    /// When it was written down.
    pub created_at: OffsetDateTime,
    /// Whether its sound is kept.
    pub has_recording: bool,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
}

impl Call {
    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.facts.times.ended_at().is_some()
    }
}

/// What is known about a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What the platform calls it: no two calls of an organization are called the same.
    pub external_id: ExternalId,
    /// Who has called whom.
    pub direction: Direction,
    /// Who spoke for the organization; none as long as the platform has not said.
    pub agent_ref: Option<AgentRef>,
    /// When it was.
    pub times: Times,
    /// Who called; none where the platform has not said, as of a caller who withholds their number.
    pub from: Option<Party>,
    /// Who was called; none where the platform has not said.
    pub to: Option<Party>,
    /// What else the platform wants to know about it.
    pub metadata: Metadata,
}

/// Who has called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Somebody has called the organization.
    Inbound,
    /// The organization has called somebody.
    Outbound,
}

/// The text names no direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be inbound or outbound")]
pub struct UnknownDirection;

impl Direction {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

impl FromStr for Direction {
    type Err = UnknownDirection;

    fn from_str(text: &str) -> Result<Self, UnknownDirection> {
        [Self::Inbound, Self::Outbound]
            .into_iter()
            .find(|direction| direction.as_str() == text)
            .ok_or(UnknownDirection)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked for does not fit the state of a call, or of what its organization has switched on for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallRefusal {
    /// The platform has called another call the same.
    #[error("another call is called the same")]
    Exists,
    /// The call is over.
    #[error("the call is over")]
    Ended,
    /// The organization has switched end-to-end encryption off.
    #[error("end-to-end encryption is off")]
    EndToEndEncryptionDisabled,
}

/// When a call was: it does not end before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    started_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

/// A call would end before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be before started_at")]
pub struct EndsTooEarly;

impl Times {
    /// From when to when; not over yet when there is no end.
    ///
    /// # Errors
    /// [`EndsTooEarly`].
    pub fn new(started_at: OffsetDateTime, ended_at: Option<OffsetDateTime>) -> Result<Self, EndsTooEarly> {
        match ended_at {
            Some(end) if end < started_at => Err(EndsTooEarly),
            Some(_) | None => Ok(Self { started_at, ended_at }),
        }
    }

    /// When it began.
    pub const fn started_at(self) -> OffsetDateTime {
        self.started_at
    }

    /// When it ended; none as long as it has not.
    pub const fn ended_at(self) -> Option<OffsetDateTime> {
        self.ended_at
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_call_may_end_as_it_begins_and_no_earlier() {
        let begin = OffsetDateTime::UNIX_EPOCH;
        assert!(Times::new(begin, None).is_ok_and(|times| times.ended_at().is_none()));
        assert!(Times::new(begin, Some(begin)).is_ok());
        assert_eq!(Times::new(begin, Some(begin - Duration::NANOSECOND)), Err(EndsTooEarly));
    }

    #[test]
    fn names_of_directions_read_back() {
        for direction in [Direction::Inbound, Direction::Outbound] {
            assert_eq!(direction.to_string().parse(), Ok(direction));
        }
        assert_eq!("Inbound".parse::<Direction>(), Err(UnknownDirection));
    }
}
