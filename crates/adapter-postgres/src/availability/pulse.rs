//! What agents' devices say all the time.

use async_trait::async_trait;
use rollcall_application::{availability::Pulse, ports::StoreError};
use rollcall_domain::{EscalationId, OrganizationId, UserId, escalations::Settings, secret::TokenHash};
use time::OffsetDateTime;

use crate::{
    error::store_error,
    row::moment,
    store::PgStore,
    transaction::{Purpose, begin},
};

#[async_trait]
impl Pulse for PgStore {
    async fn beat(
        &self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
        alive_until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Change, Some(organization.uuid()), None, "").await?;
        // The agent first, as everywhere; a node whose clock is behind takes nothing away.
        let beat = sqlx::query!(
            "WITH beating AS (
                 UPDATE human_agents SET last_heartbeat_at = GREATEST(last_heartbeat_at, $3), alive_until = GREATEST(alive_until, $4)
                  WHERE org_id = $1 AND user_id = $2 AND chosen <> 'offline' AND alive_until > $3
                 RETURNING user_id)
             UPDATE escalations e
                SET expires_at = GREATEST(e.expires_at, $3 + make_interval(secs => COALESCE(
                        (SELECT s.lease_seconds FROM escalation_settings s WHERE s.org_id = $1), $5)))
               FROM beating b
              WHERE e.org_id = $1 AND e.agent = b.user_id AND e.status = 'claimed' AND e.expires_at > $3",
            organization.uuid(),
            user.uuid(),
            now,
            alive_until,
            Settings::default().lease_seconds,
        );
        beat.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn renew(
        &self,
        organization: OrganizationId,
        user: UserId,
        escalation: EscalationId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Change, Some(organization.uuid()), None, "").await?;
        let renew = sqlx::query_scalar!(
            r#"UPDATE escalations
                  SET expires_at = GREATEST(expires_at, $5 + make_interval(secs => COALESCE(
                          (SELECT s.lease_seconds FROM escalation_settings s WHERE s.org_id = $1), $6)))
                WHERE org_id = $1 AND escalation_id = $2 AND agent = $3 AND lease_hash = $4 AND status = 'claimed'
                  AND expires_at > $5
               RETURNING expires_at AS "expires_at!""#,
            organization.uuid(),
            escalation.uuid(),
            user.uuid(),
            token.0.as_slice(),
            now,
            Settings::default().lease_seconds,
        );
        let until = renew.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(until.map(moment))
    }
}
