//! The endpoints, one per file, in the rooms that every crate has.

use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;

mod accounts;
mod api_keys;
mod authorization;
mod invitations;
mod members;
mod objects;
mod organizations;
mod sessions;
mod tokens;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(sessions::routes())
        .merge(tokens::routes())
        .merge(organizations::routes())
        .merge(authorization::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(api_keys::routes())
}
