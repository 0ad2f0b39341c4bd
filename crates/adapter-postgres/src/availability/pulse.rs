//! What agents' devices say all the time.

use async_trait::async_trait;
use rollcall_application::{availability::Pulse, ports::StoreError};
use rollcall_domain::{
    EscalationId, OrganizationId, UserId, availability::Choice, escalations::EscalationSettings,
    secret::TokenHash,
};
use time::{Duration, OffsetDateTime};

use crate::{
    error::store_error,
    row::{moment, value},
    store::PgStore,
    transaction::{TransactionPurpose, begin},
};

#[async_trait]
impl Pulse for PgStore {
    async fn beat(
        &self,
        organization: OrganizationId,
        user: UserId,
        alive: Duration,
    ) -> Result<Option<Choice>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await?;
        // The agent first, as everywhere. It was heard when it came, however long it had to wait for somebody; what came later takes
        // nothing away.
        let beat = sqlx::query_scalar!(
            "WITH moment AS MATERIALIZED (SELECT COALESCE($3::timestamptz, now()) AS at),
             beating AS (
                 UPDATE human_agents a
                    SET last_heartbeat_at = GREATEST(a.last_heartbeat_at, m.at),
                        alive_until = GREATEST(a.alive_until, m.at + make_interval(secs => $4))
                   FROM moment m
                  WHERE a.org_id = $1 AND a.user_id = $2 AND a.chosen <> 'offline' AND a.alive_until > m.at
                 RETURNING a.user_id, a.chosen),
             renewed AS (
                 UPDATE escalations e
                    SET expires_at = GREATEST(e.expires_at, m.at + make_interval(secs => COALESCE(
                            (SELECT s.lease_seconds FROM escalation_settings s WHERE s.org_id = $1), $5)))
                   FROM beating b CROSS JOIN moment m
                  WHERE e.org_id = $1 AND e.agent = b.user_id AND e.status = 'claimed' AND e.expires_at > m.at)
             SELECT chosen FROM beating",
            organization.uuid(),
            user.uuid(),
            self.moment(),
            alive.as_seconds_f64(),
            EscalationSettings::default().lease_seconds,
        );
        let chosen = beat.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        chosen.as_deref().map(value).transpose()
    }

    async fn renew(
        &self,
        organization: OrganizationId,
        user: UserId,
        escalation: EscalationId,
        token: TokenHash,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await?;
        let renew = sqlx::query_scalar!(
            r#"UPDATE escalations e
                  SET expires_at = GREATEST(e.expires_at, m.at + make_interval(secs => COALESCE(
                          (SELECT s.lease_seconds FROM escalation_settings s WHERE s.org_id = $1), $6)))
                 FROM (SELECT COALESCE($5::timestamptz, now()) AS at) m
                WHERE e.org_id = $1 AND e.escalation_id = $2 AND e.agent = $3 AND e.lease_hash = $4 AND e.status = 'claimed'
                  AND e.expires_at > m.at
               RETURNING e.expires_at AS "expires_at!""#,
            organization.uuid(),
            escalation.uuid(),
            user.uuid(),
            token.0.as_slice(),
            self.moment(),
            EscalationSettings::default().lease_seconds,
        );
        let until = renew.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(until.map(moment))
    }
}
