//! Changes of what waits.

use async_trait::async_trait;
use rollcall_application::{escalations::Escalations, ports::StoreError, sessions::LiveSessions};
use rollcall_domain::{
    CallId, EscalationId, OrganizationId, UserId,
    availability::Skills,
    escalations::{Escalation, EscalationSettings, Hold},
};
use time::OffsetDateTime;

use super::row::EscalationRow;
use crate::{
    availability::agent_roles,
    error::{exactly_one, store_error},
    transaction::Transaction,
};

#[async_trait]
impl Escalations for Transaction {
    async fn escalation_add(
        &mut self,
        organization: OrganizationId,
        escalation: &Escalation,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO escalations (org_id, escalation_id, call_id, reason, priority, skills, status, waits_until, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            organization.uuid(),
            escalation.id.uuid(),
            escalation.call.uuid(),
            escalation.reason.as_str(),
            i16::from(escalation.priority.number()),
            escalation.skills.names(),
            escalation.status.as_str(),
            escalation.waits_until,
            escalation.created_at,
            escalation.version,
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn escalation_of_call_lock(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<Escalation>, StoreError> {
        let row = sqlx::query_as!(
            EscalationRow,
            "SELECT escalation_id, call_id, reason, priority, skills, status, callback, agent, expires_at, offered_to, lease_hash, fence,
                    claimed_at, waits_until, created_at, ended_at, version
               FROM escalations
              WHERE org_id = $1 AND call_id = $2 AND status IN ('waiting', 'offered', 'claimed', 'callback')
                FOR NO KEY UPDATE",
            organization.uuid(),
            call.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(Escalation::try_from).transpose()
    }

    async fn escalation_lock(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
    ) -> Result<Option<Escalation>, StoreError> {
        let row = sqlx::query_as!(
            EscalationRow,
            "SELECT escalation_id, call_id, reason, priority, skills, status, callback, agent, expires_at, offered_to, lease_hash, fence,
                    claimed_at, waits_until, created_at, ended_at, version
               FROM escalations WHERE org_id = $1 AND escalation_id = $2
                FOR NO KEY UPDATE",
            organization.uuid(),
            id.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(Escalation::try_from).transpose()
    }

    async fn escalation_next_lock(
        &mut self,
        organization: OrganizationId,
        skills: &Skills,
        now: OffsetDateTime,
    ) -> Result<Option<Escalation>, StoreError> {
        let row = sqlx::query_as!(
            EscalationRow,
            "SELECT escalation_id, call_id, reason, priority, skills, status, callback, agent, expires_at, offered_to, lease_hash, fence,
                    claimed_at, waits_until, created_at, ended_at, version
               FROM escalations
              WHERE org_id = $1 AND status = 'waiting' AND skills <@ $2 AND waits_until > $3
              ORDER BY priority DESC, created_at, escalation_id LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED",
            organization.uuid(),
            skills.names(),
            now,
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(Escalation::try_from).transpose()
    }

    async fn escalations_held_lock(
        &mut self,
        organization: OrganizationId,
        agent: UserId,
    ) -> Result<Vec<Escalation>, StoreError> {
        let rows = sqlx::query_as!(
            EscalationRow,
            "SELECT escalation_id, call_id, reason, priority, skills, status, callback, agent, expires_at, offered_to, lease_hash, fence,
                    claimed_at, waits_until, created_at, ended_at, version
               FROM escalations
              WHERE org_id = $1 AND agent = $2 AND status IN ('offered', 'claimed')
              ORDER BY escalation_id
                FOR NO KEY UPDATE",
            organization.uuid(),
            agent.uuid(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(Escalation::try_from).collect()
    }

    async fn escalations_overdue_lock(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<Escalation>, StoreError> {
        let rows = sqlx::query_as!(
            EscalationRow,
            "SELECT escalation_id, call_id, reason, priority, skills, status, callback, agent, expires_at, offered_to, lease_hash, fence,
                    claimed_at, waits_until, created_at, ended_at, version
               FROM escalations
              WHERE org_id = $1 AND status = 'waiting' AND waits_until <= $2
              ORDER BY escalation_id LIMIT $3
                FOR NO KEY UPDATE SKIP LOCKED",
            organization.uuid(),
            now,
            i64::from(limit),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(Escalation::try_from).collect()
    }

    async fn escalation_save(
        &mut self,
        organization: OrganizationId,
        escalation: &Escalation,
    ) -> Result<(), StoreError> {
        let (offered_to, token) = match &escalation.hold {
            None => (None, None),
            Some(Hold::Offer { generation, .. }) => (Some(*generation), None),
            Some(Hold::Lease { token, .. }) => (None, Some(token.0.as_slice())),
        };
        let update = sqlx::query!(
            "UPDATE escalations
                SET status = $3, callback = $4, agent = $5, expires_at = $6, offered_to = $7, lease_hash = $8, fence = $9,
                    claimed_at = $10, waits_until = $11, ended_at = $12, version = version + 1
              WHERE org_id = $1 AND escalation_id = $2",
            organization.uuid(),
            escalation.id.uuid(),
            escalation.status.as_str(),
            escalation.callback,
            escalation.agent.map(|agent| agent.uuid()),
            escalation.hold.map(Hold::until),
            offered_to,
            token,
            escalation.fence,
            escalation.claimed_at,
            escalation.waits_until,
            escalation.ended_at,
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn escalation_to_offer(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
    ) -> Result<Option<(EscalationId, UserId)>, StoreError> {
        let automatic = sqlx::query_scalar!(
            "SELECT automatic FROM escalation_settings WHERE org_id = $1",
            organization.uuid()
        );
        let automatic = automatic.fetch_optional(self.connection()).await.map_err(store_error)?;
        if automatic != Some(true) {
            return Ok(None);
        }
        // Who has been idle for longest is only certain one at a time.
        let alone = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('escalations of ' || $1::uuid::text, 0))",
            organization.uuid()
        );
        alone.execute(self.connection()).await.map_err(store_error)?;
        let find = sqlx::query!(
            r#"WITH free AS MATERIALIZED (
                   SELECT a.user_id, a.skills, a.idle_since
                     FROM human_agents a JOIN members m ON m.org_id = a.org_id AND m.user_id = a.user_id
                     JOIN users u ON u.user_id = a.user_id
                     LEFT JOIN security_controls c ON c.org_id = a.org_id AND c.control = 'mfa_required'
                     LEFT JOIN mfa_deadlines d ON d.org_id = a.org_id AND d.user_id = a.user_id
                    WHERE a.org_id = $1 AND a.chosen = 'available' AND a.alive_until > $2 AND m.role = ANY($3)
                      AND NOT (u.status = 'suspended' OR (COALESCE(c.enabled, false) AND NOT u.mfa_enabled
                                                          AND COALESCE(d.deadline_at, now()) <= now()))
                      AND EXISTS (SELECT FROM sessions s
                                   WHERE s.org_id = a.org_id AND s.user_id = a.user_id
                                     AND s.expires_at > $4 AND s.last_seen_at > $5)
                      AND (SELECT count(*) FROM escalations h
                            WHERE h.org_id = a.org_id AND h.agent = a.user_id
                              AND h.status IN ('offered', 'claimed')) < a.capacity)
               SELECT e.escalation_id, f.user_id AS "user_id!"
                 FROM escalations e CROSS JOIN LATERAL (
                      SELECT f.user_id FROM free f WHERE e.skills <@ f.skills ORDER BY f.idle_since, f.user_id LIMIT 1) f
                WHERE e.org_id = $1 AND e.status = 'waiting' AND e.waits_until > $2
                ORDER BY e.priority DESC, e.created_at, e.escalation_id LIMIT 1"#,
            organization.uuid(),
            now,
            &agent_roles(),
            live.now,
            live.used_after,
        );
        let found = find.fetch_optional(self.connection()).await.map_err(store_error)?;
        Ok(found.map(|row| (EscalationId::from_uuid(row.escalation_id), UserId::from_uuid(row.user_id))))
    }

    async fn escalation_settings_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<EscalationSettings, StoreError> {
        let EscalationSettings {
            wait_limit_seconds,
            offer_seconds,
            lease_seconds,
            automatic_assignment,
            version,
        } = EscalationSettings::default();
        // Where there is no row there is nothing to lock, and two would come to the same version.
        let row = sqlx::query_as!(
            EscalationSettings,
            "INSERT INTO escalation_settings AS s (org_id, wait_limit_seconds, offer_seconds, lease_seconds, automatic, version)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (org_id) DO UPDATE SET version = s.version
             RETURNING s.wait_limit_seconds, s.offer_seconds, s.lease_seconds, s.automatic AS automatic_assignment, s.version",
            organization.uuid(),
            wait_limit_seconds,
            offer_seconds,
            lease_seconds,
            automatic_assignment,
            version,
        );
        row.fetch_one(self.connection()).await.map_err(store_error)
    }

    async fn escalation_settings_save(
        &mut self,
        organization: OrganizationId,
        settings: &EscalationSettings,
    ) -> Result<(), StoreError> {
        let save = sqlx::query!(
            "UPDATE escalation_settings
                SET wait_limit_seconds = $2, offer_seconds = $3, lease_seconds = $4, automatic = $5, version = $6
              WHERE org_id = $1",
            organization.uuid(),
            settings.wait_limit_seconds,
            settings.offer_seconds,
            settings.lease_seconds,
            settings.automatic_assignment,
            settings.version,
        );
        exactly_one(save.execute(self.connection()).await)
    }
}
