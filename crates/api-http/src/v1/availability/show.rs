use axum::{extract::State, response::Response};
use rollcall_application::availability;

use super::object::{AgentObject, tag_name};
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows a human agent.
///
/// Heartbeats, and whatever else only follows from time, change the `ETag`; an `ETag` from before is still accepted by
/// `If-Match`.
#[utoipa::path(get, path = "/v1/availability/{user_id}", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The agent", body = AgentObject, headers(("ETag" = String)))))]
pub(super) async fn show_agent(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(id): IdPath<rollcall_domain::id::User>,
    known: IfNoneMatch,
) -> Result<Response> {
    let agent = availability::show(&api.app, &principal, id).await?;
    let version = agent.version();
    Ok(versioned(tag_name(&principal, id), version, &known, &AgentObject::new(agent)))
}
