use axum::extract::State;
use http::StatusCode;
use rollcall_application::passkeys::{self, Add};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{PasskeyObject, credential};
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// A passkey that a device has made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddPasskeyRequest {
    /// What its owner calls it: 1 to 100 characters.
    #[schema(example = "Grace's phone")]
    name: String,
    /// What `navigator.credentials.create` gives, as JSON.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
}

/// A passkey was added.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedPasskey {
    #[serde(flatten)]
    passkey: PasskeyObject,
    /// Each lets its owner in once without the passkey. They are shown at this moment only; null unless the passkey is the account's
    /// first second factor.
    #[schema(example = json!(["01234-56789-abcde-fghjk-mnpqr"]))]
    recovery_codes: Option<Vec<String>>,
}

/// Adds a passkey to the caller's account.
///
/// If it is the account's first second factor, all other sessions of the account end. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/mfa/passkeys", tag = "Own account",
    security(("session" = []), ("cookie" = [])), request_body = AddPasskeyRequest,
    responses((status = 201, description = "Added", body = AddedPasskey)))]
pub(super) async fn add_passkey(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    Json(request): Json<AddPasskeyRequest>,
) -> Result<(StatusCode, axum::Json<AddedPasskey>)> {
    let mut fields = Fields::default();
    let Some(name) = fields.parse("name", &request.name) else { return Err(fields.into_error().into()) };
    let command = Add { name, credential: credential(request.credential) };
    let added = passkeys::add(&api.app, &actor, command).await?;
    let codes = added.recovery_codes;
    let answer = AddedPasskey {
        passkey: (&added.passkey).into(),
        recovery_codes: codes
            .map(|codes| codes.iter().map(|code| code.grouped().expose().to_owned()).collect()),
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}
