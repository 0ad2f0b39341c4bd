use axum::{extract::State, response::Response};
use rollcall_application::security;
use rollcall_domain::Permission;

use super::object::{SecurityObject, tag_name};
use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, versioned},
    problem::Result,
};

/// Shows the organization's security controls.
#[utoipa::path(get, path = "/v1/security", tag = "Organization",
    responses((status = 200, description = "The controls", body = SecurityObject, headers(("ETag" = String)))))]
pub(super) async fn show_security(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::SecurityRead as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let shown = security::show(&api.app, &actor).await?;
    let version = shown.version();
    let object = SecurityObject::new(shown, &api.app.settings.plans);
    Ok(versioned(tag_name(&actor), version, &known, &object))
}
