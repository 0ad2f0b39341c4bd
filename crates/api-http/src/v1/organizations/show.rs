use axum::{extract::State, response::Response};
use rollcall_application::organizations;

use super::super::objects::OrganizationObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    problem::Result,
};

/// Shows the organization.
#[utoipa::path(get, path = "/v1/organization", tag = "Organization",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The organization", body = OrganizationObject, headers(("ETag" = String)))))]
pub(super) async fn show_organization(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    known: IfNoneMatch,
) -> Result<Response> {
    let organization = organizations::show(&api.app, &principal).await?;
    let object = OrganizationObject::from(&organization);
    Ok(versioned(organization.id, organization.version, &known, &object))
}
