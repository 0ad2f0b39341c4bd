use axum::extract::State;
use http::StatusCode;
use rollcall_application::sessions;

use crate::{api::Api, credential::Enrollee, problem::Result};

/// Signs out: the session's token is worth nothing from then on.
#[utoipa::path(delete, path = "/v1/session", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])),
    responses((status = 204, description = "Signed out")))]
pub(super) async fn sign_out(State(api): State<Api>, Enrollee(actor): Enrollee) -> Result<StatusCode> {
    sessions::sign_out(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
