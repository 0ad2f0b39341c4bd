//! What is kept of what is not good any more.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use rollcall_domain::revocations::Revocation;
use time::OffsetDateTime;

use crate::ports::StoreError;

/// A place in the order in which revocations are told. Places follow each other without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPosition {
    /// Counts them, from 1. Before the first it is 0.
    pub number: i64,
    /// When it was given, in microseconds since 1970: whoever comes with a number from another database, or from one that
    /// was set back, is known by it.
    pub at: i64,
}

impl FeedPosition {
    /// Before the first.
    pub const START: Self = Self { number: 0, at: 0 };
}

/// The text is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the id of an event")]
pub struct InvalidPosition;

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, self.at)
    }
}

impl FromStr for FeedPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (number, at) = text.split_once('-').ok_or(InvalidPosition)?;
        let part = |text: &str| text.parse().ok().filter(|value| *value >= 0).ok_or(InvalidPosition);
        Ok(Self { number: part(number)?, at: part(at)? })
    }
}

/// A revocation at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedRevocation {
    /// The place.
    pub position: FeedPosition,
    /// What is not good any more.
    pub revocation: Revocation,
}

/// What changes have noted as not good any more. A narrow door of its own beside the units of work: the database notes it
/// with each change, and what is done with it afterwards is the platform's own bookkeeping, which leaves no event.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Gives all that has been committed its place; gives back the last place there is. Two at once take turns.
    async fn publish(&self, now: OffsetDateTime) -> Result<FeedPosition, StoreError>;

    /// Whether a place is one that was given here, and what came after it is still kept.
    async fn is_known(&self, position: FeedPosition) -> Result<bool, StoreError>;

    /// What has its place after another, in order.
    async fn after(&self, number: i64, at_most: u16) -> Result<Vec<PlacedRevocation>, StoreError>;

    /// Waits until something may have been noted since it was last waited for, at any node.
    async fn wait(&self, at_most: Duration);

    /// Forgets what got its place before a moment, but for the last place itself; gives back how many.
    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back() {
        for position in [FeedPosition::START, FeedPosition { number: 42, at: 1_767_323_045_123_456 }] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in ["", "-", "1", "1-", "-1", "-1-1", "1--1", "1-1-1", "a-1", "99999999999999999999-1"] {
            assert_eq!(text.parse::<FeedPosition>(), Err(InvalidPosition), "{text}");
        }
    }
}
