//! The organization that somebody is at work in.

use axum::{
    Router,
    routing::{get, post},
};

use crate::Console;

mod delete;
mod export;
mod show;
mod update;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route(show::PATH, get(show::show).post(update::submit))
        .route("/settings/organization/export", post(export::submit))
        .route("/settings/organization/delete", get(delete::show).post(delete::submit))
}
