//! What is kept of calls.

use async_trait::async_trait;
use rollcall_domain::{
    CallId, OrganizationId,
    calls::{AgentRef, Call, Direction, ExternalId, Party},
};
use time::OffsetDateTime;

use super::MadeAs;
use crate::{Page, PageRequest, ports::StoreError};

/// Which calls are wanted: those to which everything applies that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Those that began then or later.
    pub since: Option<OffsetDateTime>,
    /// Those that began before then.
    pub until: Option<OffsetDateTime>,
    /// Who has called whom.
    pub direction: Option<Direction>,
    /// Who spoke for the organization.
    pub agent_ref: Option<AgentRef>,
    /// Who called.
    pub from: Option<Party>,
    /// Who was called.
    pub to: Option<Party>,
    /// What the platform calls it.
    pub external_id: Option<ExternalId>,
}

/// A call's place among the others: the latest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallKey {
    /// When it began.
    pub started_at: OffsetDateTime,
    /// Which one, among those that began at the same moment.
    pub id: CallId,
}

impl CallKey {
    /// The place of a call.
    pub const fn of(call: &Call) -> Self {
        Self { started_at: call.facts.times.started_at(), id: call.id }
    }
}

/// Reads the calls of the scope's organization.
#[async_trait]
pub trait CallsView {
    /// A call.
    async fn call_find(
        &mut self,
        organization: OrganizationId,
        id: CallId,
    ) -> Result<Option<Call>, StoreError>;

    /// A page of the calls that fit, the latest first.
    async fn calls_page(
        &mut self,
        organization: OrganizationId,
        filter: &CallFilter,
        page: &PageRequest<CallKey>,
    ) -> Result<Page<Call, CallKey>, StoreError>;
}

/// Changes the calls of the scope's organization.
#[async_trait]
pub trait Calls {
    /// Adds a call, unless there is one that the platform calls the same; gives back whether it did. Whoever adds one at the same
    /// moment is waited for.
    async fn call_add(
        &mut self,
        organization: OrganizationId,
        call: &Call,
        made_as: &MadeAs,
    ) -> Result<bool, StoreError>;

    /// The call that the platform calls so, and what was said when it was added.
    async fn call_known_as(
        &mut self,
        organization: OrganizationId,
        external_id: &ExternalId,
    ) -> Result<Option<(Call, MadeAs)>, StoreError>;

    /// A call, locked until the end of the transaction.
    async fn call_lock(
        &mut self,
        organization: OrganizationId,
        id: CallId,
    ) -> Result<Option<Call>, StoreError>;

    /// Saves what is known about a call, and counts its version up.
    async fn call_save(&mut self, organization: OrganizationId, call: &Call) -> Result<(), StoreError>;
}
