use axum::{extract::State, response::Response};
use rollcall_application::webhooks;
use rollcall_domain::Permission;

use super::object::{WebhookObject, tag_name};
use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, versioned},
    problem::Result,
};

/// Shows the webhook for escalated calls, and the state of the last events sent to it.
#[utoipa::path(get, path = "/v1/escalations/webhook", tag = "Live events",
    responses((status = 200, description = "The webhook", body = WebhookObject, headers(("ETag" = String)))))]
pub(super) async fn show_webhook(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::SecurityRead as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let shown = webhooks::show(&api.app, &actor).await?;
    let version = shown.kept.version();
    Ok(versioned(tag_name(&actor), version, &known, &WebhookObject::from(shown)))
}
