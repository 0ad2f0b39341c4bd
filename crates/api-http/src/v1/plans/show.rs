use axum::{extract::State, response::Response};
use rollcall_application::plans;

use super::object::PlanObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, by_content},
    problem::Result,
};

/// Shows the organization's plan, and what it includes.
#[utoipa::path(get, path = "/v1/plan", tag = "Plans",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The plan", body = PlanObject, headers(("ETag" = String)))))]
pub(super) async fn show_plan(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    known: IfNoneMatch,
) -> Result<Response> {
    let (plan, offer) = plans::show(&api.app, &principal).await?;
    Ok(by_content(&known, &PlanObject::new(plan, offer)))
}
