use axum::{extract::State, response::IntoResponse};
use http::header;
use rollcall_application::webhooks;
use rollcall_domain::{Permission, webhooks::WebhookUrl};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ChosenWebhook, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// The webhook for escalated calls.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetWebhookRequest {
    /// The URL: https, and reachable from the internet.
    #[schema(example = "https://example.com/hooks/rollcall")]
    url: String,
}

/// Sets the webhook that is told what becomes of escalated calls, in place of any before.
///
/// It receives `{"type":"escalation.…", "timestamp","data"}`, with the data of live events, signed according to Standard
/// Webhooks. An event is sent again, with growing pauses and ten times at most, until it is answered with a status from 200 to
/// 299. Events may arrive twice, and out of order. `escalation.settings_changed` is among them: how long calls wait, and whether
/// they are offered, is what a platform tells its callers. Setting the webhook again gives it a new secret. Requires a fresh
/// proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(put, path = "/v1/escalations/webhook", tag = "Live events", request_body = SetWebhookRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The webhook, with its secret", body = ChosenWebhook)))]
pub(super) async fn set_webhook(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
    if_match: IfMatch,
    Json(request): Json<SetWebhookRequest>,
) -> Result<impl IntoResponse> {
    let mut fields = Fields::default();
    let url = fields.check("url", WebhookUrl::parse(&request.url, api.app.settings.webhooks));
    let url = url.ok_or_else(|| fields.into_error())?;
    let precondition = if_match.precondition(tag_name(&actor));
    let chosen = webhooks::set(&api.app, &actor, url, &precondition).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(ChosenWebhook::from(chosen))))
}
