//! What is kept of escalations.

use async_trait::async_trait;
use rollcall_domain::{
    CallId, EscalationId, OrganizationId, UserId,
    availability::Skills,
    escalations::{Escalation, EscalationSettings, EscalationStatus, Priority},
};
use time::{Duration, OffsetDateTime};

use crate::{Page, PageRequest, ports::StoreError, sessions::LiveSessions};

/// Which escalations are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EscalationFilter {
    /// Only those that have come so far. Those that wait come in the order of the queue, all others the latest first.
    pub status: Option<EscalationStatus>,
}

/// An escalation's place among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationKey {
    /// How urgent it is.
    pub priority: Priority,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// Which one, among those that began at the same moment.
    pub id: EscalationId,
}

/// An escalation as it is at a moment.
#[derive(Debug, Clone)]
pub struct ShownEscalation {
    /// The escalation.
    pub escalation: Escalation,
    /// Its place among those that wait in its organization, from 1; none once it waits no more.
    pub position: Option<u32>,
    /// The moment it is shown at, by the database's clock.
    pub at: OffsetDateTime,
}

impl ShownEscalation {
    /// For how long it has waited, or did.
    pub fn waited(&self) -> Duration {
        let now = self.at;
        let Escalation { created_at, claimed_at, ended_at, status, .. } = &self.escalation;
        let until = match status {
            EscalationStatus::Waiting | EscalationStatus::Offered | EscalationStatus::Callback => now,
            EscalationStatus::Claimed | EscalationStatus::Resolved => claimed_at.unwrap_or(now),
            EscalationStatus::Abandoned | EscalationStatus::Unanswered => ended_at.unwrap_or(now),
        };
        (until - *created_at).max(Duration::ZERO)
    }

    /// What it is sorted by, and where a page of escalations goes on.
    pub const fn key(&self) -> EscalationKey {
        let Escalation { priority, created_at, id, .. } = self.escalation;
        EscalationKey { priority, created_at, id }
    }
}

/// Reads the escalations of the scope's organization.
#[async_trait]
pub trait EscalationsView {
    /// An escalation.
    async fn escalation_find(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
        now: OffsetDateTime,
    ) -> Result<Option<ShownEscalation>, StoreError>;

    /// Who holds one at this moment.
    async fn escalation_holder(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
        now: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError>;

    /// A page of those that fit.
    async fn escalations_page(
        &mut self,
        organization: OrganizationId,
        filter: EscalationFilter,
        now: OffsetDateTime,
        page: &PageRequest<EscalationKey>,
    ) -> Result<Page<ShownEscalation, EscalationKey>, StoreError>;

    /// How calls are handed to agents.
    async fn escalation_settings(
        &mut self,
        organization: OrganizationId,
    ) -> Result<EscalationSettings, StoreError>;
}

/// Changes the escalations of the scope's organization.
#[async_trait]
pub trait Escalations: EscalationsView {
    /// Adds one. The call is locked, and does not wait yet.
    ///
    /// # Errors
    /// [`StoreError::CallWaits`] when it does.
    async fn escalation_add(
        &mut self,
        organization: OrganizationId,
        escalation: &Escalation,
    ) -> Result<(), StoreError>;

    /// The one that a call waits in, locked until the end of the transaction.
    async fn escalation_of_call_lock(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<Escalation>, StoreError>;

    /// One, locked until the end of the transaction. Whoever locks its agent does that before.
    async fn escalation_lock(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
    ) -> Result<Option<Escalation>, StoreError>;

    /// The next that whoever has these skills can take, locked; what others are about to take is passed over, and what has waited for too
    /// long.
    async fn escalation_next_lock(
        &mut self,
        organization: OrganizationId,
        skills: &Skills,
        now: OffsetDateTime,
    ) -> Result<Option<Escalation>, StoreError>;

    /// All that an agent holds, locked, who is locked.
    async fn escalations_held_lock(
        &mut self,
        organization: OrganizationId,
        agent: UserId,
    ) -> Result<Vec<Escalation>, StoreError>;

    /// Some of those that have waited for too long, locked; what others work at is passed over.
    async fn escalations_overdue_lock(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<Escalation>, StoreError>;

    /// Saves one, and counts its version up.
    ///
    /// # Errors
    /// [`StoreError::CallWaits`] when it is opened again, and its call waits in another.
    async fn escalation_save(
        &mut self,
        organization: OrganizationId,
        escalation: &Escalation,
    ) -> Result<(), StoreError>;

    /// What is to be offered next, and to whom: the first in the queue that somebody can take, and who has been idle for longest of those
    /// who can. Whoever else assigns in the organization waits until the end of the transaction. Nothing, where it is not automatic.
    async fn escalation_to_offer(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
    ) -> Result<Option<(EscalationId, UserId)>, StoreError>;

    /// How calls are handed to agents, locked until the end of the transaction, also where nobody has changed it yet.
    async fn escalation_settings_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<EscalationSettings, StoreError>;

    /// Saves how calls are handed to agents, under that lock.
    async fn escalation_settings_save(
        &mut self,
        organization: OrganizationId,
        settings: &EscalationSettings,
    ) -> Result<(), StoreError>;
}
