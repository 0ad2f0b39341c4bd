//! Second factors of one's own account. The page of them is also where whoever must set one up first is sent.

use axum::routing::{get, post};

use crate::routes::Routes;

mod begin_totp;
mod confirm_totp;
mod disable_totp;
mod qr;
mod recovery_codes;
mod renew_recovery_codes;
mod show;

pub(crate) use recovery_codes::RecoveryCodesPage;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/account/second-factor", get(show::show))
        .route("/account/second-factor/app", get(show::again).post(begin_totp::submit))
        .route("/account/second-factor/app/confirm", get(show::again).post(confirm_totp::submit))
        .route("/account/second-factor/app/off", post(disable_totp::submit))
        .route("/account/second-factor/recovery-codes", get(show::again).post(renew_recovery_codes::submit))
}
