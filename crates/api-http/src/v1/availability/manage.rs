use axum::{extract::State, response::Response};
use rollcall_application::availability::{self, Manage};
use rollcall_domain::{Permission, availability::Capacity};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{AgentObject, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManageAgentRequest {
    /// `available`, `away` or `offline`. Whoever is made available and sends no heartbeat is offline again after 45 seconds. Whoever
    /// cannot come (no live session, suspended, late with their second factor) is not made available or away: 409 `not_available`.
    #[schema(example = "away")]
    #[serde(default, deserialize_with = "given")]
    status: Option<String>,
    /// How many calls they can hold, 1 to 50. Whoever holds more keeps them, and gets no other until then.
    #[schema(example = 2)]
    #[serde(default, deserialize_with = "given")]
    capacity: Option<i64>,
    /// What they can do, all of it: at most 50, each 1 to 64 characters. While PHI protection is on, one that holds a telephone number,
    /// an email address or a card number is refused.
    #[schema(example = json!(["billing", "spanish"]))]
    #[serde(default, deserialize_with = "given")]
    skills: Option<Vec<String>>,
}

/// Changes another agent: their status, capacity and skills.
///
/// Only Owners can change Owners.
#[utoipa::path(put, path = "/v1/availability/{user_id}", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])), request_body = ManageAgentRequest,
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The agent as they are now", body = AgentObject, headers(("ETag" = String)))))]
pub(super) async fn manage_agent(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilityManage as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::User>,
    if_match: IfMatch,
    Json(request): Json<ManageAgentRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let name = tag_name(&actor, id);
    let command = Manage {
        user: id,
        choice: fields.parse_if_given("status", request.status.as_deref()),
        capacity: request.capacity.and_then(|calls| fields.check("capacity", Capacity::new(calls))),
        skills: request.skills.and_then(|names| fields.skills(names)),
        precondition: if_match.precondition(&name),
    };
    fields.result()?;
    let agent = availability::manage(&api.app, &actor, command).await?;
    let version = agent.version();
    Ok(versioned(name, version, &IfNoneMatch::default(), &AgentObject::new(agent)))
}
