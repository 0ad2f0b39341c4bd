use axum::extract::State;
use http::{HeaderName, StatusCode};
use rollcall_application::availability;
use rollcall_domain::{Permission, availability::AgentStatus};

use crate::{api::Api, body::NoFields, credential::Caller, etag::Untagged, problem::Result};

/// What one has chosen, as far as it still holds.
const AVAILABILITY: HeaderName = HeaderName::from_static("rollcall-availability");

/// Tells that the calling agent is still there, and renews the leases on their calls.
///
/// An agent without a heartbeat for 45 seconds goes offline until they choose another status; a heartbeat alone does not bring
/// them back. The header `Rollcall-Availability` of the answer is `available`, `away` or `offline`. Heartbeats do not count as
/// use of the session, and are refused once it has ended.
#[utoipa::path(post, path = "/v1/availability/me/heartbeat", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    responses((status = 204, description = "Heard", headers(
        ("Rollcall-Availability" = String, description = "`available`, `away`, or `offline` when one has to choose anew")))))]
pub(super) async fn beat(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::AvailabilitySet as u8 }>,
    _: Untagged,
    NoFields: NoFields,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1])> {
    let chosen = availability::beat(&api.app, &actor).await?;
    let is = chosen.map_or(AgentStatus::Offline.as_str(), |choice| choice.as_str());
    Ok((StatusCode::NO_CONTENT, [(AVAILABILITY, is)]))
}
