use axum::extract::State;
use rollcall_application::second_factors;

use super::object::RecoveryCodesAnswer;
use crate::{
    api::Api,
    body::NoFields,
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// Makes ten new recovery codes; the old ones are void. Needs a fresh proof of who one is.
#[utoipa::path(post, path = "/v1/me/mfa/recovery-codes", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The new codes", body = RecoveryCodesAnswer)))]
pub(super) async fn renew_recovery_codes(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    _: NoFields,
) -> Result<axum::Json<RecoveryCodesAnswer>> {
    let codes = second_factors::renew_recovery_codes(&api.app, &actor).await?;
    Ok(axum::Json(codes.into()))
}
