use axum::extract::State;
use http::StatusCode;
use rollcall_application::sessions;

use super::show::person;
use crate::{api::Api, credential::Enrollee, etag::IfMatch, problem::Result};

/// Signs out: ends the current session.
#[utoipa::path(delete, path = "/v1/session", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])),
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "Signed out")))]
pub(super) async fn sign_out(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    if_match: IfMatch,
) -> Result<StatusCode> {
    // What is shown of it was read a moment ago, with its credential: there is nothing to lock.
    if_match.holds_for(&person(&api, &actor))?;
    sessions::sign_out(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
