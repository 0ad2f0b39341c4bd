//! The board itself: the part of the page that changes by itself. It is fetched anew whenever something has changed.

use askama::{Template, filters::HtmlSafe};
use rollcall_domain::{Permission, Role, UserId};

use super::agents::{Listed, agents};
use crate::{
    callers::Caller,
    escalations::{self, Queue},
    form_token::FormStart,
    refused::Refused,
    texts::Texts,
};

/// The board as it is for whoever looks.
#[derive(Template)]
#[template(path = "availability/board.html")]
pub(super) struct Board {
    t: Texts,
    /// Of whoever looks: what is around the board goes by it as well.
    role: Role,
    agents: Vec<Listed>,
    more_agents: bool,
    queue: Option<Queue>,
    /// The form that takes the next call, for whoever may.
    next: Option<FormStart>,
}

// A template of its own, which escapes.
impl HtmlSafe for Board {}

impl Board {
    /// The board at this moment.
    ///
    /// # Errors
    /// [`PermissionDenied`](rollcall_application::Error::PermissionDenied).
    pub(super) async fn of(caller: &Caller) -> Result<Self, Refused> {
        let (agents, more_agents) = agents(caller).await?;
        let queue = match caller.may(Permission::EscalationsRead) {
            true => Some(escalations::queue(caller).await?),
            false => None,
        };
        let next = caller.may(Permission::EscalationsClaim);
        Ok(Self {
            t: caller.t,
            role: caller.role,
            agents,
            more_agents,
            queue,
            next: next.then(|| caller.forms.begin_as("row", "/live/calls/next")),
        })
    }

    /// Whoever looks, if they are an agent.
    fn me(&self) -> Option<&Listed> {
        self.agents.iter().find(|agent| agent.myself)
    }

    /// What somebody is called; nothing for whoever has gone.
    fn name(&self, user: &Option<UserId>) -> &str {
        let agent = self.agents.iter().find(|agent| Some(agent.user) == *user);
        agent.map_or("–", |agent| agent.name.as_str())
    }
}
