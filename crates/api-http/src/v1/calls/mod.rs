//! Calls.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod create;
mod list;
mod object;
mod show;
mod update;

pub(super) use object::CallObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_calls, create::create_call))
        .routes(routes!(show::show_call, update::update_call))
}
