//! How urgent an escalation is, and how far it has come.

use std::{fmt, str::FromStr};

/// How urgent: 0 to 9, and higher goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(u8);

/// There is no such priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be between 0 and 9")]
pub struct InvalidPriority;

impl Priority {
    /// The priority.
    ///
    /// # Errors
    /// [`InvalidPriority`].
    pub fn new(priority: i64) -> Result<Self, InvalidPriority> {
        match u8::try_from(priority) {
            Ok(priority @ 0..=9) => Ok(Self(priority)),
            Ok(_) | Err(_) => Err(InvalidPriority),
        }
    }

    /// As a number, from 0 to 9; the highest goes first.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// How far an escalation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EscalationStatus {
    /// It waits for somebody.
    Waiting,
    /// It is offered to an agent, who has not taken it yet.
    Offered,
    /// An agent holds it.
    Claimed,
    /// An agent is done with it.
    Resolved,
    /// The caller hung up before anybody took it.
    Abandoned,
    /// Nobody was free for as long as it was to wait.
    Unanswered,
    /// The caller is to be called back.
    Callback,
}

/// The text names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be waiting, offered, claimed, resolved, abandoned, unanswered or callback")]
pub struct UnknownEscalationStatus;

impl EscalationStatus {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Offered,
        Self::Claimed,
        Self::Resolved,
        Self::Abandoned,
        Self::Unanswered,
        Self::Callback,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered => "offered",
            Self::Claimed => "claimed",
            Self::Resolved => "resolved",
            Self::Abandoned => "abandoned",
            Self::Unanswered => "unanswered",
            Self::Callback => "callback",
        }
    }
}

impl FromStr for EscalationStatus {
    type Err = UnknownEscalationStatus;

    fn from_str(text: &str) -> Result<Self, UnknownEscalationStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownEscalationStatus)
    }
}

impl fmt::Display for EscalationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_priorities_are_digits() {
        assert!(EscalationStatus::ALL.into_iter().all(|status| status.as_str().parse() == Ok(status)));
        assert!(Priority::new(0).is_ok() && Priority::new(9).is_ok());
        assert!([-1, 10, 256].into_iter().all(|number| Priority::new(number).is_err()));
    }
}
