//! The live board: who can take a call, and one's own status.

use axum::routing::{get, post};

use crate::routes::Routes;

mod agents;
mod board;
mod manage;
mod set;
mod show;

pub(crate) use show::BOARD;

/// Where the live board is.
pub(crate) const LIVE: &str = "/live";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(LIVE, get(show::show))
        .route(BOARD, get(show::board))
        .route("/live/status", get(show::again).post(set::submit))
        .route("/live/agents/{id}", get(manage::show).post(manage::submit))
        .route("/live/calls/{id}/{what}", get(show::again).post(crate::escalations::submit))
        .route("/live/calls/next", post(crate::escalations::next))
        .route(
            "/live/settings",
            get(crate::escalations::show_settings).post(crate::escalations::submit_settings),
        )
}
