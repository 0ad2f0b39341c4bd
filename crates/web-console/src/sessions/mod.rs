//! Signing in and out, and going to work in another organization.

use axum::routing::{get, post};

use crate::routes::Routes;

pub(crate) mod device;
mod enter;
mod list;
mod revoke;
mod second_step;
mod sign_in;
mod sign_in_with_passkey;
mod sign_out;
mod switch;

pub(crate) use second_step::challenge;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/sign-in/passkey", post(sign_in_with_passkey::submit))
        .route("/sign-in/second-factor", get(second_step::show).post(second_step::submit))
        .route("/sign-in/second-factor/options", post(second_step::options))
        .route("/sign-out", post(sign_out::submit))
        .route("/account/sessions", get(list::show))
        .route("/account/sessions/{id}/end", post(revoke::submit))
        .route("/account/sessions/end-others", post(revoke::submit_others))
        .route("/organizations", get(switch::show))
        .route("/organizations/{id}/go", post(switch::submit))
}
