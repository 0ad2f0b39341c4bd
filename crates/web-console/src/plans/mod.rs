//! What the organization pays for.

use axum::routing::get;

use crate::routes::Routes;

mod billing;
mod change;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(billing::PATH, get(billing::show))
        .route("/settings/billing/change/{plan}", get(change::show).post(change::submit))
}
