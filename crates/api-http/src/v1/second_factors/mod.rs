//! One's own second factors.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod begin_totp;
mod confirm_totp;
mod disable_totp;
mod object;
mod qr;
mod renew_recovery_codes;
mod show;

pub(super) use object::SecondFactorsObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show::show_my_mfa))
        .routes(routes!(begin_totp::begin_totp, disable_totp::disable_totp))
        .routes(routes!(confirm_totp::confirm_totp))
        .routes(routes!(renew_recovery_codes::renew_recovery_codes))
}
