//! Who is an agent, and what they are.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    availability::{AvailabilityView, ListedAgent, Period, Spell},
    ports::StoreError,
    sessions::LiveSessions,
};
use rollcall_domain::{
    OrganizationId, UserId,
    availability::{Agent, Capacity, Cause, Skills},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::agent_roles;
use crate::{
    bounds::{GREATEST_ID, LEAST_ID},
    error::{corrupt, store_error},
    row::{count, moment, value},
    transaction::Transaction,
};

pub(super) struct AgentRow {
    pub(super) user_id: Uuid,
    pub(super) chosen: String,
    pub(super) cause: String,
    pub(super) generation: i64,
    pub(super) note: Option<String>,
    pub(super) shown: String,
    pub(super) since: OffsetDateTime,
    pub(super) capacity: i16,
    pub(super) skills: Vec<String>,
    pub(super) alive_until: OffsetDateTime,
    pub(super) last_heartbeat_at: Option<OffsetDateTime>,
    pub(super) idle_since: OffsetDateTime,
    pub(super) version: i32,
}

impl TryFrom<AgentRow> for Agent {
    type Error = StoreError;

    fn try_from(row: AgentRow) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            chosen: value(&row.chosen)?,
            cause: value(&row.cause)?,
            generation: row.generation,
            note: row.note.as_deref().map(value).transpose()?,
            shown: value(&row.shown)?,
            since: moment(row.since),
            capacity: Capacity::new(row.capacity.into()).map_err(corrupt)?,
            skills: Skills::new(&row.skills).map_err(corrupt)?,
            alive_until: moment(row.alive_until),
            last_heartbeat_at: row.last_heartbeat_at.map(moment),
            idle_since: moment(row.idle_since),
            version: row.version,
        })
    }
}

struct ListedRow {
    user_id: Uuid,
    email: String,
    name: String,
    joined_at: OffsetDateTime,
    calls: i64,
    suspended: bool,
    late: bool,
    signed_out: bool,
    chosen: Option<String>,
    cause: Option<String>,
    generation: Option<i64>,
    note: Option<String>,
    shown: Option<String>,
    since: Option<OffsetDateTime>,
    capacity: Option<i16>,
    skills: Option<Vec<String>>,
    alive_until: Option<OffsetDateTime>,
    last_heartbeat_at: Option<OffsetDateTime>,
    idle_since: Option<OffsetDateTime>,
    version: Option<i32>,
}

/// Why somebody may not work, if they may not.
fn kept_out(suspended: bool, late: bool, signed_out: bool) -> Option<Cause> {
    match () {
        () if suspended => Some(Cause::Suspended),
        () if late => Some(Cause::MfaDeadline),
        () if signed_out => Some(Cause::SignedOut),
        () => None,
    }
}

impl ListedRow {
    fn listed(self, at: OffsetDateTime) -> Result<ListedAgent, StoreError> {
        let row = self;
        let there = |what| corrupt(format!("an agent lacks {what}"));
        let joined_at = moment(row.joined_at);
        let agent = match row.chosen {
            None => Agent::new(UserId::from_uuid(row.user_id), joined_at),
            Some(chosen) => AgentRow {
                user_id: row.user_id,
                chosen,
                cause: row.cause.ok_or_else(|| there("a cause"))?,
                generation: row.generation.ok_or_else(|| there("a generation"))?,
                note: row.note,
                shown: row.shown.ok_or_else(|| there("a status"))?,
                since: row.since.ok_or_else(|| there("a beginning"))?,
                capacity: row.capacity.ok_or_else(|| there("a capacity"))?,
                skills: row.skills.ok_or_else(|| there("skills"))?,
                alive_until: row.alive_until.ok_or_else(|| there("an end"))?,
                last_heartbeat_at: row.last_heartbeat_at,
                idle_since: row.idle_since.ok_or_else(|| there("idleness"))?,
                version: row.version.ok_or_else(|| there("a version"))?,
            }
            .try_into()?,
        };
        let kept_out = kept_out(row.suspended, row.late, row.signed_out);
        Ok(ListedAgent {
            agent,
            joined_at,
            name: row.name,
            email: Some(row.email),
            calls: count(row.calls)?,
            kept_out,
            at,
        })
    }
}

impl Transaction {
    /// Locks what the scope's account is as an agent, wherever it is one. Sessions end under this lock: their last may take the agent
    /// with it, and whoever acts as an agent holds it before the session.
    pub(crate) async fn agents_hold(&mut self) -> Result<(), StoreError> {
        let Some(user) = self.account() else { return Ok(()) };
        let hold = sqlx::query!(
            "SELECT org_id FROM human_agents WHERE user_id = $1 ORDER BY org_id FOR NO KEY UPDATE",
            user
        );
        hold.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    /// Agents behind one, or just one.
    async fn agents(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
        only: Option<UserId>,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<ListedAgent>, StoreError> {
        let (first, last) = only.map_or((LEAST_ID, GREATEST_ID), |user| (user.uuid(), user.uuid()));
        let rows = sqlx::query_as!(
            ListedRow,
            r#"SELECT m.user_id, u.email, u.name, m.joined_at,
                      (SELECT count(*) FROM escalations e
                        WHERE e.org_id = m.org_id AND e.agent = m.user_id
                          AND e.status = 'claimed' AND e.expires_at > $2) AS "calls!",
                      u.status = 'suspended' AS "suspended!",
                      (COALESCE(c.enabled, false) AND NOT u.mfa_enabled AND COALESCE(d.deadline_at, now()) <= now()) AS "late!",
                      NOT EXISTS (SELECT FROM sessions s
                                   WHERE s.org_id = m.org_id AND s.user_id = m.user_id
                                     AND s.expires_at > $8 AND s.last_seen_at > $9)
                          AS "signed_out!",
                      a.chosen AS "chosen?", a.cause AS "cause?", a.generation AS "generation?", a.note, a.shown AS "shown?",
                      a.since AS "since?", a.capacity AS "capacity?", a.skills AS "skills?", a.alive_until AS "alive_until?",
                      a.last_heartbeat_at, a.idle_since AS "idle_since?", a.version AS "version?"
                 FROM members m JOIN users u ON u.user_id = m.user_id
                 LEFT JOIN human_agents a ON a.org_id = m.org_id AND a.user_id = m.user_id
                 LEFT JOIN security_controls c ON c.org_id = m.org_id AND c.control = 'mfa_required'
                 LEFT JOIN mfa_deadlines d ON d.org_id = m.org_id AND d.user_id = m.user_id
                WHERE m.org_id = $1 AND m.role = ANY($3) AND m.user_id >= $4 AND m.user_id <= $5 AND m.user_id > $6
                ORDER BY m.user_id LIMIT $7"#,
            organization.uuid(),
            now,
            &agent_roles(),
            first,
            last,
            after.map_or(LEAST_ID, |user| user.uuid()),
            limit,
            live.now,
            live.used_after,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(|row| row.listed(now)).collect()
    }
}

#[async_trait]
impl AvailabilityView for Transaction {
    async fn moment(&mut self) -> Result<OffsetDateTime, StoreError> {
        self.shared_now().await
    }

    async fn agents_page(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
        page: &PageRequest<UserId>,
    ) -> Result<Page<ListedAgent, UserId>, StoreError> {
        let agents =
            self.agents(organization, now, live, None, page.after, i64::from(page.limit) + 1).await?;
        Ok(Page::cut(agents, page.limit, |listed| listed.agent.user))
    }

    async fn agent_find(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
        live: LiveSessions,
    ) -> Result<Option<ListedAgent>, StoreError> {
        Ok(self.agents(organization, now, live, Some(user), None, 1).await?.pop())
    }

    async fn agent_is_known(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT (EXISTS (SELECT FROM members m WHERE m.org_id = $1 AND m.user_id = $2 AND m.role = ANY($3))
                       OR EXISTS (SELECT FROM availability_changes c WHERE c.org_id = $1 AND c.user_id = $2)) AS "known!""#,
            organization.uuid(),
            user.uuid(),
            &agent_roles(),
        );
        find.fetch_one(self.connection()).await.map_err(store_error)
    }

    async fn availability_spells(
        &mut self,
        organization: OrganizationId,
        user: Option<UserId>,
        period: Period,
    ) -> Result<Vec<Spell>, StoreError> {
        self.spells(organization, user, period).await
    }

    async fn agents_of(&mut self, user: UserId) -> Result<Vec<(OrganizationId, Agent)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT org_id, user_id, chosen, cause, generation, note, shown, since, capacity, skills, alive_until, last_heartbeat_at,
                    idle_since, version
               FROM human_agents WHERE user_id = $1 ORDER BY org_id",
            user.uuid(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let agents = rows.into_iter().map(|row| {
            let organization = OrganizationId::from_uuid(row.org_id);
            let agent = AgentRow {
                user_id: row.user_id,
                chosen: row.chosen,
                cause: row.cause,
                generation: row.generation,
                note: row.note,
                shown: row.shown,
                since: row.since,
                capacity: row.capacity,
                skills: row.skills,
                alive_until: row.alive_until,
                last_heartbeat_at: row.last_heartbeat_at,
                idle_since: row.idle_since,
                version: row.version,
            };
            Ok((organization, agent.try_into()?))
        });
        agents.collect()
    }

    async fn agent_kept_out(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        live: LiveSessions,
    ) -> Result<Option<Cause>, StoreError> {
        let find = sqlx::query!(
            r#"SELECT m.role = ANY($3) AS "is_agent!", u.status = 'suspended' AS "suspended!",
                      (COALESCE(c.enabled, false) AND NOT u.mfa_enabled AND COALESCE(d.deadline_at, now()) <= now()) AS "late!",
                      NOT EXISTS (SELECT FROM sessions s
                                   WHERE s.org_id = m.org_id AND s.user_id = m.user_id
                                     AND s.expires_at > $4 AND s.last_seen_at > $5)
                          AS "signed_out!"
                 FROM members m JOIN users u ON u.user_id = m.user_id
                 LEFT JOIN security_controls c ON c.org_id = m.org_id AND c.control = 'mfa_required'
                 LEFT JOIN mfa_deadlines d ON d.org_id = m.org_id AND d.user_id = m.user_id
                WHERE m.org_id = $1 AND m.user_id = $2"#,
            organization.uuid(),
            user.uuid(),
            &agent_roles(),
            live.now,
            live.used_after,
        );
        let Some(row) = find.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(Some(Cause::Removed));
        };
        Ok(match () {
            () if !row.is_agent => Some(Cause::RoleChanged),
            () => kept_out(row.suspended, row.late, row.signed_out),
        })
    }

    async fn agents_due(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
        live: LiveSessions,
    ) -> Result<Vec<UserId>, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT a.user_id AS "user_id!" FROM human_agents a
                 JOIN users u ON u.user_id = a.user_id
                 LEFT JOIN security_controls c ON c.org_id = a.org_id AND c.control = 'mfa_required'
                 LEFT JOIN mfa_deadlines d ON d.org_id = a.org_id AND d.user_id = a.user_id
                WHERE a.org_id = $1 AND a.chosen <> 'offline'
                  AND (a.alive_until <= $2 OR u.status = 'suspended'
                       OR (COALESCE(c.enabled, false) AND NOT u.mfa_enabled AND COALESCE(d.deadline_at, now()) <= now())
                       OR NOT EXISTS (SELECT FROM sessions s
                                       WHERE s.org_id = a.org_id AND s.user_id = a.user_id
                                         AND s.expires_at > $3 AND s.last_seen_at > $4))
                UNION
               SELECT e.agent FROM escalations e
                WHERE e.org_id = $1 AND e.status IN ('offered', 'claimed') AND e.expires_at <= $2
                ORDER BY 1"#,
            organization.uuid(),
            now,
            live.now,
            live.used_after,
        );
        let found = find.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(UserId::from_uuid).collect())
    }

    async fn agents_lapsed(
        &mut self,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Vec<UserId>, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT DISTINCT agent AS "agent!" FROM escalations
                WHERE org_id = $1 AND status IN ('offered', 'claimed') AND expires_at <= $2"#,
            organization.uuid(),
            now,
        );
        let found = find.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(UserId::from_uuid).collect())
    }
}
