//! Access tokens, for services beside Rollcall.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod introspect;
mod issue;
mod publish;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(issue::issue_access_token))
        .routes(routes!(introspect::introspect_token))
        .routes(routes!(publish::show_signing_keys))
}
