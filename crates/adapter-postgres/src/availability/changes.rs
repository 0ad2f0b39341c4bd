//! What changes of agents.

use async_trait::async_trait;
use rollcall_application::{availability::Availability, ports::StoreError, sessions::LiveSessions};
use rollcall_domain::{
    OrganizationId, UserId,
    availability::{Agent, StatusChange},
};

use super::agents::AgentRow;
use crate::{
    error::{corrupt, exactly_one, store_error},
    transaction::Transaction,
};

#[async_trait]
impl Availability for Transaction {
    async fn agent_add(&mut self, organization: OrganizationId, agent: &Agent) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO human_agents (org_id, user_id, chosen, cause, generation, note, shown, since, capacity, skills, alive_until,
                                       last_heartbeat_at, idle_since, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (org_id, user_id) DO NOTHING",
            organization.uuid(),
            agent.user.uuid(),
            agent.chosen.as_str(),
            agent.cause.as_str(),
            agent.generation,
            agent.note.as_ref().map(|note| note.as_str()),
            agent.shown.as_str(),
            agent.since,
            i16::try_from(agent.capacity.calls()).map_err(corrupt)?,
            agent.skills.names(),
            agent.alive_until,
            agent.last_heartbeat_at,
            agent.idle_since,
            agent.version,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn agent_lock(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Agent>, StoreError> {
        let row = sqlx::query_as!(
            AgentRow,
            "SELECT user_id, chosen, cause, generation, note, shown, since, capacity, skills, alive_until, last_heartbeat_at,
                    idle_since, version
               FROM human_agents WHERE org_id = $1 AND user_id = $2
                FOR NO KEY UPDATE",
            organization.uuid(),
            user.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(Agent::try_from).transpose()
    }

    async fn agent_save(&mut self, organization: OrganizationId, agent: &Agent) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE human_agents
                SET chosen = $3, cause = $4, generation = $5, note = $6, shown = $7, since = $8, capacity = $9, skills = $10,
                    alive_until = $11, last_heartbeat_at = $12, idle_since = $13, version = $14
              WHERE org_id = $1 AND user_id = $2",
            organization.uuid(),
            agent.user.uuid(),
            agent.chosen.as_str(),
            agent.cause.as_str(),
            agent.generation,
            agent.note.as_ref().map(|note| note.as_str()),
            agent.shown.as_str(),
            agent.since,
            i16::try_from(agent.capacity.calls()).map_err(corrupt)?,
            agent.skills.names(),
            agent.alive_until,
            agent.last_heartbeat_at,
            agent.idle_since,
            agent.version,
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn availability_note(
        &mut self,
        organization: OrganizationId,
        change: &StatusChange,
        version: i32,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO availability_changes (org_id, user_id, at, version, status, cause) VALUES ($1, $2, $3, $4, $5, $6)",
            organization.uuid(),
            change.user.uuid(),
            change.at,
            version,
            change.after.as_str(),
            change.cause.as_str(),
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn agents_forget_notes(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        // In the order in which whoever needs several of them locks them.
        let lock = sqlx::query!(
            "SELECT user_id FROM human_agents WHERE org_id = $1 AND note IS NOT NULL ORDER BY user_id FOR NO KEY UPDATE",
            organization.uuid(),
        );
        lock.fetch_all(self.connection()).await.map_err(store_error)?;
        let forget = sqlx::query!(
            "UPDATE human_agents SET note = NULL, version = version + 1 WHERE org_id = $1 AND note IS NOT NULL",
            organization.uuid(),
        );
        forget.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn agents_in(&mut self, organization: OrganizationId) -> Result<Vec<UserId>, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT user_id AS "user_id!" FROM human_agents WHERE org_id = $1 AND chosen <> 'offline'
                UNION
               SELECT agent FROM escalations WHERE org_id = $1 AND status IN ('offered', 'claimed')
                ORDER BY 1"#,
            organization.uuid(),
        );
        let found = find.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(UserId::from_uuid).collect())
    }

    async fn agents_signed_out(
        &mut self,
        user: UserId,
        live: LiveSessions,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let find = sqlx::query_scalar!(
            "SELECT a.org_id FROM human_agents a
              WHERE a.user_id = $1 AND a.chosen <> 'offline'
                AND NOT EXISTS (SELECT FROM sessions s
                                 WHERE s.user_id = $1 AND s.org_id = a.org_id AND s.expires_at > $2 AND s.last_seen_at > $3)
              ORDER BY a.org_id",
            user.uuid(),
            live.now,
            live.used_after,
        );
        let found = find.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(OrganizationId::from_uuid).collect())
    }
}
