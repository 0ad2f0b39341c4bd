use axum::extract::State;
use rollcall_application::{Error, authorization};
use rollcall_domain::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Json, Object},
    credential::Anybody,
    problem::Result,
};

/// The most permissions that are looked at in one request.
const MOST: usize = 100;

/// What the caller wants to know about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorizeRequest {
    /// 1 to 100 of them.
    #[schema(value_type = Vec<Check>)]
    checks: Vec<Object<Check>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    #[schema(value_type = String, example = "agents:manage")]
    permission: Permission,
}

/// The answers, in the order asked.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorizeAnswer {
    results: Vec<Answer>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Answer {
    #[schema(value_type = String, example = "agents:manage")]
    permission: Permission,
    allowed: bool,
    /// Why not; null when it is allowed. `mfa_required`: a second factor has to be set up first. `plan_required`: the API key has the
    /// scope, and it leads to nothing with the organization's plan; people are not told so. In an organization that is suspended nobody
    /// gets as far as this: the answer is 403 `suspended`.
    #[schema(example = "role_lacks_permission")]
    reason: Option<&'static str>,
}

/// Tells what the caller may do.
#[utoipa::path(post, path = "/v1/authorize", tag = "Team",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), request_body = AuthorizeRequest,
    responses((status = 200, description = "The answers", body = AuthorizeAnswer)))]
pub(super) async fn authorize(
    State(api): State<Api>,
    Anybody(principal): Anybody,
    Json(request): Json<AuthorizeRequest>,
) -> Result<axum::Json<AuthorizeAnswer>> {
    if !(1..=MOST).contains(&request.checks.len()) {
        return Err(Error::invalid("checks", format!("must hold 1 to {MOST} permissions")).into());
    }
    let permissions: Vec<Permission> = request.checks.iter().map(|Object(check)| check.permission).collect();
    let results = authorization::check(&api.app, &principal, &permissions).into_iter().map(|answer| Answer {
        permission: answer.permission,
        allowed: answer.refused.is_none(),
        reason: answer.refused.map(|reason| reason.as_str()),
    });
    Ok(axum::Json(AuthorizeAnswer { results: results.collect() }))
}
