//! Requests that carry an Idempotency-Key: done once, answered alike however often they come.

use std::future::Future;

use async_trait::async_trait;
use time::Duration;

use super::StoreError;

/// Remembers keyed requests and their answers. A narrow door of its own beside the units of work: what it
/// keeps is sealed by whoever asks, and leaves no events. All times are the database's.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Claims the key for a request that is about to be done, or tells what became of the earlier one. A claim
    /// that is older than `patience`, and has changed nothing, counts for nothing. The key is remembered for as long as `kept`, from now on.
    async fn claim(
        &self,
        request: &KeyedRequest,
        patience: Duration,
        kept: Duration,
    ) -> Result<Claim, StoreError>;

    /// Keeps the answer of a claimed request, unless somebody else has claimed its key since.
    async fn keep(&self, claimed: &ClaimedKey, answer: Vec<u8>) -> Result<(), StoreError>;

    /// Gives a claimed key back, so that the request may be tried again, unless it has changed something: then its answer is lost.
    async fn release(&self, claimed: &ClaimedKey) -> Result<(), StoreError>;

    /// Forgets the keys whose time is up; gives back how many.
    async fn forget(&self) -> Result<u64, StoreError>;
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
    /// A hash of the versions that it is meant for.
    pub precondition: [u8; 32],
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the caller's: go ahead.
    Granted(ClaimedKey),
    /// The same request is still running, here or at another node.
    Running,
    /// The same request was answered like this.
    Answered(Vec<u8>),
    /// The same request has changed something, and its answer is lost.
    Lost,
    /// It was used for another request.
    Reused,
}

/// A key that was claimed for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedKey {
    /// The request.
    pub request: KeyedRequest,
    /// Which claim of the key it is: whoever was taken for dead has another than who came after.
    pub attempt: i32,
}

tokio::task_local! {
    static DOING: Option<ClaimedKey>;
}

impl ClaimedKey {
    /// Does what the request asks for. The first unit of work that changes something, and begins within `work`, notes that with its
    /// commit: from then on the request is not done again. A refusal that is written down is no change. Once somebody else has claimed the key
    /// that commit fails, and changes nothing.
    pub async fn doing<F: Future>(self, work: F) -> F::Output {
        DOING.scope(Some(self), work).await
    }

    /// What is being done here, if it is for a keyed request.
    pub fn current() -> Option<Self> {
        DOING.try_with(Clone::clone).ok().flatten()
    }
}

/// Does what is due anyway, whoever finds it so: it is nothing that the request asks for, which may yet be refused.
pub(crate) async fn aside<F: Future>(work: F) -> F::Output {
    DOING.scope(None, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_aside_belongs_to_no_keyed_request() {
        let request = KeyedRequest {
            caller: [1; 32],
            key: "k".to_owned(),
            fingerprint: [2; 32],
            precondition: [3; 32],
        };
        let claimed = ClaimedKey { request, attempt: 1 };
        assert_eq!(ClaimedKey::current(), None);
        let seen = claimed.clone().doing(async {
            let aside = aside(async { ClaimedKey::current() }).await;
            (ClaimedKey::current(), aside)
        });
        assert_eq!(seen.await, (Some(claimed), None));
    }
}
