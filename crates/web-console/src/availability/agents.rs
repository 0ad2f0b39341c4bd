//! The agents as the board lists them.

use rollcall_application::{
    PageRequest,
    availability::{self, ListedAgent},
};
use rollcall_domain::{
    Permission, UserId,
    availability::{AgentStatus, Cause},
};

use crate::{callers::Caller, moment::Moment, refused::Refused, texts::Texts};

/// As many as one page of the list takes; the board shows no more.
const MOST: u16 = 200;

/// An agent as the board lists them.
pub(super) struct Listed {
    pub(super) user: UserId,
    pub(super) name: String,
    pub(super) status: Shown,
    pub(super) since: Moment,
    pub(super) note: Option<String>,
    pub(super) calls: usize,
    pub(super) capacity: u16,
    pub(super) skills: String,
    pub(super) myself: bool,
    /// Where they are managed, by whoever may.
    pub(super) manage: Option<String>,
}

/// A status in words, and how it looks.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    status: AgentStatus,
    pub(super) text: &'static str,
    pub(super) look: &'static str,
    /// Why, where that says more than the status.
    pub(super) because: Option<&'static str>,
}

impl Shown {
    /// What an agent is.
    pub(super) fn of(t: Texts, listed: &ListedAgent) -> Self {
        let status = listed.status();
        let (text, look) = match status {
            AgentStatus::Available => (t.status_available(), "good"),
            AgentStatus::Busy => (t.status_busy(), "mind"),
            AgentStatus::Away => (t.status_away(), "mind"),
            AgentStatus::Offline => (t.status_offline(), ""),
        };
        let because = match listed.cause() {
            // Also of whoever has never been there.
            Cause::Chosen | Cause::Calls | Cause::Removed => None,
            Cause::Forced => Some(t.because_forced()),
            Cause::HeartbeatMissed => Some(t.because_not_heard()),
            Cause::NoAnswer => Some(t.because_no_answer()),
            Cause::SignedOut => Some(t.because_signed_out()),
            Cause::RoleChanged => Some(t.because_role_changed()),
            Cause::Suspended => Some(t.because_suspended()),
            Cause::MfaDeadline => Some(t.because_mfa()),
        };
        Self { status, text, look, because }
    }

    fn rank(self) -> u8 {
        match self.status {
            AgentStatus::Available => 0,
            AgentStatus::Busy => 1,
            AgentStatus::Away => 2,
            AgentStatus::Offline => 3,
        }
    }
}

/// The agents, whoever can take a call first; and whether there are more than the board shows.
pub(super) async fn agents(caller: &Caller) -> Result<(Vec<Listed>, bool), Refused> {
    let request = PageRequest { limit: MOST, after: None };
    let page = availability::list(&caller.console.app, &caller.principal(), &request).await?;
    let manages = caller.may(Permission::AvailabilityManage);
    let listed = |listed: ListedAgent| Listed {
        user: listed.agent.user,
        status: Shown::of(caller.t, &listed),
        since: caller.times.show(listed.since()),
        note: listed.agent.note.as_ref().map(ToString::to_string),
        calls: listed.calls,
        capacity: listed.agent.capacity.calls(),
        skills: listed.agent.skills.names().join(", "),
        myself: listed.agent.user == caller.actor.user_id(),
        manage: manages.then(|| format!("/live/agents/{}", listed.agent.user)),
        name: listed.name,
    };
    let mut agents: Vec<Listed> = page.entries.into_iter().map(listed).collect();
    agents.sort_by(|a, b| a.status.rank().cmp(&b.status.rank()).then_with(|| a.name.cmp(&b.name)));
    Ok((agents, page.next.is_some()))
}
