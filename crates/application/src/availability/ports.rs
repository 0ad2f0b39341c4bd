//! What is kept of agents.

use async_trait::async_trait;
use rollcall_domain::{
    EscalationId, OrganizationId, UserId,
    availability::{Agent, Cause, Change, Choice, Status},
    secret::TokenHash,
};
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError, sessions::Live};

/// An agent as others see them.
#[derive(Debug, Clone)]
pub struct ListedAgent {
    /// The agent; somebody who has never said that they are there is gone.
    pub agent: Agent,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// How many calls they hold.
    pub calls: usize,
    /// Whether they may not work here at this moment.
    pub kept_out: bool,
}

impl ListedAgent {
    /// What they are.
    pub fn status(&self, now: OffsetDateTime) -> Status {
        if self.kept_out { Status::Offline } else { self.agent.status(self.calls, now) }
    }

    /// Why.
    pub fn cause(&self, now: OffsetDateTime) -> Cause {
        let gone = self.agent.chosen != Choice::Offline && !self.agent.is_there(now);
        if gone { Cause::HeartbeatMissed } else { self.agent.cause }
    }

    /// Since when.
    pub fn since(&self, now: OffsetDateTime) -> OffsetDateTime {
        let unwritten = self.agent.chosen != Choice::Offline && self.agent.alive_until <= now;
        if unwritten { self.agent.alive_until.max(self.agent.since) } else { self.agent.since }
    }
}

/// A time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// From then,
    pub since: OffsetDateTime,
    /// until before then.
    pub until: OffsetDateTime,
}

/// For how long somebody was something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// Who,
    pub user: UserId,
    /// what,
    pub status: Status,
    /// and for how many seconds altogether.
    pub seconds: f64,
}

/// Reads the agents of the scope's organization.
#[async_trait]
pub trait AvailabilityView {
    /// A page of its agents: everybody whose role is one of an agent, by their ids.
    async fn agents_page(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        page: &PageRequest<UserId>,
    ) -> Result<Page<ListedAgent, UserId>, StoreError>;

    /// One of them.
    async fn agent_find(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<Option<ListedAgent>, StoreError>;

    /// For how long whoever was an agent in a time was what, by their ids.
    async fn availability_spells(
        &mut self,
        organization: OrganizationId,
        user: Option<UserId>,
        period: Period,
    ) -> Result<Vec<Spell>, StoreError>;

    /// What the scope's account is as an agent, wherever it is one.
    async fn agents_of(&mut self, user: UserId) -> Result<Vec<(OrganizationId, Agent)>, StoreError>;

    /// Why somebody may not work here at this moment, if they may not.
    async fn agent_kept_out(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Cause>, StoreError>;

    /// The agents of whom something is due: they are gone, may not work any more, or hold what has lapsed.
    async fn agents_due(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Vec<UserId>, StoreError>;

    /// The agents that hold what has lapsed.
    async fn agents_lapsed(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Vec<UserId>, StoreError>;
}

/// Changes the agents of the scope's organization.
#[async_trait]
pub trait Availability: AvailabilityView {
    /// Adds an agent, unless they are there.
    async fn agent_add(&mut self, organization: OrganizationId, agent: &Agent) -> Result<(), StoreError>;

    /// An agent, locked until the end of the transaction. Whatever they hold changes under this lock.
    async fn agent_lock(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Agent>, StoreError>;

    /// Locks a membership before its agent, as whoever acts by it does.
    async fn agent_membership_lock(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<(), StoreError>;

    /// Saves an agent.
    async fn agent_save(&mut self, organization: OrganizationId, agent: &Agent) -> Result<(), StoreError>;

    /// Writes a change of somebody's status down for good.
    async fn availability_note(
        &mut self,
        organization: OrganizationId,
        change: &Change,
        version: i32,
    ) -> Result<(), StoreError>;

    /// The agents who have not said that they are gone, by their ids.
    async fn agents_in(&mut self, organization: OrganizationId) -> Result<Vec<UserId>, StoreError>;

    /// Where the scope's account is an agent who has not gone, and has no live session any more: by their ids. Since its sessions have
    /// ended in this transaction, the agents are locked.
    async fn agents_signed_out(
        &mut self,
        user: UserId,
        live: Live,
    ) -> Result<Vec<OrganizationId>, StoreError>;
}

/// What agents' devices say all the time. It leaves no events: nothing that anybody sees is changed by it.
#[async_trait]
pub trait Pulse: Send + Sync {
    /// Notes that an agent is there, and renews their leases. Whoever is gone stays so.
    async fn beat(
        &self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
        alive_until: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Renews a lease that has not run out; gives back until when it is good.
    async fn renew(
        &self,
        organization: OrganizationId,
        user: UserId,
        escalation: EscalationId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError>;
}

/// Finds out where something is due.
#[async_trait]
pub trait DueAgents: Send + Sync {
    /// The organizations.
    async fn due(&self, now: OffsetDateTime) -> Result<Vec<OrganizationId>, StoreError>;
}
