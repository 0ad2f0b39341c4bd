//! What the organization asks of everybody in it, for the sake of security.

use axum::routing::get;

use crate::routes::Routes;

mod mfa;
mod show;
mod switch;

pub(crate) use show::PATH;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route(show::PATH, get(show::show))
        .route("/settings/security/controls/{control}", get(switch::show).post(switch::submit))
        .route(mfa::PATH, get(mfa::show).post(mfa::submit))
}
