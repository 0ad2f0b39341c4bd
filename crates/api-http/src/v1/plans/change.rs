use axum::extract::State;
use rollcall_application::{
    Error,
    plans::{self, Change},
};
use rollcall_domain::{Permission, plans::Consent};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{BillingObject, tag_name};
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// Which plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ChangePlanRequest {
    /// `free`, `pro` or `enterprise`.
    #[schema(example = "pro")]
    plan: String,
    /// Whether security controls that the plan lacks may be switched off. The Owners are told by mail.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = false)]
    disable_controls: Option<bool>,
    /// Whether recordings and events of the audit log may be deleted that are older than the plan keeps them. The Owners are told by mail.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = false)]
    accept_deletion: Option<bool>,
}

impl ChangePlanRequest {
    /// What it asks for.
    pub(in crate::v1) fn command(&self) -> std::result::Result<Change, Error> {
        let mut fields = Fields::default();
        match fields.parse("plan", &self.plan) {
            Some(plan) => Ok(Change {
                plan,
                consent: Consent {
                    disable_controls: self.disable_controls.unwrap_or(false),
                    accept_deletion: self.accept_deletion.unwrap_or(false),
                },
            }),
            None => Err(fields.into_error()),
        }
    }
}

/// Changes the organization's plan.
///
/// If the new plan lacks a security control that is on, the answer is 409 `controls_in_use` unless `disable_controls` allows it
/// to be switched off. If recordings or audit events are older than the new plan keeps them, the answer is 409
/// `retention_too_short` unless `accept_deletion` allows them to be deleted. When two Owners choose different plans at once, the
/// second is answered 409 `plan_changed`: nothing is changed or charged for them. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(put, path = "/v1/billing/plan", tag = "Plans", security(("session" = []), ("cookie" = [])),
    request_body = ChangePlanRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The billing page as it is now", body = BillingObject)))]
pub(super) async fn change_plan(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::BillingManage as u8 }>>,
    if_match: IfMatch,
    Json(request): Json<ChangePlanRequest>,
) -> Result<axum::Json<BillingObject>> {
    let precondition = if_match.precondition(tag_name(&actor));
    let bill = plans::change(&api.app, &actor, request.command()?, &precondition).await?;
    Ok(axum::Json(BillingObject::new(bill, &api.app.settings.plans)))
}
