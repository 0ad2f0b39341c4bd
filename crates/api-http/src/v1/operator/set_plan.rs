use axum::extract::State;
use rollcall_application::operator;

use super::{
    super::plans::ChangePlanRequest,
    object::{TenantObject, tag_name},
};
use crate::{
    api::Api, body::Json, etag::IfMatch, id_path::IdPath, operator_token::Operator, problem::Result,
};

/// Changes the plan of an organization.
///
/// If the new plan lacks a security control that is on, the answer is 409 `controls_in_use` unless `disable_controls` allows it
/// to be switched off. If recordings or audit events are older than the new plan keeps them, the answer is 409
/// `retention_too_short` unless `accept_deletion` allows them to be deleted. The Owners are notified of either by mail. For a
/// deleted organization the answer is 409 `organization_deleted`.
#[utoipa::path(put, path = "/operator/v1/organizations/{organization_id}/plan", tag = "Operator",
    params(("organization_id" = String, Path, example = "org_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")), security(("operator" = [])),
    request_body = ChangePlanRequest,
    responses((status = 200, description = "The organization as it is now", body = TenantObject)))]
pub(super) async fn set_plan(
    State(api): State<Api>,
    Operator(origin): Operator,
    IdPath(id): IdPath<rollcall_domain::id::Organization>,
    if_match: IfMatch,
    Json(request): Json<ChangePlanRequest>,
) -> Result<axum::Json<TenantObject>> {
    let precondition = if_match.precondition(tag_name(id));
    let tenant = operator::set_plan(&api.app, &origin, id, request.command()?, &precondition).await?;
    Ok(axum::Json(tenant.into()))
}
