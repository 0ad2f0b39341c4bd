use axum::extract::State;
use rollcall_application::passkeys;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PasskeyObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::Enrollee,
    etag::Untagged,
    id_path::IdPath,
    problem::Result,
};

/// What of a passkey is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenamePasskeyRequest {
    /// What its owner calls it: 1 to 100 characters.
    #[schema(example = "Grace's phone")]
    name: String,
}

/// Renames one of the caller's passkeys.
#[utoipa::path(patch, path = "/v1/me/mfa/passkeys/{passkey_id}", tag = "Own account",
    security(("session" = []), ("cookie" = [])), request_body = RenamePasskeyRequest,
    params(("passkey_id" = String, Path, example = "pkey_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "Renamed", body = PasskeyObject)))]
pub(super) async fn rename_passkey(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Passkey>,
    Json(request): Json<RenamePasskeyRequest>,
) -> Result<axum::Json<PasskeyObject>> {
    let mut fields = Fields::default();
    let Some(name) = fields.parse("name", &request.name) else { return Err(fields.into_error().into()) };
    let passkey = passkeys::rename(&api.app, &actor, id, name).await?;
    Ok(axum::Json((&passkey).into()))
}
