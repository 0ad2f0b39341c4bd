//! What is kept of agents.

use async_trait::async_trait;
use rollcall_domain::{
    EscalationId, OrganizationId, Permission, PermissionSet, UserId, Version,
    availability::{Agent, AgentStatus, Cause, Choice, StatusChange},
    secret::TokenHash,
};
use time::{Duration, OffsetDateTime};

use crate::{Page, PageRequest, ports::StoreError, sessions::LiveSessions};

/// An agent as others see them.
#[derive(Debug, Clone)]
pub struct ListedAgent {
    /// The agent; somebody who has never said that they are there is gone.
    pub agent: Agent,
    /// When they came into the organization.
    pub joined_at: OffsetDateTime,
    /// Their name.
    pub name: String,
    /// Their address; none for whoever may not see it.
    pub email: Option<String>,
    /// How many calls they hold, from 0.
    pub calls: usize,
    /// Why they may not work here at this moment, if they may not.
    pub kept_out: Option<Cause>,
    /// The moment that they are seen at.
    pub at: OffsetDateTime,
}

impl ListedAgent {
    /// Which version it is, for `If-Match`. Whoever has been removed and is back is another agent.
    pub fn version(&self) -> Version {
        Version::since(self.joined_at, self.agent.version)
    }

    /// What they are at that moment: offline where they may not work here, whatever they have chosen.
    pub fn status(&self) -> AgentStatus {
        if self.kept_out.is_some() { AgentStatus::Offline } else { self.agent.status(self.calls, self.at) }
    }

    /// Why. Whoever has gone before they were kept out has gone for that.
    pub fn cause(&self) -> Cause {
        match self.agent.chosen {
            Choice::Offline => self.agent.cause,
            Choice::Available | Choice::Away if !self.agent.is_there(self.at) => Cause::HeartbeatMissed,
            Choice::Available | Choice::Away => self.kept_out.unwrap_or(self.agent.cause),
        }
    }

    /// Since when they have been that, by the database's clock; at the latest the moment that they are seen at.
    pub fn since(&self) -> OffsetDateTime {
        match self.agent.chosen {
            Choice::Offline => self.agent.since,
            Choice::Available | Choice::Away if !self.agent.is_there(self.at) => {
                self.agent.alive_until.max(self.agent.since)
            }
            // Nobody has written it down yet, and until then it is not known more exactly.
            Choice::Available | Choice::Away if self.kept_out.is_some() => self.at,
            Choice::Available | Choice::Away => self.agent.since,
        }
    }

    /// As it is shown to whoever holds these permissions, and is the agent or is not: addresses are for whoever may see the team, and
    /// everybody's own is theirs to see.
    pub(super) fn shown_to(mut self, permissions: PermissionSet, is_the_agent: bool) -> Self {
        let sees = is_the_agent || permissions.contains(Permission::TeamRead);
        self.email = self.email.filter(|_| sees);
        self
    }
}

/// How much waits altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingCalls {
    /// How many calls, of all organizations together.
    pub calls: u64,
    /// For how long the one that has waited for longest.
    pub longest: Duration,
    /// For how long something has been due that nobody has written down.
    pub due: Duration,
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
    pub status: AgentStatus,
    /// and for how many seconds altogether.
    pub seconds: f64,
}

/// Reads the agents of the scope's organization. Whether somebody can come also depends on their sessions, which go by each node's own
/// clock.
#[async_trait]
pub trait AvailabilityView {
    /// Now, on the clock that all nodes share: the database's. Whatever is written down of agents and of what waits for them, and
    /// compared with that, goes by it.
    async fn moment(&mut self) -> Result<OffsetDateTime, StoreError>;

    /// A page of its agents: everybody whose role is one of an agent, by their ids.
    async fn agents_page(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
        page: &PageRequest<UserId>,
    ) -> Result<Page<ListedAgent, UserId>, StoreError>;

    /// One of them.
    async fn agent_find(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
        live: LiveSessions,
    ) -> Result<Option<ListedAgent>, StoreError>;

    /// Whether somebody is an agent of it, or was while it was still known who was what.
    async fn agent_is_known(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<bool, StoreError>;

    /// For how long whoever was an agent in a time was what, by their ids: of one user, or of everybody.
    async fn availability_spells(
        &mut self,
        organization: OrganizationId,
        user: Option<UserId>,
        period: Period,
    ) -> Result<Vec<Spell>, StoreError>;

    /// What the scope's account is as an agent, wherever it is one.
    async fn agents_of(&mut self, user: UserId) -> Result<Vec<(OrganizationId, Agent)>, StoreError>;

    /// Why somebody may not work here at this moment, if they may not: whoever has no live session cannot come.
    async fn agent_kept_out(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        live: LiveSessions,
    ) -> Result<Option<Cause>, StoreError>;

    /// The agents of whom something is due: they are gone, may not work any more, or hold what has lapsed.
    async fn agents_due(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
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

    /// Saves an agent.
    async fn agent_save(&mut self, organization: OrganizationId, agent: &Agent) -> Result<(), StoreError>;

    /// Writes a change of somebody's status down for good.
    async fn availability_note(
        &mut self,
        organization: OrganizationId,
        change: &StatusChange,
        version: i32,
    ) -> Result<(), StoreError>;

    /// Takes away what agents have written beside their status.
    async fn agents_forget_notes(&mut self, organization: OrganizationId) -> Result<(), StoreError>;

    /// The agents who have not said that they are gone, by their ids.
    async fn agents_in(&mut self, organization: OrganizationId) -> Result<Vec<UserId>, StoreError>;

    /// Where the scope's account is an agent who has not gone, and has no live session any more: by their ids. Since its sessions have
    /// ended in this transaction, the agents are locked.
    async fn agents_signed_out(
        &mut self,
        user: UserId,
        live: LiveSessions,
    ) -> Result<Vec<OrganizationId>, StoreError>;
}

/// What agents' devices say all the time. It leaves no events: nothing that anybody sees is changed by it.
#[async_trait]
pub trait Pulse: Send + Sync {
    /// Notes that an agent is there for so long, on the clock that all nodes share, and renews their leases. Whoever is gone stays so.
    /// Gives back what they have chosen, unless they are gone.
    async fn beat(
        &self,
        organization: OrganizationId,
        user: UserId,
        alive: Duration,
    ) -> Result<Option<Choice>, StoreError>;

    /// Renews a lease that has not run out, on the same clock; gives back until when it is good.
    async fn renew(
        &self,
        organization: OrganizationId,
        user: UserId,
        escalation: EscalationId,
        token: TokenHash,
    ) -> Result<Option<OffsetDateTime>, StoreError>;
}

/// Finds out where something is due, on the clock that all nodes share.
#[async_trait]
pub trait DueAgents: Send + Sync {
    /// The organizations in which agents are gone or may not work any more, or something has waited or was held for too long.
    async fn due(&self, live: LiveSessions) -> Result<Vec<OrganizationId>, StoreError>;
}

/// Tells how much waits in all organizations, on the same clock.
#[async_trait]
pub trait QueueDepth: Send + Sync {
    /// How much waits now; nothing of whose it is.
    async fn waiting(&self) -> Result<WaitingCalls, StoreError>;
}
