use axum::extract::State;
use rollcall_application::webhooks;
use rollcall_domain::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use super::object::tag_name;
use crate::{api::Api, body::NoFields, credential::Caller, etag::IfMatch, problem::Result};

/// What is on its way once more.
#[derive(Serialize, ToSchema)]
pub(super) struct Resent {
    /// How many events.
    #[schema(example = 3)]
    deliveries: u64,
}

/// Sends the events that were given up again, to the current webhook, as if they had never been tried.
#[utoipa::path(post, path = "/v1/escalations/webhook/resend", tag = "Live events",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "What is on its way once more", body = Resent)))]
pub(super) async fn resend_webhook(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::SecurityManage as u8 }>,
    if_match: IfMatch,
    NoFields: NoFields,
) -> Result<axum::Json<Resent>> {
    let deliveries = webhooks::resend(&api.app, &actor, &if_match.precondition(tag_name(&actor))).await?;
    Ok(axum::Json(Resent { deliveries }))
}
