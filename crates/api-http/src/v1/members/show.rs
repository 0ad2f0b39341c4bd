use axum::{extract::State, response::Response};
use rollcall_application::members;

use super::object::{MemberObject, tag_name};
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows a member.
#[utoipa::path(get, path = "/v1/members/{user_id}", tag = "Team",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The member", body = MemberObject, headers(("ETag" = String)))))]
pub(super) async fn show_member(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(user): IdPath<rollcall_domain::id::User>,
    known: IfNoneMatch,
) -> Result<Response> {
    let member = members::show(&api.app, &principal, user).await?;
    Ok(versioned(tag_name(&principal, user), member.version(), &known, &MemberObject::from(member)))
}
