use axum::extract::State;
use rollcall_application::second_factors::{self, Presented};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::RecoveryCodesAnswer;
use crate::{api::Api, body::Json, credential::Enrollee, etag::Untagged, problem::Result};

/// The code that the app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmTotpRequest {
    #[schema(example = "287082")]
    code: String,
}

/// Turns on the authenticator app that was begun in this session.
///
/// If it is the account's first second factor, all other sessions of the account end.
#[utoipa::path(post, path = "/v1/me/mfa/totp/confirm", tag = "Own account", security(("session" = []), ("cookie" = [])),
    request_body = ConfirmTotpRequest,
    responses((status = 200, description = "On; new recovery codes", body = RecoveryCodesAnswer)))]
pub(super) async fn confirm_totp(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    _: Untagged,
    Json(request): Json<ConfirmTotpRequest>,
) -> Result<axum::Json<RecoveryCodesAnswer>> {
    let codes = second_factors::confirm_totp(&api.app, &actor, Presented::totp(&request.code)).await?;
    Ok(axum::Json(codes.into()))
}
