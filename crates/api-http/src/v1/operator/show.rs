use axum::{extract::State, response::Response};
use rollcall_application::operator;

use super::object::{TenantObject, tag_name};
use crate::{
    api::Api,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    operator_token::Operator,
    problem::Result,
};

/// Shows an organization.
#[utoipa::path(get, path = "/operator/v1/organizations/{organization_id}", tag = "Operator",
    operation_id = "show_operated_organization",
    params(("organization_id" = String, Path, example = "org_01h455vb4pex5vsknk084sn02q")), security(("operator" = [])),
    responses((status = 200, description = "The organization", body = TenantObject, headers(("ETag" = String)))))]
pub(super) async fn show_organization(
    State(api): State<Api>,
    _: Operator,
    IdPath(id): IdPath<rollcall_domain::id::Organization>,
    known: IfNoneMatch,
) -> Result<Response> {
    let tenant = operator::show(&api.app, id).await?;
    let version = tenant.organization.version;
    Ok(versioned(tag_name(id), version, &known, &TenantObject::from(tenant)))
}
