use axum::extract::State;
use rollcall_application::operator;

use super::{
    super::plans::ChangePlanRequest,
    object::{TenantObject, tag_name},
};
use crate::{
    api::Api, body::Json, etag::IfMatch, id_path::IdPath, operator_token::Operator, problem::Result,
};

/// Takes an organization over to another plan. Where it lacks a security control that is on, that is 409 `controls_in_use` unless
/// `disable_controls` says that it may be switched off; where recordings or events of the audit log are older than it keeps them, 409
/// `retention_too_short` unless `accept_deletion` says that they may be deleted. The Owners are told of either by mail.
/// Of an organization that is deleted it is 409 `organization_deleted`.
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
