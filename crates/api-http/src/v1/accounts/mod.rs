//! Signing up, and one's own account.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod complete_sign_up;
mod list_organizations;
mod show;
mod sign_up;
mod update;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sign_up::sign_up))
        .routes(routes!(complete_sign_up::complete_sign_up))
        .routes(routes!(show::show_me, update::update_me))
        .routes(routes!(list_organizations::list_my_organizations))
}
