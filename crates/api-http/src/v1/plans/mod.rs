//! What the organization pays for, and what that entitles it to.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod billing;
mod change;
mod object;
mod show;

pub(super) use change::ChangePlanRequest;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show::show_plan))
        .routes(routes!(billing::show_billing))
        .routes(routes!(change::change_plan))
}
