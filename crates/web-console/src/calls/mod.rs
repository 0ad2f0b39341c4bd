//! The call history: calls with what was said in them, and their recordings.

use axum::routing::get;

use crate::routes::Routes;

mod list;
mod listen;
mod show;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/calls", get(list::show))
        .route("/calls/{id}", get(show::show))
        .route("/calls/{id}/recording", get(listen::show).post(listen::submit))
}
