//! Removing what is left of organizations whose time is over.

use async_trait::async_trait;
use rollcall_domain::OrganizationId;
use time::OffsetDateTime;

use super::StoreError;

/// Removes rows of organizations that were deleted long enough ago. A narrow door of its own beside the units of work:
/// nobody can reach these rows any more, and what leaves an event is the end of the organization itself.
#[async_trait]
pub trait Purge: Send + Sync {
    /// Up to `limit` organizations that are to be purged at `now`, those that have waited longest first.
    async fn due(&self, now: OffsetDateTime, limit: u16) -> Result<Vec<OrganizationId>, StoreError>;

    /// Removes up to `at_most` rows that belong to an organization; gives back how many. None are left besides the
    /// organization itself when that is 0. None when it is not to be purged at `now`, or not yet by the database's own clock, or somebody
    /// else is at it.
    async fn remove_some(
        &self,
        organization: OrganizationId,
        now: OffsetDateTime,
        at_most: u32,
    ) -> Result<Option<u64>, StoreError>;
}
