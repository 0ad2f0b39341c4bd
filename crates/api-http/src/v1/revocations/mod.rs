//! What is not good any more, for services beside Rollcall that remember what they were told.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod follow;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(follow::follow_revocations))
}
