use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use rollcall_application::{
    Error, FieldError,
    calls::{self, CreatedCall},
};
use rollcall_domain::{
    Permission,
    calls::{Facts, Metadata, Times},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::object::CallObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::AnyCaller,
    etag::{IfNoneMatch, Untagged, versioned, with_status},
    problem::Result,
};

/// What is known about the call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateCallRequest {
    /// The platform's id for it, 1 to 200 characters, unique in the organization.
    #[schema(example = "CA7f3e2b")]
    external_id: String,
    /// `inbound` or `outbound`.
    #[schema(example = "inbound")]
    direction: String,
    /// The platform's name for the agent who spoke for the organization, 1 to 200 characters.
    #[schema(example = "agent_7")]
    agent_ref: Option<String>,
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z")]
    started_at: String,
    /// When it ended; null or left out as long as it has not.
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z")]
    ended_at: Option<String>,
    /// Who called, 1 to 255 characters.
    #[schema(example = "+14155550100")]
    from: Option<String>,
    /// Who was called, 1 to 255 characters.
    #[schema(example = "+14155550199")]
    to: Option<String>,
    /// What else the platform wants to know about it: an object of at most 16 KiB, at most five levels deep.
    #[schema(value_type = Option<Object>, example = json!({"campaign": "spring"}))]
    metadata: Option<Box<RawValue>>,
}

/// The metadata that is written in a body.
pub(super) fn metadata(written: &RawValue) -> std::result::Result<Metadata, FieldError> {
    Metadata::read(written.get())
        .map_err(|fault| FieldError::new(format!("metadata{}", fault.path), fault.problem))
}

impl CreateCallRequest {
    fn facts(self) -> std::result::Result<Facts, Error> {
        let mut fields = Fields::default();
        let external_id = fields.parse("external_id", &self.external_id);
        let direction = fields.parse("direction", &self.direction);
        let agent_ref = fields.parse_if_given("agent_ref", self.agent_ref.as_deref());
        let started_at = fields.moment("started_at", &self.started_at);
        let ended_at = self.ended_at.as_deref().and_then(|text| fields.moment("ended_at", text));
        let times = started_at.and_then(|start| fields.check("ended_at", Times::new(start, ended_at)));
        let from = fields.parse_if_given("from", self.from.as_deref());
        let to = fields.parse_if_given("to", self.to.as_deref());
        let metadata = self.metadata.as_deref().map_or_else(|| Ok(Metadata::default()), metadata);
        let metadata = fields.take(metadata);
        match (external_id, direction, times, metadata) {
            (Some(external_id), Some(direction), Some(times), Some(metadata)) => {
                fields.result()?;
                Ok(Facts { external_id, direction, agent_ref, times, from, to, metadata })
            }
            _ => Err(fields.into_error()),
        }
    }
}

/// Records a call.
///
/// A repeat with the same content, as it was at first or as it is now, is answered 200 with the call as it is now; with other
/// content it is a conflict.
#[utoipa::path(post, path = "/v1/calls", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), request_body = CreateCallRequest,
    responses(
        (status = 201, description = "Written down", body = CallObject, headers(("Location" = String), ("ETag" = String))),
        (status = 200, description = "It had been before", body = CallObject, headers(("Location" = String), ("ETag" = String)))))]
pub(super) async fn create_call(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsWrite as u8 }>,
    _: Untagged,
    Json(request): Json<CreateCallRequest>,
) -> Result<Response> {
    let (status, call) = match calls::create(&api.app, &principal, request.facts()?).await? {
        CreatedCall::New(call) => (StatusCode::CREATED, call),
        CreatedCall::Known(call) => (StatusCode::OK, call),
    };
    let (id, version) = (call.id, call.version);
    let mut response =
        with_status(status, versioned(id, version, &IfNoneMatch::default(), &CallObject::from(call)));
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/calls/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response.into_response())
}
