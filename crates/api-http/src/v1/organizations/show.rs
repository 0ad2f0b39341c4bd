use axum::{extract::State, response::Response};
use http::HeaderMap;
use rollcall_application::organizations;

use super::super::objects::OrganizationObject;
use crate::{api::Api, credential::Caller, etag::versioned, problem::Result};

/// Shows the organization.
#[utoipa::path(get, path = "/v1/organization", tag = "Organization",
    responses((status = 200, description = "The organization", body = OrganizationObject, headers(("ETag" = String)))))]
pub(super) async fn show_organization(
    State(api): State<Api>,
    Caller(actor): Caller,
    headers: HeaderMap,
) -> Result<Response> {
    let organization = organizations::show(&api.app, &actor).await?;
    let object = OrganizationObject::from(&organization);
    Ok(versioned(organization.id, organization.version, &headers, &object))
}
