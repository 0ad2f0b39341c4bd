//! Sessions.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    ports::{OpenSession, StoreError},
    sessions::{LiveSessions, NewSession, OwnSession, Sessions, SessionsView},
};
use rollcall_domain::{OrganizationId, SessionId, UserId, audit::Origin, sessions::Session};
use time::OffsetDateTime;

use crate::{
    bounds::GREATEST_ID,
    error::store_error,
    row::{OpenSessionRow, moment},
    transaction::Transaction,
};

#[async_trait]
impl SessionsView for Transaction {
    async fn sessions_page(
        &mut self,
        user: UserId,
        live: Option<LiveSessions>,
        page: &PageRequest<SessionId>,
    ) -> Result<Page<OwnSession, SessionId>, StoreError> {
        let rows = sqlx::query!(
            "SELECT session_id, org_id, authenticated_at, created_at, last_seen_at, expires_at, host(ip) AS ip, user_agent
               FROM sessions
              WHERE user_id = $1
                AND session_id < $2
                AND ($3::timestamptz IS NULL OR (expires_at > $3 AND last_seen_at > $4))
              ORDER BY session_id DESC
              LIMIT $5",
            user.uuid(),
            page.after.map_or(GREATEST_ID, |after| after.uuid()),
            live.map(|live| live.now),
            live.map(|live| live.used_after),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let sessions = rows.into_iter().map(|row| OwnSession {
            session: Session {
                id: SessionId::from_uuid(row.session_id),
                user,
                organization: row.org_id.map(OrganizationId::from_uuid),
                authenticated_at: moment(row.authenticated_at),
                last_seen_at: moment(row.last_seen_at),
                expires_at: moment(row.expires_at),
            },
            created_at: moment(row.created_at),
            ip: row.ip,
            user_agent: row.user_agent,
        });
        Ok(Page::cut(sessions.collect(), page.limit, |own: &OwnSession| own.session.id))
    }

    async fn session_find(
        &mut self,
        user: UserId,
        organization: Option<OrganizationId>,
        session: SessionId,
    ) -> Result<Option<OpenSession>, StoreError> {
        let row = sqlx::query_as!(
            OpenSessionRow,
            r#"SELECT s.session_id, s.authenticated_at, s.last_seen_at, s.expires_at,
                      u.user_id, u.email, u.name AS user_name, u.locale, u.time_zone, u.status,
                      u.created_at AS user_created_at, u.mfa_enabled, u.version AS user_version,
                      o.org_id AS "org_id?", o.name AS "org_name?", o.slug AS "slug?", o.plan AS "plan?",
                      o.created_at AS "org_created_at?", o.suspended_at IS NOT NULL AS org_suspended,
                      o.version AS "org_version?", m.role AS "role?",
                      CASE WHEN c.enabled AND NOT u.mfa_enabled THEN COALESCE(d.deadline_at, now()) END AS mfa_deadline_at,
                      now() AS "mfa_as_of!"
                 FROM sessions s
                 JOIN users u ON u.user_id = s.user_id
                 LEFT JOIN members m ON m.org_id = s.org_id AND m.user_id = s.user_id
                 LEFT JOIN organizations o ON o.org_id = m.org_id
                 LEFT JOIN security_controls c ON c.org_id = m.org_id AND c.control = 'mfa_required'
                 LEFT JOIN mfa_deadlines d ON d.org_id = m.org_id AND d.user_id = m.user_id
                WHERE s.user_id = $1 AND s.org_id IS NOT DISTINCT FROM $2 AND s.session_id = $3"#,
            user.uuid(),
            organization.map(|organization| organization.uuid()),
            session.uuid()
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(OpenSession::try_from).transpose()
    }
}

#[async_trait]
impl Sessions for Transaction {
    async fn session_add(&mut self, session: &NewSession, origin: &Origin) -> Result<(), StoreError> {
        let NewSession { session, token } = session;
        let organization = session.organization.map(|organization| organization.uuid());
        let insert = sqlx::query!(
            "WITH seen AS (
                 UPDATE members SET last_seen_at = $6 WHERE org_id = $4 AND user_id = $3)
             INSERT INTO sessions (session_id, token_hash, user_id, org_id, authenticated_at, created_at, last_seen_at,
                                   expires_at, ip, user_agent)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8::text::inet, $9)",
            session.id.uuid(),
            token.0.as_slice(),
            session.user.uuid(),
            organization,
            session.authenticated_at,
            session.last_seen_at,
            session.expires_at,
            origin.ip.map(|ip| ip.to_string()),
            origin.user_agent.as_deref(),
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn sessions_end(
        &mut self,
        user: UserId,
        but: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.agents_hold().await?;
        let delete = sqlx::query_scalar!(
            "DELETE FROM sessions WHERE user_id = $1 AND session_id IS DISTINCT FROM $2 RETURNING session_id",
            user.uuid(),
            but.map(|session| session.uuid()),
        );
        let ended = delete.fetch_all(self.connection()).await.map_err(store_error)?;
        self.sessions_change(user.uuid());
        Ok(ended.into_iter().map(SessionId::from_uuid).collect())
    }

    async fn session_hold(&mut self, session: SessionId) -> Result<bool, StoreError> {
        let found =
            sqlx::query!("SELECT session_id FROM sessions WHERE session_id = $1 FOR SHARE", session.uuid());
        Ok(found.fetch_optional(self.connection()).await.map_err(store_error)?.is_some())
    }

    async fn session_prove(&mut self, session: SessionId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let update = sqlx::query_scalar!(
            "UPDATE sessions SET authenticated_at = $2 WHERE session_id = $1 RETURNING user_id",
            session.uuid(),
            at
        );
        let Some(user) = update.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(false);
        };
        self.sessions_change(user);
        Ok(true)
    }

    async fn session_end(&mut self, session: SessionId) -> Result<bool, StoreError> {
        self.agents_hold().await?;
        let delete = sqlx::query_scalar!(
            "DELETE FROM sessions WHERE session_id = $1 RETURNING user_id",
            session.uuid()
        );
        let Some(user) = delete.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(false);
        };
        self.sessions_change(user);
        Ok(true)
    }
}
