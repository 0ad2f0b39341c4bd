//! What is read of the audit log.

use async_trait::async_trait;
use rollcall_domain::OrganizationId;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError};

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Where it stands.
    pub key: EventKey,
    /// Its canonical form, which is JSON.
    pub leaf: String,
    /// What identifies a person in it, by field: each value with the salt of its commitment. Empty once it is erased.
    pub personal: Value,
}

/// Where an event stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKey {
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// In which order it was written.
    pub written: i64,
}

/// Reads the audit log of the scope's organization.
#[async_trait]
pub trait AuditView {
    /// A page of the events, the oldest at its beginning.
    async fn audit_events_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<EventKey>,
    ) -> Result<Page<KeptEvent, EventKey>, StoreError>;
}
