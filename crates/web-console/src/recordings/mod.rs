//! Recordings of calls, as they are heard.

use axum::routing::get;

use crate::routes::Routes;

mod play;

pub(crate) fn routes() -> Routes {
    Routes::new().route("/calls/{id}/recording", get(play::show).post(play::submit))
}
