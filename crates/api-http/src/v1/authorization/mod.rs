//! What roles carry, and whether the caller may do something.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod check;
mod list_roles;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_roles::list_roles)).routes(routes!(check::authorize))
}
