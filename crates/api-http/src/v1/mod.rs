//! The endpoints, one per file, in the rooms that every crate has.

use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;

mod accounts;
mod api_keys;
pub(crate) mod audit;
mod authorization;
mod availability;
mod calls;
mod escalations;
mod invitations;
mod members;
mod objects;
mod operator;
mod organizations;
mod passkeys;
mod plans;
pub(crate) mod recordings;
mod revocations;
mod second_factors;
mod security;
mod sessions;
mod stream;
mod tokens;
mod webhooks;

pub(crate) use audit::NoRow;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(passkeys::routes())
        .merge(sessions::routes())
        .merge(second_factors::routes())
        .merge(tokens::routes())
        .merge(organizations::routes())
        .merge(security::routes())
        .merge(plans::routes())
        .merge(audit::routes())
        .merge(operator::routes())
        .merge(authorization::routes())
        .merge(recordings::routes())
        .merge(revocations::routes())
        .merge(stream::routes())
        .merge(webhooks::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(api_keys::routes())
        .merge(calls::routes())
        .merge(availability::routes())
        .merge(escalations::routes())
}
