use axum::extract::State;
use http::StatusCode;
use rollcall_application::availability;
use rollcall_domain::Permission;

use crate::{api::Api, body::NoFields, credential::Caller, problem::Result};

/// Says that one is still there, and renews what one holds. Whoever is not heard of for 45 seconds is offline until they choose
/// otherwise; a heartbeat alone does not bring them back.
#[utoipa::path(post, path = "/v1/availability/me/heartbeat", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    responses((status = 204, description = "Heard")))]
pub(super) async fn beat(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilitySet as u8 }>,
    NoFields: NoFields,
) -> Result<StatusCode> {
    availability::beat(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
