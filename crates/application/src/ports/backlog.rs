//! How much regular work waits.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;

/// The most that is counted of what waits, or was given up: counting must not take longer the more that is.
pub const MOST_COUNTED: u32 = 10_000;

/// Regular work that waits, of all organizations together; of each kind no more than [`MOST_COUNTED`] are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BacklogState {
    /// What waits to be sent to webhooks.
    pub deliveries: u64,
    /// What was to be sent to subscribers and was given up, as long as that is kept.
    pub given_up: u64,
    /// When the one of them was due that has been due for longest; in the future when none is due, and none when none waits.
    pub delivery_due: Option<OffsetDateTime>,
    /// When the organization was to be purged that has been waiting for that for longest; none when none is due.
    pub purge_due: Option<OffsetDateTime>,
    /// When something of somebody whose account has ended was to be erased that has been waiting for that for longest; none when none is due.
    pub erasure_due: Option<OffsetDateTime>,
    /// Recordings of which something is left that is to be removed.
    pub remains: u64,
}

/// Tells how much waits. A narrow door of its own beside the units of work: it gives numbers and times, and nothing of anybody's.
#[async_trait]
pub trait Backlog: Send + Sync {
    /// What waits at `now`.
    async fn waiting(&self, now: OffsetDateTime) -> Result<BacklogState, StoreError>;
}
