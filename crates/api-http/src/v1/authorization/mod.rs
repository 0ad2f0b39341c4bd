//! What roles carry, and whether the caller, or whoever a service asks about, may do something.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod check;
mod discover;
mod evaluate;
mod evaluate_many;
mod evaluation;
mod list_roles;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_roles::list_roles))
        .routes(routes!(check::authorize))
        .routes(routes!(evaluate::evaluate_access))
        .routes(routes!(evaluate_many::evaluate_accesses))
        .routes(routes!(discover::show_decision_point))
}
