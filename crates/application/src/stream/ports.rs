//! What is kept of what organizations are told.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_domain::{EventId, OrganizationId, Permission};
use time::OffsetDateTime;

use super::StreamPlace;
use crate::ports::StoreError;

/// Something that was told, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNotice {
    /// Its number in its organization.
    pub sequence: i64,
    /// The event.
    pub event: EventId,
    /// What it is called.
    pub kind: String,
    /// What whoever is told must hold; none when it is a permission that this version does not know, which nobody holds.
    pub permission: Option<Permission>,
    /// What is told: an object, in JSON.
    pub data: String,
}

/// Where there may be something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// In these organizations.
    In(Vec<OrganizationId>),
    /// Anywhere: what has been told may have been missed.
    Anywhere,
}

/// What commits have told. A narrow door of its own beside the units of work, which put it there: it is read in the organization itself,
/// and forgotten as the platform's own bookkeeping, which leaves no event.
#[async_trait]
pub trait StreamEvents: Send + Sync {
    /// Waits until something may have been told since it was last waited for, by any node; at most so long while nothing is heard of
    /// what is told.
    async fn heard(&self, at_most: Duration) -> Heard;

    /// The last place in an organization.
    async fn head(&self, organization: OrganizationId) -> Result<StreamPlace, StoreError>;

    /// Those of some organizations in which there is something after a number.
    async fn ahead(&self, of: &[(OrganizationId, i64)]) -> Result<Vec<OrganizationId>, StoreError>;

    /// Whether a place is one that was given in an organization, and what came after it is still kept.
    async fn is_known(&self, organization: OrganizationId, place: StreamPlace) -> Result<bool, StoreError>;

    /// What an organization was told after a number, in order.
    async fn after(
        &self,
        organization: OrganizationId,
        sequence: i64,
        at_most: u16,
    ) -> Result<Vec<KeptNotice>, StoreError>;

    /// Forgets what happened before a moment, but for each organization's last; gives back how many.
    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}
