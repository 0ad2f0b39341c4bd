//! What the platform's own staff do, with the operator's token.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod list;
mod object;
mod restore;
mod set_plan;
mod show;
mod suspend;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_organizations))
        .routes(routes!(show::show_organization))
        .routes(routes!(set_plan::set_plan))
        .routes(routes!(suspend::suspend_organization))
        .routes(routes!(restore::restore_organization))
}
