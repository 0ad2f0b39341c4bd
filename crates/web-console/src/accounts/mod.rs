//! Pages about accounts.

use axum::{Router, routing::get};

use crate::Console;

mod complete_sign_up;
mod confirm_email_change;
mod enrol;
mod request_password_reset;
mod reset_password;
mod show;
mod sign_up;
mod welcome;

pub(crate) use welcome::{speak_as_here, welcome};

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/sign-up", get(sign_up::show).post(sign_up::submit))
        .route("/sign-up/sent", get(sign_up::sent))
        .route("/signup/complete", get(complete_sign_up::show).post(complete_sign_up::submit))
        .route("/password/forgotten", get(request_password_reset::show).post(request_password_reset::submit))
        .route("/password/forgotten/sent", get(request_password_reset::sent))
        .route("/password/reset", get(reset_password::show).post(reset_password::submit))
        .route("/me/email/confirm", get(confirm_email_change::show).post(confirm_email_change::submit))
        .route("/account", get(show::show))
        .route("/account/second-factor", get(enrol::show))
}
