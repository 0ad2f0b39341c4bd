//! Human agents: who can take a call now.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod beat;
mod history;
mod list;
mod manage;
mod object;
mod set;
mod show;

pub(super) use object::AgentObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_agents))
        .routes(routes!(set::set_availability))
        .routes(routes!(beat::beat))
        .routes(routes!(history::availability_history))
        .routes(routes!(show::show_agent, manage::manage_agent))
}
