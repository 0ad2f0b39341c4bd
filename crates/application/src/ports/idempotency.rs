//! Requests that carry an Idempotency-Key: done once, answered alike however often they come.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;

/// Remembers keyed requests and their answers. A narrow door of its own beside the units of work: what it
/// keeps is sealed by whoever asks, and leaves no events.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Claims the key for a request that is about to be done, or tells what became of the earlier one. A claim
    /// that is older than its `running_until` counts for nothing.
    async fn claim(&self, request: &KeyedRequest, window: Window) -> Result<Claim, StoreError>;

    /// Keeps the answer of a claimed request.
    async fn keep(&self, request: &KeyedRequest, answer: Vec<u8>) -> Result<(), StoreError>;

    /// Gives a claimed key back, so that the request may be tried again.
    async fn release(&self, request: &KeyedRequest) -> Result<(), StoreError>;

    /// Forgets the keys whose time is up; gives back how many.
    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A request and the key it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// A hash of whose key it is: two callers' keys never meet.
    pub caller: [u8; 32],
    /// The key.
    pub key: String,
    /// A hash of what is asked.
    pub fingerprint: [u8; 32],
}

/// The times that bound a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Now.
    pub now: OffsetDateTime,
    /// When a request that has not answered is taken for dead.
    pub running_until: OffsetDateTime,
    /// When the key is forgotten.
    pub expires_at: OffsetDateTime,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the caller's: go ahead.
    Granted,
    /// The same request is still running.
    Running,
    /// The same request was answered like this.
    Answered(Vec<u8>),
    /// It was used for another request.
    Reused,
}
