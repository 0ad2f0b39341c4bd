use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use rollcall_application::escalations::{self, Escalate, Escalated};
use rollcall_domain::{Permission, escalations::Priority, on_one_line};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::EscalationObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::AnyCaller,
    etag::{IfNoneMatch, Untagged, versioned, with_status},
    id_path::IdPath,
    problem::Result,
};

/// Why the call needs a human.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EscalateRequest {
    /// In words, 1 to 500 characters, on one line: line breaks become spaces. Masked while PHI protection is on.
    #[schema(example = "Asks for a human")]
    reason: String,
    /// How urgent: 0 to 9, and higher goes first.
    #[schema(example = 5)]
    priority: i64,
    /// What whoever takes it must be able to do: at most 50, each 1 to 64 characters. While PHI protection is on, one that holds a
    /// telephone number, an email address or a card number is refused.
    #[schema(example = json!(["billing"]))]
    skills: Option<Vec<String>>,
}

/// Escalates a call to a human agent.
///
/// A call waits once at a time: a repeat while it waits is answered 200 with the escalation as it is, or 409 if the content
/// differs.
#[utoipa::path(post, path = "/v1/calls/{call_id}/escalations", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), request_body = EscalateRequest,
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses(
        (status = 201, description = "It waits now", body = EscalationObject, headers(("Location" = String))),
        (status = 200, description = "It waits since before", body = EscalationObject, headers(("Location" = String)))))]
pub(super) async fn create_escalation(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::EscalationsCreate as u8 }>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    Json(request): Json<EscalateRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let reason = fields.parse("reason", &on_one_line(&request.reason));
    let priority = fields.check("priority", Priority::new(request.priority));
    let skills = fields.skills(request.skills.unwrap_or_default());
    let (Some(reason), Some(priority), Some(skills)) = (reason, priority, skills) else {
        return Err(fields.into_error().into());
    };
    let command = Escalate { call: id, reason, priority, skills };
    let (status, shown) = match escalations::create(&api.app, &principal, command).await? {
        Escalated::New(shown) => (StatusCode::CREATED, shown),
        Escalated::Known(shown) => (StatusCode::OK, shown),
    };
    let id = shown.escalation.id;
    let mut response = with_status(
        status,
        versioned(id, shown.escalation.version, &IfNoneMatch::default(), &EscalationObject::new(shown)),
    );
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/escalations/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response.into_response())
}
