//! Erasing what is left of people whose accounts have ended.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{Application, Error, ports::StoreError};

/// How many events are gone through in one transaction.
const AT_ONCE: u32 = 1_000;

/// Goes on with what the end of an account has left to erase. A narrow door of its own beside the units of work: what it does was decided,
/// and recorded, with the end of the account.
#[async_trait]
pub trait Erasures: Send + Sync {
    /// Goes through up to so many events for the account that has waited for longest of those that are due at `now`. Gives back
    /// whether there was one that nobody else is at.
    async fn erase_some(&self, now: OffsetDateTime, at_most: u32) -> Result<bool, StoreError>;
}

/// Takes one step; gives back whether there may be more to do. Each step is whole by itself, so it does not matter where it ends, who
/// goes on, and how many are at it.
///
/// # Errors
/// When the database does not answer.
pub async fn erase_some(app: &Application, erasures: &dyn Erasures) -> Result<bool, Error> {
    Ok(erasures.erase_some(app.now(), AT_ONCE).await?)
}
