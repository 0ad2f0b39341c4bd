//! The call history: calls with what was said in them, and their recordings.

use axum::{Router, routing::get};

use crate::Console;

mod list;
mod listen;
mod show;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/calls", get(list::show))
        .route("/calls/{id}", get(show::show))
        .route("/calls/{id}/recording", get(listen::show).post(listen::submit))
}
