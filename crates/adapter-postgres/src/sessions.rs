//! Sessions.

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    sessions::{NewSession, Sessions},
};
use rollcall_domain::{SessionId, audit::Origin};

use crate::{error::store_error, transaction::Transaction};

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
            origin.user_agent,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn session_end(&mut self, session: SessionId) -> Result<bool, StoreError> {
        let delete = sqlx::query!("DELETE FROM sessions WHERE session_id = $1", session.uuid());
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() > 0)
    }
}
