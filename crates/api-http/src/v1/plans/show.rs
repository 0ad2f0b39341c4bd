use axum::extract::State;
use rollcall_application::plans;

use super::object::PlanObject;
use crate::{api::Api, credential::AnyCaller, problem::Result};

/// Shows the organization's plan, and what it entitles to.
#[utoipa::path(get, path = "/v1/plan", tag = "Plans",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The plan", body = PlanObject)))]
pub(super) async fn show_plan(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
) -> Result<axum::Json<PlanObject>> {
    let (plan, offer) = plans::show(&api.app, &principal).await?;
    Ok(axum::Json(PlanObject::new(plan, offer)))
}
