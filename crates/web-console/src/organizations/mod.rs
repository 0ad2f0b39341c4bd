//! The organization that somebody is at work in.

use axum::routing::{get, post};

use crate::routes::Routes;

mod delete;
mod export;
mod show;
mod update;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(show::PATH, get(show::show).post(update::submit))
        .route("/settings/organization/export", post(export::submit))
        .route("/settings/organization/delete", get(delete::show).post(delete::submit))
}
