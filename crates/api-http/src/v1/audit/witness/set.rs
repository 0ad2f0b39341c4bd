use axum::{extract::State, response::IntoResponse};
use http::header;
use rollcall_application::{Error, audit::witness};
use rollcall_domain::{
    Permission,
    audit::witness::Witness,
    webhooks::{Reach, WebhookUrl},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ChosenWitness, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// Who is to be sent the checkpoints: an address or a URL.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetWitnessRequest {
    /// An address.
    #[schema(example = "auditor@example.com")]
    email: Option<String>,
    /// The URL: https, and reachable from the internet.
    #[schema(example = "https://example.com/hooks/rollcall")]
    url: Option<String>,
}

impl SetWitnessRequest {
    fn witness(&self, reach: Reach) -> std::result::Result<Witness, Error> {
        let mut fields = Fields::default();
        let witness = match (&self.email, &self.url) {
            (Some(email), None) => fields.parse("email", email).map(Witness::Mail),
            (None, Some(url)) => fields.check("url", WebhookUrl::parse(url, reach)).map(Witness::Webhook),
            (Some(_), Some(_)) => fields.check("url", Err("must be left out when there is an email")),
            (None, None) => fields.check("email", Err("must be given, or a url")),
        };
        witness.ok_or_else(|| fields.into_error())
    }
}

/// Chooses the witness: who is sent the checkpoints of the organization's audit log.
///
/// It replaces the witness before. The first checkpoint is sent at once, then one a day. Whoever keeps them can detect that the
/// log was changed afterwards, even by the operator of this service. A webhook receives
/// `{"type":"audit.checkpoint","timestamp","data":{"organization_id","size","checkpoint"}}`, signed according to Standard
/// Webhooks, until it answers with a status from 200 to 299. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(put, path = "/v1/audit/witness", tag = "Audit log", request_body = SetWitnessRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The witness, with the secret of a webhook", body = ChosenWitness)))]
pub(super) async fn set_audit_witness(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
    if_match: IfMatch,
    Json(request): Json<SetWitnessRequest>,
) -> Result<impl IntoResponse> {
    let witness = request.witness(api.app.settings.webhooks)?;
    let precondition = if_match.precondition(tag_name(&actor));
    let chosen = witness::set(&api.app, &actor, witness, &precondition).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(ChosenWitness::from(chosen))))
}
