//! What has run out is not kept for ever.

use async_trait::async_trait;
use rollcall_domain::tokens::KeyPurpose;
use time::{Duration, OffsetDateTime};

use super::StoreError;

/// Forgets what has run out. A narrow door of its own beside the units of work: nothing that anybody could still use
/// is changed, so no event is left. Much goes in portions: what was forgotten stays so when a later one fails.
#[async_trait]
pub trait Expiry: Send + Sync {
    /// Forgets sessions that ended by their age; gives back how many.
    async fn forget_sessions(&self, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets requests for another password that ran out; gives back how many.
    async fn forget_password_resets(&self, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets requests for another address that ran out; gives back how many.
    async fn forget_email_changes(&self, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets sign-ups that nobody has completed in time, with the names and addresses in them; gives back how many.
    async fn forget_signups(&self, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets challenges that ran out, and seeds that were shown and never confirmed; gives back how many.
    async fn forget_second_factors(&self, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets signing keys that retired so long ago that nothing they signed is good at `now`; gives back how many.
    async fn forget_signing_keys(&self, purpose: KeyPurpose, now: OffsetDateTime) -> Result<u64, StoreError>;

    /// Forgets who was what more than so long ago, on the clock that all nodes share, but nothing of suspended organizations. Of each agent
    /// the last before that stays. Gives back how many changes.
    async fn forget_availability(&self, kept: Duration) -> Result<u64, StoreError>;
}
