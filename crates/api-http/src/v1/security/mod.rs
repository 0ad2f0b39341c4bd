//! What the organization asks of everybody in it, for the sake of security.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod impact;
mod object;
mod show;
mod update;

pub(super) use object::{MfaDeadlineObject, SecurityObject};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show::show_security, update::update_security))
        .routes(routes!(impact::list_mfa_impact))
}
