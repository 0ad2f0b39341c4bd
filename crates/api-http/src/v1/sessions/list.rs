use axum::extract::State;
use rollcall_application::{
    PageRequest,
    sessions::{self, OwnSession},
};
use rollcall_domain::{OrganizationId, SessionId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    api::Api,
    credential::Caller,
    cursor::{List, PageOf, PageQuery},
    problem::Result,
    query::Query,
};

/// One of one's own sessions.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnSession)]
pub(in crate::v1) struct OwnSessionObject {
    #[schema(value_type = String, example = "sess_01h455vb4pex5vsknk084sn02q")]
    id: SessionId,
    /// The `User-Agent` of the client that began it.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64) Firefox/147.0")]
    device: Option<String>,
    /// The IP address that it was begun from.
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

impl OwnSessionObject {
    /// A session, as whoever asks in the session `current` sees it.
    pub(in crate::v1) fn seen_from(current: SessionId, own: OwnSession) -> Self {
        let OwnSession { session, created_at, ip, user_agent } = own;
        Self {
            id: session.id,
            device: user_agent,
            address: ip,
            organization_id: session.organization,
            created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            current: session.id == current,
        }
    }
}

/// Lists the caller's own sessions in all organizations, newest first.
#[utoipa::path(get, path = "/v1/sessions", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])), params(PageQuery),
    responses((status = 200, description = "A page of sessions", body = PageOf<OwnSessionObject>)))]
pub(super) async fn list_sessions(
    State(api): State<Api>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<OwnSessionObject>> {
    let list = List::new(&api, &actor, "sessions", &());
    let page = PageRequest { limit: query.limit.0, after: list.read(query.cursor.as_deref())? };
    let page = sessions::list(&api.app, &actor, &page).await?;
    let current = actor.session_id();
    Ok(PageOf {
        data: page.entries.into_iter().map(|own| OwnSessionObject::seen_from(current, own)).collect(),
        next_cursor: list.write(page.next),
    })
}
