use axum::{extract::State, response::Response};
use rollcall_application::organizations::{self, Update};
use rollcall_domain::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::objects::OrganizationObject;
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateOrganizationRequest {
    /// 1 to 100 characters.
    #[schema(example = "Acme Voice International")]
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
}

/// Renames the organization; its slug stays the same.
#[utoipa::path(patch, path = "/v1/organization", tag = "Organization", request_body = UpdateOrganizationRequest,
    responses((status = 200, description = "The organization as it is now", body = OrganizationObject, headers(("ETag" = String)))))]
pub(super) async fn update_organization(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::OrganizationUpdate as u8 }>,
    if_match: IfMatch,
    Json(request): Json<UpdateOrganizationRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let name = fields.parse_if_given("name", request.name.as_deref());
    fields.result()?;
    let precondition =
        if_match.precondition(actor.organization().map(|id| id.to_string()).unwrap_or_default());
    let organization = organizations::update(&api.app, &actor, Update { name, precondition }).await?;
    let object = OrganizationObject::from(&organization);
    Ok(versioned(organization.id, organization.version, &IfNoneMatch::default(), &object))
}
