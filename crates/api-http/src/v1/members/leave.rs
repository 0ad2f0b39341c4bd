use axum::extract::State;
use http::StatusCode;
use rollcall_application::members;

use crate::{api::Api, credential::Enrollee, etag::Untagged, problem::Result};

/// Leaves the organization, and ends the session.
#[utoipa::path(delete, path = "/v1/members/me", tag = "Team", responses((status = 204, description = "Left")))]
pub(super) async fn leave_organization(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    _: Untagged,
) -> Result<StatusCode> {
    members::leave(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
