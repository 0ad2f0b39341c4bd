use axum::extract::State;
use rollcall_application::sessions::{self, OwnSession};
use rollcall_domain::{OrganizationId, SessionId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{api::Api, credential::Caller, cursor::PageOf, problem::Result};

/// One of one's own sessions.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnSession)]
pub(super) struct OwnSessionObject {
    #[schema(value_type = String, example = "sess_01h455vb4pex5vsknk084sn02q")]
    id: SessionId,
    /// What the client that it began with calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64) Firefox/147.0")]
    device: Option<String>,
    /// The network address that it began from.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// Where it works; null for a session in no organization.
    #[schema(value_type = Option<String>, example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: Option<OrganizationId>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T09:30:00Z", value_type = String)]
    last_seen_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-02-01T03:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
    /// Whether it is the one that asks.
    #[schema(example = true)]
    current: bool,
}

/// Lists one's own sessions, in whichever organization; the one used last is first.
#[utoipa::path(get, path = "/v1/sessions", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The sessions", body = PageOf<OwnSessionObject>)))]
pub(super) async fn list_sessions(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<axum::Json<PageOf<OwnSessionObject>>> {
    let own = sessions::list(&api.app, &actor).await?;
    let data = own.into_iter().map(|OwnSession { session, created_at, ip, user_agent }| OwnSessionObject {
        id: session.id,
        device: user_agent,
        address: ip,
        organization_id: session.organization,
        created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        current: session.id == actor.session_id(),
    });
    Ok(axum::Json(PageOf { data: data.collect(), next_cursor: None }))
}
