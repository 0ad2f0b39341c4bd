//! What the organization pays for.

use axum::{Router, routing::get};

use crate::Console;

mod billing;
mod change;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route(billing::PATH, get(billing::show))
        .route("/settings/billing/change/{plan}", get(change::show).post(change::submit))
}
