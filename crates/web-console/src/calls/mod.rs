//! The call history: calls, with what was said in them.

use axum::routing::get;

use crate::routes::Routes;

mod list;
mod show;

pub(crate) fn routes() -> Routes {
    Routes::new().route("/calls", get(list::show)).route("/calls/{id}", get(show::show))
}
