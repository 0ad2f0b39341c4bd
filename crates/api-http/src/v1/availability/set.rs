use axum::{extract::State, response::Response};
use rollcall_application::{
    Error,
    availability::{self, Set},
};
use rollcall_domain::{Permission, on_one_line};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{AgentObject, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    problem::Result,
};

/// What is chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetAvailabilityRequest {
    /// `available`, `away` or `offline`.
    #[schema(example = "available")]
    status: String,
    /// What others are told about it, 1 to 200 characters, on one line; null takes it away, left out it stays. Masked while PHI
    /// protection is on.
    #[schema(value_type = Option<String>, example = "Back at three")]
    #[serde(default, deserialize_with = "given")]
    note: Option<Option<String>>,
}

/// Sets the caller's own status, on any device.
///
/// It overrides what was decided automatically before. An agent who goes offline gives back all calls that they hold; one who is
/// away keeps them.
#[utoipa::path(put, path = "/v1/availability/me", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])), request_body = SetAvailabilityRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The agent as they are now", body = AgentObject, headers(("ETag" = String)))))]
pub(super) async fn set_availability(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilitySet as u8 }>,
    if_match: IfMatch,
    Json(request): Json<SetAvailabilityRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let choice = fields.parse("status", &request.status);
    let note = request.note.map(|text| text.and_then(|text| fields.parse("note", &on_one_line(&text))));
    let name = tag_name(&actor, actor.user_id());
    let command = match choice {
        Some(choice) => {
            fields.result()?;
            Set { choice, note, precondition: if_match.precondition(&name) }
        }
        None => return Err(Error::into(fields.into_error())),
    };
    let agent = availability::set(&api.app, &actor, command).await?;
    let version = agent.version();
    Ok(versioned(name, version, &IfNoneMatch::default(), &AgentObject::new(agent)))
}
