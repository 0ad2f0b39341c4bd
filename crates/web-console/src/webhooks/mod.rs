//! Where the platform is told what becomes of escalated calls, and the page that it shares with the witness of the audit log.

use axum::routing::{get, post};

use crate::routes::Routes;

mod receiver;
mod show;

pub(crate) use receiver::{Current, ReceiverPage, Trouble, Words};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(show::PATH, get(show::show).post(show::submit))
        .route("/settings/security/webhook/remove", post(show::remove))
        .route("/settings/security/webhook/resend", post(show::resend))
}
