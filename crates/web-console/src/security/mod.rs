//! What the organization asks of everybody in it, for the sake of security, and who is told what.

use axum::routing::{get, post};

use crate::routes::Routes;

mod mfa;
mod show;
mod switch;
mod webhook;
mod witness;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(show::PATH, get(show::show))
        .route("/settings/security/controls/{control}", get(switch::show).post(switch::submit))
        .route(mfa::PATH, get(mfa::show).post(mfa::submit))
        .route(witness::PATH, get(witness::show).post(witness::submit))
        .route("/settings/security/witness/remove", post(witness::remove))
        .route(webhook::PATH, get(webhook::show).post(webhook::submit))
        .route("/settings/security/webhook/remove", post(webhook::remove))
        .route("/settings/security/webhook/resend", post(webhook::resend))
}
