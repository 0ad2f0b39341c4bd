//! The team.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    members::{Inviter, MemberFilter, MemberKey, Members, MembersView, Offboarding, Teams},
    ports::StoreError,
};
use rollcall_domain::{
    EmailAddress, OrganizationId, Role, UserId,
    members::{Member, Membership},
    organizations::Organization,
};
use sqlx::Executor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::BEFORE_MEMBERS,
    error::{exactly_one, store_error},
    row::{SeatRow, count, moment, value},
    security::set_deadline,
    store::PgStore,
    transaction::{Transaction, settings},
};

/// The columns of a member.
pub(crate) struct MemberRow {
    pub(crate) user_id: Uuid,
    pub(crate) role: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) mfa_enabled: bool,
    pub(crate) joined_at: OffsetDateTime,
    pub(crate) last_seen_at: Option<OffsetDateTime>,
    pub(crate) version: i32,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        Ok(Self {
            membership: Membership { user: UserId::from_uuid(row.user_id), role: value(&row.role)? },
            email: row.email,
            name: row.name,
            status: value(&row.status)?,
            joined_at: moment(row.joined_at),
            mfa_enabled: row.mfa_enabled,
            last_seen_at: row.last_seen_at.map(moment),
            changes: row.version,
        })
    }
}

/// The key that a page begins after. Nobody came in before the beginning of time, so every page begins after some.
pub(crate) fn after(page: &PageRequest<MemberKey>) -> MemberKey {
    page.after.unwrap_or(BEFORE_MEMBERS)
}

/// How many members are read for a page: one more than fits tells that another page follows.
pub(crate) fn one_more(page: &PageRequest<MemberKey>) -> i64 {
    i64::from(page.limit) + 1
}

/// A page out of the members that were read for it.
pub(crate) fn cut(members: Vec<Member>, page: &PageRequest<MemberKey>) -> Page<Member, MemberKey> {
    Page::cut(members, page.limit, |member| MemberKey {
        joined_at: member.joined_at,
        user: member.membership.user,
    })
}

/// A text as a pattern that finds it anywhere, whatever signs of patterns it holds.
fn pattern(search: &str) -> String {
    let mut pattern = String::with_capacity(search.len() + 2);
    pattern.push('%');
    for character in search.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[async_trait]
impl Teams for PgStore {
    async fn page(
        &self,
        organization: OrganizationId,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Member, MemberKey>, StoreError> {
        self.look_up_team_page(organization, page).await
    }
}

#[async_trait]
impl MembersView for Transaction {
    async fn member_find(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        let row = sqlx::query_as!(
            MemberRow,
            r#"SELECT m.user_id, m.role, u.email, u.name, u.status, u.mfa_enabled, m.joined_at, m.last_seen_at,
                      m.version + u.version AS "version!"
                 FROM members m JOIN users u ON u.user_id = m.user_id JOIN organizations o ON o.org_id = m.org_id
                WHERE m.org_id = $1 AND m.user_id = $2 AND o.deleted_at IS NULL"#,
            organization.uuid(),
            user.uuid()
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(Member::try_from).transpose()
    }

    async fn member_elsewhere(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<bool, StoreError> {
        // Deleted ones too: they can be restored.
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM members WHERE user_id = $2 AND org_id <> $1) AS "found!""#,
            organization.uuid(),
            user.uuid()
        );
        found.fetch_one(self.connection()).await.map_err(store_error)
    }

    async fn members_page(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Member, MemberKey>, StoreError> {
        let (after, limit) = (after(page), one_more(page));
        let rows = if *filter == MemberFilter::default() {
            // It knows the organization from the scope.
            sqlx::query_as!(
                MemberRow,
                r#"SELECT user_id AS "user_id!", role AS "role!", email AS "email!", name AS "name!", status AS "status!",
                          mfa_enabled AS "mfa_enabled!", joined_at AS "joined_at!", last_seen_at, version AS "version!"
                     FROM team_page($1, $2, $3)"#,
                after.joined_at,
                after.user.uuid(),
                limit,
            )
            .fetch_all(self.connection())
            .await
        } else {
            // A plan for any filter would expect next to nobody to pass it, and therefore sort the whole organization.
            self.connection()
                .execute("SET LOCAL plan_cache_mode = force_custom_plan")
                .await
                .map_err(store_error)?;
            sqlx::query_as!(
                MemberRow,
                r#"SELECT m.user_id, m.role, u.email, u.name, u.status, u.mfa_enabled, m.joined_at, m.last_seen_at,
                      m.version + u.version AS "version!"
                 FROM members m JOIN users u ON u.user_id = m.user_id
                WHERE m.org_id = $1
                  AND (m.joined_at, m.user_id) > ($2, $3)
                  AND ($4::text IS NULL OR m.role = $4)
                  AND ($5::text IS NULL OR u.status = $5)
                  AND ($6::text IS NULL OR u.name ILIKE $6 OR u.email ILIKE $6)
                ORDER BY m.joined_at, m.user_id
                LIMIT $7"#,
                organization.uuid(),
                after.joined_at,
                after.user.uuid(),
                filter.role.map(Role::as_str),
                filter.status.map(|status| status.as_str()),
                filter.search.as_ref().map(|search| pattern(search.as_str())),
                limit,
            )
            .fetch_all(self.connection())
            .await
        };
        let rows = rows.map_err(store_error)?;
        let members = rows.into_iter().map(Member::try_from).collect::<Result<_, _>>()?;
        Ok(cut(members, page))
    }

    async fn members_count(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM members WHERE org_id = $1"#,
            organization.uuid()
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn owners_count(&mut self, organization: OrganizationId) -> Result<usize, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM members WHERE org_id = $1 AND role = 'owner'"#,
            organization.uuid()
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<UserId>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT user_id FROM members WHERE org_id = $1 AND role = 'owner' ORDER BY user_id",
            organization.uuid()
        );
        let found = found.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(UserId::from_uuid).collect())
    }

    async fn offboarding(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<Offboarding, StoreError> {
        let leases_at = self.shared_now().await?;
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM sessions WHERE org_id = $1 AND user_id = $2) AS "sessions!",
                      (SELECT count(*) FROM api_keys
                        WHERE org_id = $1 AND created_by = $2 AND revoked_at IS NULL
                          AND (expires_at IS NULL OR expires_at > $3)) AS "api_keys!",
                      (SELECT count(*) FROM invitations
                        WHERE org_id = $1 AND invited_by = $2 AND state = 'pending') AS "pending_invitations!",
                      (SELECT count(*) FROM escalations
                        WHERE org_id = $1 AND agent = $2 AND status = 'claimed' AND expires_at > $4) AS "claimed_calls!",
                      NOT EXISTS (SELECT FROM members WHERE org_id = $1 AND user_id <> $2 AND role = 'owner')
                          AS "sole_owner!""#,
            organization.uuid(),
            user.uuid(),
            now,
            leases_at,
        );
        let row = row.fetch_one(self.connection()).await.map_err(store_error)?;
        Ok(Offboarding {
            sessions: count(row.sessions)?,
            api_keys: count(row.api_keys)?,
            pending_invitations: count(row.pending_invitations)?,
            claimed_calls: count(row.claimed_calls)?,
            sole_owner: row.sole_owner,
        })
    }
}

#[async_trait]
impl Members for Transaction {
    async fn team_lock(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        let lock = sqlx::query!("SELECT team_lock($1)", organization.uuid());
        lock.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn seat_of(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Role)>, StoreError> {
        let row = sqlx::query_as!(
            SeatRow,
            r#"SELECT o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL AS "suspended!", o.version, m.role
                 FROM members m JOIN organizations o ON o.org_id = m.org_id
                WHERE m.org_id = $1 AND m.user_id = $2 AND o.deleted_at IS NULL
                  FOR KEY SHARE OF o"#,
            organization.uuid(),
            user.uuid()
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(SeatRow::try_into).transpose()
    }

    async fn member_hold(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Role>, StoreError> {
        let role = sqlx::query_scalar!(
            "SELECT m.role FROM members m JOIN organizations o ON o.org_id = m.org_id
              WHERE m.org_id = $1 AND m.user_id = $2 AND o.deleted_at IS NULL AND o.suspended_at IS NULL
                FOR SHARE OF m FOR KEY SHARE OF o",
            organization.uuid(),
            user.uuid()
        );
        role.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(|role| value(&role))
            .transpose()
    }

    async fn member_hold_inviting(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        invited: &EmailAddress,
    ) -> Result<Option<Inviter>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT m.role,
                      EXISTS (SELECT FROM users u JOIN members t ON t.user_id = u.user_id
                               WHERE u.email_key = $3 AND t.org_id = $1) AS "invites_member!"
                 FROM members m JOIN organizations o ON o.org_id = m.org_id
                WHERE m.org_id = $1 AND m.user_id = $2 AND o.deleted_at IS NULL AND o.suspended_at IS NULL
                  FOR SHARE OF m FOR KEY SHARE OF o"#,
            organization.uuid(),
            user.uuid(),
            invited.key(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(|row| Ok(Inviter { role: value(&row.role)?, invites_member: row.invites_member })).transpose()
    }

    async fn member_lock(&mut self, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
        // Whoever deletes their account comes to each organization later, and locks what they are there before that.
        let elsewhere = self.organization() != Some(organization);
        if elsewhere {
            self.declare(settings(Some(organization.uuid()), Some(user.uuid()), "")).await?;
        }
        let lock = sqlx::query!(
            "SELECT user_id FROM members WHERE org_id = $1 AND user_id = $2 FOR UPDATE",
            organization.uuid(),
            user.uuid(),
        );
        lock.fetch_optional(self.connection()).await.map_err(store_error)?;
        if elsewhere {
            self.declare_again().await?;
        }
        Ok(())
    }

    async fn member_add(
        &mut self,
        membership: Membership,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO members (org_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4)",
            organization.uuid(),
            membership.user.uuid(),
            membership.role.as_str(),
            at,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        set_deadline(self.connection(), organization, membership.user).await
    }

    async fn member_set_role(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        role: Role,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE members SET role = $3, version = version + 1 WHERE org_id = $1 AND user_id = $2",
            organization.uuid(),
            user.uuid(),
            role.as_str(),
        );
        self.sessions_change(user.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn member_remove(&mut self, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
        let delete = sqlx::query!(
            "DELETE FROM members WHERE org_id = $1 AND user_id = $2",
            organization.uuid(),
            user.uuid()
        );
        self.sessions_change(user.uuid());
        exactly_one(delete.execute(self.connection()).await)
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn a_search_finds_signs_of_patterns_as_they_are() {
        assert_eq!(pattern("ada"), "%ada%");
        assert_eq!(pattern(r"100%_\"), r"%100\%\_\\%");
    }
}
