//! API keys.

use axum::routing::{get, post};

use crate::routes::Routes;

mod chart;
mod create;
mod fields;
mod list;
mod made;
mod revoke;
mod rotate;
mod show;
mod update;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(list::PATH, get(list::show))
        .route("/settings/api-keys/new", get(create::show).post(create::submit))
        .route("/settings/api-keys/{id}", get(show::show).post(update::submit))
        .route("/settings/api-keys/{id}/rotate", post(rotate::submit))
        .route("/settings/api-keys/{id}/revoke", get(revoke::show).post(revoke::submit))
}
