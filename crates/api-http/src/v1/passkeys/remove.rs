use axum::extract::State;
use http::StatusCode;
use rollcall_application::passkeys;

use crate::{
    api::Api,
    credential::{Enrollee, Proven},
    etag::Untagged,
    id_path::IdPath,
    problem::Result,
};

/// Removes one of the caller's passkeys.
///
/// Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/me/mfa/passkeys/{passkey_id}", tag = "Own account",
    security(("session" = []), ("cookie" = [])),
    params(("passkey_id" = String, Path, example = "pkey_01h455vb4pex5vsknk084sn02q")),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove_passkey(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Passkey>,
) -> Result<StatusCode> {
    passkeys::remove(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
