//! API keys.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod create;
mod days;
mod list;
mod object;
mod report;
mod revoke;
mod rotate;
mod show;
mod update;

pub(super) use object::ApiKeyObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_api_keys, create::create_api_key))
        .routes(routes!(report::report_api_key))
        .routes(routes!(show::show_api_key, update::update_api_key, revoke::revoke_api_key))
        .routes(routes!(rotate::rotate_api_key))
        .routes(routes!(days::show_api_key_use))
}
