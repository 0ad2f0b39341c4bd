//! The organization that one is at work in.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod delete;
mod export;
mod show;
mod update;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show::show_organization, update::update_organization, delete::delete_organization))
        .routes(routes!(export::export_organization))
}
