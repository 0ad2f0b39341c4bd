//! What happens in an organization, told live.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod watch;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(watch::watch))
}
