//! Pages about accounts.

use axum::routing::get;

use crate::routes::Routes;

mod change_password;
mod complete_sign_up;
mod confirm_email_change;
mod data;
mod delete;
mod request_email_change;
mod request_password_reset;
mod reset_password;
mod show;
mod sign_up;
mod tabs;
mod update;
mod welcome;

pub(crate) use tabs::Tabs;
pub(crate) use welcome::{speak_as_here, welcome};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/sign-up", get(sign_up::show).post(sign_up::submit))
        .route("/sign-up/sent", get(sign_up::sent))
        .route("/signup/complete", get(complete_sign_up::show).post(complete_sign_up::submit))
        .route("/password/forgotten", get(request_password_reset::show).post(request_password_reset::submit))
        .route("/password/forgotten/sent", get(request_password_reset::sent))
        .route("/password/reset", get(reset_password::show).post(reset_password::submit))
        .route("/me/email/confirm", get(confirm_email_change::show).post(confirm_email_change::submit))
        .route("/account", get(show::show).post(update::submit))
        .route("/account/password", get(change_password::show).post(change_password::submit))
        .route("/account/email", get(request_email_change::show).post(request_email_change::submit))
        .route("/account/data", get(data::show))
        .route("/account/delete", get(delete::show).post(delete::submit))
}
