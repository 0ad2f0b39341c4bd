//! The audit log.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod report;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(report::report_events))
}
