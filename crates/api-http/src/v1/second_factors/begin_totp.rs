use axum::extract::State;
use rollcall_application::second_factors;
use serde::Serialize;
use utoipa::ToSchema;

use super::qr::qr_svg;
use crate::{
    api::Api,
    body::NoFields,
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// What an authenticator app is given, shown at this moment only.
#[derive(Serialize, ToSchema)]
pub(super) struct TotpEnrolment {
    /// The seed, in base32, for apps that read no pictures.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same with the names of the service and the account.
    #[schema(
        example = "otpauth://totp/Rollcall:grace%40navy.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rollcall"
    )]
    otpauth_uri: String,
    /// That as a QR code: an SVG element.
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\">…</svg>")]
    qr_svg: String,
}

/// Begins to set up an authenticator app, and returns its seed.
///
/// It is not on until a code confirms it (`POST /v1/me/mfa/totp/confirm`), in the same session and within 15 minutes; beginning
/// again returns another seed. Codes are those of RFC 6238: SHA-1, six digits, thirty seconds. Requires a fresh proof of identity
/// (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/mfa/totp", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "What the app is given", body = TotpEnrolment)))]
pub(super) async fn begin_totp(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    _: NoFields,
) -> Result<axum::Json<TotpEnrolment>> {
    let enrolment = second_factors::begin_totp(&api.app, &actor).await?;
    let uri = enrolment.otpauth_uri.expose();
    Ok(axum::Json(TotpEnrolment {
        secret: enrolment.secret.expose().to_owned(),
        otpauth_uri: uri.to_owned(),
        qr_svg: qr_svg(uri)?,
    }))
}
