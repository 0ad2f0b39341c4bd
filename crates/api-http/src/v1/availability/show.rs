use axum::{extract::State, response::Response};
use http::HeaderMap;
use rollcall_application::availability;

use super::object::AgentObject;
use crate::{api::Api, credential::AnyCaller, etag::versioned, id_path::IdPath, problem::Result};

/// Shows a human agent. Entity tags count changes, not heartbeats: what follows from the time is shown as it is.
#[utoipa::path(get, path = "/v1/availability/{user_id}", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The agent", body = AgentObject, headers(("ETag" = String)))))]
pub(super) async fn show_agent(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(id): IdPath<rollcall_domain::id::User>,
) -> Result<Response> {
    let agent = availability::show(&api.app, &principal, id).await?;
    let version = agent.agent.version;
    let object = AgentObject::new(agent);
    // Never 304: the version stays while time goes on.
    Ok(versioned(format_args!("agent_{id}"), version, &HeaderMap::new(), &object))
}
