use axum::extract::State;
use http::StatusCode;
use rollcall_application::webhooks;
use rollcall_domain::Permission;

use super::object::tag_name;
use crate::{
    api::Api,
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// Removes the webhook for escalated calls.
///
/// Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/escalations/webhook", tag = "Live events",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "There is no webhook any more")))]
pub(super) async fn remove_webhook(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
    if_match: IfMatch,
) -> Result<StatusCode> {
    webhooks::remove(&api.app, &actor, &if_match.precondition(tag_name(&actor))).await?;
    Ok(StatusCode::NO_CONTENT)
}
