//! What a person may read of the audit logs: the events that they made happen, or that happened to them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_domain::{EventId, OrganizationId, UserId};
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError};

/// Where an event stands in the order in which all of them were written.
pub type Position = i64;

/// An event that an account made happen, or that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    /// Where it stands.
    pub position: Position,
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
        page: &PageRequest<Position>,
    ) -> Result<Page<OwnEvent, Position>, StoreError>;
}
