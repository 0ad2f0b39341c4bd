//! Calls that wait for a human agent.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod abandon;
mod call_back;
mod claim;
mod create;
mod list;
mod object;
mod release;
mod renew;
mod resolve;
mod settings;
mod show;

pub(super) use object::EscalationObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create::create_escalation))
        .routes(routes!(list::list_escalations))
        .routes(routes!(settings::show_settings, settings::change_settings))
        .routes(routes!(claim::claim_next))
        .routes(routes!(show::show_escalation))
        .routes(routes!(claim::claim_escalation))
        .routes(routes!(renew::renew_lease))
        .routes(routes!(release::release_escalation))
        .routes(routes!(resolve::resolve_escalation))
        .routes(routes!(abandon::abandon_escalation))
        .routes(routes!(call_back::request_callback))
}
