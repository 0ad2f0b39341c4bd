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

/// Deletes one's own account: it leaves every organization, and what identifies its person is erased. Needs a fresh proof of who
/// one is. While an organization would be left without an Owner, 409 `last_owner` names it in `organizations`.
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
