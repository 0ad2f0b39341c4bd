//! What is read of the audit logs: an organization's own, and by a person the events that they made happen, or that happened to
//! them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_domain::{EventId, OrganizationId, UserId};
use serde_json::Value;
use time::OffsetDateTime;

use super::EventLine;
use crate::{Page, PageRequest, ports::StoreError};

/// An event as it is kept, without what identifies persons in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLeaf {
    /// Where it stands.
    pub key: EventKey,
    /// Its canonical form, which is JSON.
    pub leaf: String,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
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
    ) -> Result<Page<KeptLeaf, EventKey>, StoreError>;

    /// What still identifies persons in some events, by the position at which each was written: by field, each value with the salt of
    /// its commitment. Events that are gone are left out.
    async fn audit_events_personal(
        &mut self,
        organization: OrganizationId,
        events: &[EventKey],
    ) -> Result<BTreeMap<WrittenPosition, Value>, StoreError>;
}

/// Where an event stands in the order in which all of them were written.
pub type WrittenPosition = i64;

/// An event that an account made happen, or that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    /// Where it stands.
    pub position: WrittenPosition,
    /// Names the event.
    pub id: EventId,
    /// When.
    pub occurred_at: OffsetDateTime,
    /// In whose log it is; none for the platform's.
    pub organization: Option<OrganizationId>,
    /// What was done or tried.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// Whether the account made it happen.
    pub by_them: bool,
    /// Whether it happened to the account.
    pub about_them: bool,
    /// What changed: the field, and its value before and after.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
    /// What identifies a person, by field, as far as it has not been erased.
    pub personal: BTreeMap<String, String>,
}

/// Reads the events of an account, in whichever log they are.
#[async_trait]
pub trait OwnEvents {
    /// A page of the events that the scope's account made happen, or that happened to it, the oldest first.
    async fn events_of(
        &mut self,
        user: UserId,
        page: &PageRequest<WrittenPosition>,
    ) -> Result<Page<OwnEvent, WrittenPosition>, StoreError>;
}

/// Takes what programs do and report into an organization's log. A narrow door of its own beside the units of work: the events
/// are all that there is to it, and there may be many of them.
#[async_trait]
pub trait AuditIntake: Send + Sync {
    /// Adds events to an organization's log, if it is on, all of them or none; gives back how many are new. One whose id is in the
    /// log already stays as it was. None when the log is off, or the organization is not there: nothing is added then.
    async fn take(
        &self,
        organization: OrganizationId,
        lines: &[EventLine],
    ) -> Result<Option<usize>, StoreError>;
}
