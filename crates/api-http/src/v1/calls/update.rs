use axum::{extract::State, response::Response};
use rollcall_application::{
    Error, Precondition,
    calls::{self, Update},
};
use rollcall_domain::{CallId, Permission};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{create::metadata, object::CallObject};
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::AnyCaller,
    etag::{IfMatch, IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateCallRequest {
    /// `inbound` or `outbound`.
    #[schema(example = "inbound")]
    #[serde(default, deserialize_with = "given")]
    direction: Option<String>,
    /// The platform's name for the agent who spoke for the organization, 1 to 200 characters; null when it is unknown.
    #[schema(value_type = Option<String>, example = "agent_7")]
    #[serde(default, deserialize_with = "given")]
    agent_ref: Option<Option<String>>,
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z")]
    #[serde(default, deserialize_with = "given")]
    started_at: Option<String>,
    /// When it ended. A call that has ended does not go on.
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z")]
    #[serde(default, deserialize_with = "given")]
    ended_at: Option<String>,
    /// Who called, 1 to 255 characters; null when it is unknown.
    #[schema(value_type = Option<String>, example = "+14155550100")]
    #[serde(default, deserialize_with = "given")]
    from: Option<Option<String>>,
    /// Who was called, 1 to 255 characters; null when it is unknown.
    #[schema(value_type = Option<String>, example = "+14155550199")]
    #[serde(default, deserialize_with = "given")]
    to: Option<Option<String>>,
    /// What else the platform wants to know about it, all of it: an object of at most 16 KiB, at most five levels deep.
    #[schema(value_type = Option<Object>, example = json!({"campaign": "spring"}))]
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Box<RawValue>>,
}

impl UpdateCallRequest {
    fn command(self, id: CallId, precondition: Precondition) -> std::result::Result<Update, Error> {
        let mut fields = Fields::default();
        let command = Update {
            id,
            direction: fields.parse_if_given("direction", self.direction.as_deref()),
            agent_ref: self.agent_ref.map(|text| fields.parse_if_given("agent_ref", text.as_deref())),
            started_at: self.started_at.as_deref().and_then(|text| fields.moment("started_at", text)),
            ended_at: self.ended_at.as_deref().and_then(|text| fields.moment("ended_at", text)),
            from: self.from.map(|text| fields.parse_if_given("from", text.as_deref())),
            to: self.to.map(|text| fields.parse_if_given("to", text.as_deref())),
            metadata: self.metadata.and_then(|written| fields.take(metadata(&written))),
            precondition,
        };
        fields.result()?;
        Ok(command)
    }
}

/// Changes what is recorded about a call, except its `external_id`.
#[utoipa::path(patch, path = "/v1/calls/{call_id}", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), request_body = UpdateCallRequest,
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The call as it is now", body = CallObject, headers(("ETag" = String)))))]
pub(super) async fn update_call(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsWrite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    if_match: IfMatch,
    Json(request): Json<UpdateCallRequest>,
) -> Result<Response> {
    let command = request.command(id, if_match.precondition(id))?;
    let call = calls::update(&api.app, &principal, command).await?;
    let version = call.version;
    Ok(versioned(id, version, &IfNoneMatch::default(), &CallObject::from(call)))
}
