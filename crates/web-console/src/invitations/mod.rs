//! Invitations: making them, and what becomes of them.

use axum::routing::{get, post};

use crate::routes::Routes;

mod accept;
mod create;
pub(crate) mod create_bulk;
mod created;
mod passed_on;
mod resend;
mod revoke;
mod seats;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/invitations/accept", get(accept::show).post(accept::submit))
        .route("/invitations/accept/here", post(accept::submit_here))
        .route(passed_on::PATH, get(passed_on::show).post(passed_on::submit))
        .route("/settings/team/invite", get(create::show).post(create::submit))
        .route("/settings/team/invite-many", get(create_bulk::show).post(create_bulk::submit))
        .route("/settings/team/invitations/{id}/resend", post(resend::submit))
        .route("/settings/team/invitations/{id}/revoke", post(revoke::submit))
}
