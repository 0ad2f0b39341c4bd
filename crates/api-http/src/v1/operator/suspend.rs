use axum::extract::State;
use rollcall_application::operator;

use super::object::{TenantObject, tag_name};
use crate::{
    api::Api, body::NoFields, etag::IfMatch, id_path::IdPath, operator_token::Operator, problem::Result,
};

/// Suspends an organization: its sessions and API keys are refused until it is restored.
///
/// All of its data stays. Suspending it again changes nothing. For a deleted organization the answer is 409
/// `organization_deleted`.
#[utoipa::path(post, path = "/operator/v1/organizations/{organization_id}/suspend", tag = "Operator",
    params(("organization_id" = String, Path, example = "org_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")), security(("operator" = [])),
    responses((status = 200, description = "The organization as it is now", body = TenantObject)))]
pub(super) async fn suspend_organization(
    State(api): State<Api>,
    Operator(origin): Operator,
    IdPath(id): IdPath<rollcall_domain::id::Organization>,
    if_match: IfMatch,
    _: NoFields,
) -> Result<axum::Json<TenantObject>> {
    Ok(axum::Json(
        operator::suspend(&api.app, &origin, id, &if_match.precondition(tag_name(id))).await?.into(),
    ))
}
