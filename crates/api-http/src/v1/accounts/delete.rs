use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts;

use crate::{
    api::Api,
    body::NoFields,
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// Deletes the caller's account.
///
/// The account leaves every organization, and everything that identifies the person is erased. While an organization would be
/// left without an Owner, the answer is 409 `last_owner`, which names it in `organizations`. Requires a fresh proof of identity
/// (`POST /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/me", tag = "Own account",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "Deleted")))]
pub(super) async fn delete_me(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller>,
    if_match: IfMatch,
    _: NoFields,
) -> Result<StatusCode> {
    accounts::delete(&api.app, &actor, &if_match.precondition(actor.user_id())).await?;
    Ok(StatusCode::NO_CONTENT)
}
