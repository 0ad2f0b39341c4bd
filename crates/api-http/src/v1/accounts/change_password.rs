use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts::{self, ChangePassword};
use rollcall_domain::secret::Password;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    credential::{Caller, Proven},
    etag::Untagged,
    problem::Result,
};

/// The password there is, and the one that is chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePasswordRequest {
    #[schema(example = "correct horse battery staple")]
    current_password: String,
    /// 15 to 1,000 characters of any kind; 8 are enough where a second factor is on.
    #[schema(example = "another horse, another battery")]
    new_password: String,
}

/// Changes the caller's password.
///
/// All other sessions of the account end. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/password", tag = "Own account",
    security(("session" = []), ("cookie" = [])), request_body = ChangePasswordRequest,
    responses((status = 204, description = "Changed")))]
pub(super) async fn change_my_password(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller>,
    _: Untagged,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<StatusCode> {
    let mut fields = Fields::default();
    let current = fields.check("current_password", Password::checked(&request.current_password));
    let new = fields.check("new_password", Password::checked(&request.new_password));
    let (Some(current), Some(new)) = (current, new) else { return Err(fields.into_error().into()) };
    accounts::change_password(&api.app, &actor, ChangePassword { current, new }).await?;
    Ok(StatusCode::NO_CONTENT)
}
