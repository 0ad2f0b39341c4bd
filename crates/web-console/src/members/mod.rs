//! The team.

use axum::routing::{get, post};

use crate::routes::Routes;

mod change_role;
mod list;
mod remove;
mod reset_mfa;
mod show;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/settings/team", get(list::show))
        .route("/settings/team/{id}", get(show::show))
        .route("/settings/team/{id}/role", post(change_role::submit))
        .route("/settings/team/{id}/reset-mfa", post(reset_mfa::submit))
        .route("/settings/team/{id}/remove", get(remove::show).post(remove::submit))
}
