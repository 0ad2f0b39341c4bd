use axum::{extract::State, response::Response};
use rollcall_application::members;
use rollcall_domain::Permission;

use super::object::{MemberObject, tag_name};
use crate::{
    api::Api,
    body::NoFields,
    credential::{Caller, Proven},
    etag::{IfMatch, IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Turns off all second factors of a member who has lost theirs.
///
/// Passkeys and recovery codes are removed too, the member's sessions end, and they are notified by mail. Callers cannot reset
/// their own, nor that of a member who belongs to another organization as well. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/members/{user_id}/mfa-reset", tag = "Team",
    security(("session" = []), ("cookie" = [])),
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The member as they are now", body = MemberObject, headers(("ETag" = String)))))]
pub(super) async fn reset_member_mfa(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::OwnersManage as u8 }>>,
    IdPath(user): IdPath<rollcall_domain::id::User>,
    if_match: IfMatch,
    NoFields: NoFields,
) -> Result<Response> {
    let precondition = if_match.precondition(tag_name(&actor, user));
    let member = members::reset_mfa(&api.app, &actor, user, &precondition).await?;
    Ok(versioned(
        tag_name(&actor, user),
        member.version(),
        &IfNoneMatch::default(),
        &MemberObject::from(member),
    ))
}
