//! What an agent can be, why, and how much they can take.

use std::{fmt, str::FromStr};

/// The text names no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct UnknownAvailability {
    expected: &'static str,
}

macro_rules! names {
    ($(#[$doc:meta])* $kind:ident, $expected:literal: $($(#[$each:meta])* $name:ident = $wire:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $kind {
            $($(#[$each])* $name,)*
        }

        impl $kind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }
        }

        impl FromStr for $kind {
            type Err = UnknownAvailability;

            fn from_str(text: &str) -> Result<Self, UnknownAvailability> {
                let known = Self::ALL.iter().copied().find(|known| known.as_str() == text);
                known.ok_or(UnknownAvailability { expected: $expected })
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What an agent can choose.
    Choice, "available, away or offline":
    /// To take calls.
    Available = "available",
    /// To be there, and to be offered none.
    Away = "away",
    /// To be gone.
    Offline = "offline",
}

names! {
    /// What others see of an agent.
    AgentStatus, "available, busy, away or offline":
    /// Can take a call.
    Available = "available",
    /// Holds as many calls as they can.
    Busy = "busy",
    /// Is there, and is offered none.
    Away = "away",
    /// Is gone.
    Offline = "offline",
}

names! {
    /// Why an agent is what they are.
    Cause, "a cause":
    /// They chose it.
    Chosen = "chosen",
    /// A supervisor chose it in their place.
    Forced = "forced",
    /// Nothing was heard of them.
    HeartbeatMissed = "heartbeat_missed",
    /// They did not take a call that was offered to them.
    NoAnswer = "no_answer",
    /// Their last session in the organization ended.
    SignedOut = "signed_out",
    /// They are not in the organization any more.
    Removed = "removed",
    /// Their role is none of an agent any more.
    RoleChanged = "role_changed",
    /// They, or the organization, are suspended.
    Suspended = "suspended",
    /// Their time to set up a second factor is over.
    MfaDeadline = "mfa_deadline",
    /// The calls that they hold: busy, or not any more.
    Calls = "calls",
}

/// How many calls an agent can hold at a time: 1 to 50, and 1 if nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capacity(u16);

/// No agent can hold so many calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be between 1 and {} calls", Capacity::MOST)]
pub struct InvalidCapacity;

impl Capacity {
    /// The most calls that an agent can be given leave to hold at a time.
    pub const MOST: u16 = 50;

    /// So many calls at a time.
    ///
    /// # Errors
    /// [`InvalidCapacity`].
    pub fn new(calls: i64) -> Result<Self, InvalidCapacity> {
        let calls = u16::try_from(calls).map_err(|_| InvalidCapacity)?;
        if (1..=Self::MOST).contains(&calls) { Ok(Self(calls)) } else { Err(InvalidCapacity) }
    }

    /// How many calls at a time, from 1 to [`MOST`](Self::MOST).
    pub const fn calls(self) -> u16 {
        self.0
    }
}

impl Default for Capacity {
    fn default() -> Self {
        Self(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_busy_is_no_choice() {
        assert!(AgentStatus::ALL.iter().all(|status| status.as_str().parse() == Ok(*status)));
        assert!(Cause::ALL.iter().all(|cause| cause.as_str().parse() == Ok(*cause)));
        assert!("busy".parse::<Choice>().is_err());
        assert_eq!("Away".parse::<Choice>().unwrap_err().to_string(), "must be available, away or offline");
    }

    #[test]
    fn capacities_are_bounded() {
        for (calls, valid) in [(0, false), (1, true), (50, true), (51, false), (-1, false), (65_537, false)] {
            assert_eq!(Capacity::new(calls).is_ok(), valid, "{calls}");
        }
    }
}
