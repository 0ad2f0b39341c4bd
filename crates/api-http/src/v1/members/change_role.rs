use axum::{extract::State, response::Response};
use rollcall_application::members::{self, ChangeRole};
use rollcall_domain::{Permission, Role};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{MemberObject, tag_name};
use crate::{
    api::Api,
    body::Json,
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// The new role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRoleRequest {
    #[schema(value_type = String, example = "admin")]
    role: Role,
}

/// Changes the role of a member.
///
/// Admins can neither change an Owner's role nor make anybody an Owner.
#[utoipa::path(patch, path = "/v1/members/{user_id}", tag = "Team", request_body = ChangeRoleRequest,
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The member as they are now", body = MemberObject, headers(("ETag" = String)))))]
pub(super) async fn change_member_role(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamUpdateRole as u8 }>,
    IdPath(user): IdPath<rollcall_domain::id::User>,
    if_match: IfMatch,
    Json(request): Json<ChangeRoleRequest>,
) -> Result<Response> {
    let precondition = if_match.precondition(tag_name(&actor, user));
    let command = ChangeRole { user, role: request.role, precondition };
    let member = members::change_role(&api.app, &actor, command).await?;
    Ok(versioned(
        tag_name(&actor, user),
        member.version(),
        &IfNoneMatch::default(),
        &MemberObject::from(member),
    ))
}
