//! Passkeys of one's own account.

use axum::routing::{get, post};

use crate::routes::Routes;

mod add;
mod begin_registration;
mod remove;
mod rename;
mod show;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/account/passkeys/new", get(show::all).post(begin_registration::submit))
        .route("/account/passkeys", get(show::all).post(add::submit))
        .route("/account/passkeys/{id}", get(show::show))
        .route("/account/passkeys/{id}/rename", post(rename::submit))
        .route("/account/passkeys/{id}/remove", post(remove::submit))
}
