use axum::{extract::State, response::Response};
use rollcall_application::security::{self, Update};
use rollcall_domain::{
    Permission,
    security::{Control, GraceDays},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{SecurityObject, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json, Object, given},
    credential::{Caller, Proven},
    etag::{IfMatch, IfNoneMatch, versioned},
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateSecurityRequest {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SwitchChange>)]
    call_recording: Option<Object<SwitchChange>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SwitchChange>)]
    phi_protection: Option<Object<SwitchChange>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SwitchChange>)]
    end_to_end_encryption: Option<Object<SwitchChange>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SwitchChange>)]
    audit_log: Option<Object<SwitchChange>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MfaRequiredChange>)]
    mfa_required: Option<Object<MfaRequiredChange>>,
}

/// Whether a control is to be on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SwitchChange {
    #[serde(default, deserialize_with = "given")]
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// Whether everybody needs a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MfaRequiredChange {
    #[serde(default, deserialize_with = "given")]
    #[schema(example = true)]
    enabled: Option<bool>,
    /// How many days people have to set one up: 0 to 90. Deadlines that people have already are never extended.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = 7)]
    grace_days: Option<i64>,
}

/// Changes the organization's security controls.
///
/// When second factors become required, every member without one gets a deadline and is notified by mail; after it they can only
/// set one up, leave, or switch to another organization. A control that the organization's plan lacks is answered 403
/// `plan_required`. When a protection is switched off, the Owners are notified by mail. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(patch, path = "/v1/security", tag = "Organization", security(("session" = []), ("cookie" = [])),
    request_body = UpdateSecurityRequest,
    responses((status = 200, description = "The controls as they are now", body = SecurityObject, headers(("ETag" = String)))))]
pub(super) async fn update_security(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
    if_match: IfMatch,
    Json(request): Json<UpdateSecurityRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let switches = [
        (Control::CallRecording, request.call_recording),
        (Control::PhiProtection, request.phi_protection),
        (Control::EndToEndEncryption, request.end_to_end_encryption),
        (Control::AuditLog, request.audit_log),
    ];
    let wanted = |(control, change): (_, Option<Object<SwitchChange>>)| Some((control, change?.0.enabled?));
    let controls = switches.into_iter().filter_map(wanted).collect();
    let (enabled, days) = match request.mfa_required {
        Some(Object(MfaRequiredChange { enabled, grace_days })) => (enabled, grace_days),
        None => (None, None),
    };
    let grace = days.and_then(|days| fields.check("mfa_required.grace_days", GraceDays::try_from(days)));
    fields.result()?;
    let precondition = if_match.precondition(tag_name(&actor));
    let command = Update { mfa_required: enabled, grace, controls, precondition };
    let shown = security::update(&api.app, &actor, command).await?;
    let version = shown.version();
    let object = SecurityObject::new(shown, &api.app.settings.plans);
    Ok(versioned(tag_name(&actor), version, &IfNoneMatch::default(), &object))
}
