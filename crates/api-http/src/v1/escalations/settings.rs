use axum::{extract::State, response::Response};
use rollcall_application::{
    Actor,
    escalations::{self, ChangeSettings},
};
use rollcall_domain::{Permission, escalations::EscalationSettings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Json, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    problem::Result,
};

/// What tags call them: each organization has its own.
fn tag_name(actor: &Actor) -> String {
    let organization = actor.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.escalation_settings")
}

/// How the organization hands calls to its agents.
#[derive(Serialize, ToSchema)]
#[schema(as = EscalationSettings)]
pub(super) struct SettingsObject {
    /// For how many seconds a call waits before the answer is that nobody is free.
    #[schema(example = 600)]
    wait_limit_seconds: i32,
    /// For how many seconds an offer stands; who does not take it is away then.
    #[schema(example = 20)]
    offer_seconds: i32,
    /// How many seconds a lease lasts that is not renewed.
    #[schema(example = 60)]
    lease_seconds: i32,
    /// Whether waiting calls are offered to who has been idle for longest.
    #[schema(example = false)]
    automatic_assignment: bool,
}

impl From<EscalationSettings> for SettingsObject {
    fn from(settings: EscalationSettings) -> Self {
        let EscalationSettings {
            wait_limit_seconds,
            offer_seconds,
            lease_seconds,
            automatic_assignment,
            version: _,
        } = settings;
        Self { wait_limit_seconds, offer_seconds, lease_seconds, automatic_assignment }
    }
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeSettingsRequest {
    /// In seconds, 10 to 86400.
    #[schema(example = 600)]
    #[serde(default, deserialize_with = "given")]
    wait_limit_seconds: Option<i32>,
    /// In seconds, 5 to 300.
    #[schema(example = 20)]
    #[serde(default, deserialize_with = "given")]
    offer_seconds: Option<i32>,
    /// In seconds, 10 to 3600.
    #[schema(example = 60)]
    #[serde(default, deserialize_with = "given")]
    lease_seconds: Option<i32>,
    #[schema(example = false)]
    #[serde(default, deserialize_with = "given")]
    automatic_assignment: Option<bool>,
}

/// Shows how the organization hands calls to its agents.
#[utoipa::path(get, path = "/v1/escalations/settings", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    responses((status = 200, description = "The settings", body = SettingsObject, headers(("ETag" = String)))))]
pub(super) async fn show_settings(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilityManage as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let settings = escalations::settings(&api.app, &actor).await?;
    Ok(versioned(tag_name(&actor), settings.version, &known, &SettingsObject::from(settings)))
}

/// Changes how the organization hands calls to its agents.
///
/// The change applies to whatever begins afterwards.
#[utoipa::path(put, path = "/v1/escalations/settings", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])), request_body = ChangeSettingsRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The settings as they are now", body = SettingsObject, headers(("ETag" = String)))))]
pub(super) async fn change_settings(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilityManage as u8 }>,
    if_match: IfMatch,
    Json(request): Json<ChangeSettingsRequest>,
) -> Result<Response> {
    let command = ChangeSettings {
        wait_limit_seconds: request.wait_limit_seconds,
        offer_seconds: request.offer_seconds,
        lease_seconds: request.lease_seconds,
        automatic_assignment: request.automatic_assignment,
        precondition: if_match.precondition(tag_name(&actor)),
    };
    let settings = escalations::change_settings(&api.app, &actor, command).await?;
    Ok(versioned(
        tag_name(&actor),
        settings.version,
        &IfNoneMatch::default(),
        &SettingsObject::from(settings),
    ))
}
