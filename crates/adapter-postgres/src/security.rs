//! Security controls, and by when people need a second factor. Deadlines are on the database's clock alone: it is the only one
//! that all nodes share, and no node that is wrong gives anybody more time.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    mail::Contents,
    members::MemberKey,
    ports::StoreError,
    security::{
        Affected, Changer, KeptControl, KeptDeadline, KeptRule, MfaNotices, Notified, Security, SecurityView,
    },
};
use rollcall_domain::{
    OrganizationId, UserId,
    members::Membership,
    security::{Control, GraceDays, MfaRule, RuleChange},
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::{BEFORE_MEMBERS, LEAST_ID},
    error::{corrupt, exactly_one, store_error},
    row::{moment, value},
    store::PgStore,
    transaction::{Transaction, TransactionPurpose, begin, begin_task, task},
};

/// How many rows are looked at for organizations in which letters are due.
const LOOK_AT: i64 = 1_000;

/// Gives a member the deadline that the rule leaves them, if it is on, unless they have an earlier one from before. The first
/// letter about it is due.
pub(crate) async fn set_deadline(
    connection: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), StoreError> {
    let insert = sqlx::query!(
        "INSERT INTO mfa_deadlines AS d (org_id, user_id, deadline_at, notice_at)
         SELECT c.org_id, $2, now() + make_interval(hours => 24 * c.grace_days), now()
           FROM security_controls c
          WHERE c.org_id = $1 AND c.control = $3 AND c.enabled
             ON CONFLICT (org_id, user_id) DO UPDATE
            SET deadline_at = LEAST(d.deadline_at, EXCLUDED.deadline_at), notice_at = EXCLUDED.notice_at, told = false",
        organization.uuid(),
        user.uuid(),
        Control::MfaRequired.as_str(),
    );
    insert.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// Whoever has changed something, as the team sees them: whoever has left is nobody.
pub(crate) fn changer(
    user: Option<Uuid>,
    email: Option<String>,
    name: Option<String>,
) -> Result<Option<Changer>, StoreError> {
    match (user, email, name) {
        (Some(id), Some(email), Some(name)) => {
            Ok(Some(Changer { id: UserId::from_uuid(id), email: value(&email)?, name: value(&name)? }))
        }
        _ => Ok(None),
    }
}

#[async_trait]
impl SecurityView for Transaction {
    async fn controls(&mut self, organization: OrganizationId) -> Result<Vec<KeptControl>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT c.control AS "control!", c.enabled AS "enabled!", c.changed_at AS "changed_at!",
                      c.version AS "version!", u.user_id AS "user_id?", u.email AS "email?",
                      u.name AS "name?"
                 FROM security_controls c LEFT JOIN users u ON u.user_id = c.changed_by
                WHERE c.org_id = $1 AND c.control <> $2"#,
            organization.uuid(),
            Control::MfaRequired.as_str(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let mut controls = Control::SOLD.map(KeptControl::off);
        for row in rows {
            let control: Control = value(&row.control)?;
            let kept = KeptControl {
                control,
                enabled: row.enabled,
                changed_at: Some(moment(row.changed_at)),
                changed_by: changer(row.user_id, row.email, row.name)?,
                version: row.version,
            };
            controls
                .iter_mut()
                .filter(|place| place.control == control)
                .for_each(|place| *place = kept.clone());
        }
        Ok(controls.into())
    }

    async fn mfa_rule_find(&mut self, organization: OrganizationId) -> Result<KeptRule, StoreError> {
        let row = sqlx::query!(
            r#"SELECT c.enabled, c.grace_days AS "grace_days!", c.changed_at, c.version, u.user_id AS "user_id?", u.email AS "email?",
                      u.name AS "name?"
                 FROM security_controls c LEFT JOIN users u ON u.user_id = c.changed_by
                WHERE c.org_id = $1 AND c.control = $2"#,
            organization.uuid(),
            Control::MfaRequired.as_str(),
        );
        let Some(row) = row.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(KeptRule::default());
        };
        let grace = GraceDays::try_from(i64::from(row.grace_days)).map_err(corrupt)?;
        let changed_by = changer(row.user_id, row.email, row.name)?;
        Ok(KeptRule {
            rule: MfaRule { enabled: row.enabled, grace },
            changed_at: Some(moment(row.changed_at)),
            changed_by,
            version: row.version,
        })
    }

    async fn mfa_impact_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Affected, MemberKey>, StoreError> {
        struct Row {
            user_id: Uuid,
            role: String,
            joined_at: OffsetDateTime,
            email: String,
            name: String,
            deadline_at: Option<OffsetDateTime>,
        }

        let after = page.after.unwrap_or(BEFORE_MEMBERS);
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT m.user_id, m.role, m.joined_at, u.email, u.name, d.deadline_at AS "deadline_at?"
                 FROM members m
                 JOIN users u ON u.user_id = m.user_id
                 LEFT JOIN mfa_deadlines d ON d.org_id = m.org_id AND d.user_id = m.user_id
                WHERE m.org_id = $1 AND NOT u.mfa_enabled AND (m.joined_at, m.user_id) > ($2, $3)
                ORDER BY m.joined_at, m.user_id
                LIMIT $4"#,
            organization.uuid(),
            after.joined_at,
            after.user.uuid(),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let entries = rows.into_iter().map(|row| {
            let affected = Affected {
                membership: Membership { user: UserId::from_uuid(row.user_id), role: value(&row.role)? },
                email: row.email,
                name: row.name,
                deadline_at: row.deadline_at.map(moment),
            };
            Ok((affected, row.joined_at))
        });
        let entries: Vec<_> = entries.collect::<Result<_, StoreError>>()?;
        let cut = Page::cut(entries, page.limit, |(affected, joined_at): &(Affected, _)| MemberKey {
            joined_at: *joined_at,
            user: affected.membership.user,
        });
        let entries = cut.entries.into_iter().map(|(affected, _)| affected).collect();
        Ok(Page { entries, next: cut.next })
    }

    async fn mfa_deadlines_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<UserId>,
    ) -> Result<Page<KeptDeadline, UserId>, StoreError> {
        let rows = sqlx::query!(
            "SELECT org_id, user_id, deadline_at FROM mfa_deadlines WHERE org_id = $1 AND user_id > $2
              ORDER BY user_id LIMIT $3",
            organization.uuid(),
            page.after.map_or(LEAST_ID, |after| after.uuid()),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let entries = rows.into_iter().map(|row| kept(row.org_id, row.user_id, row.deadline_at)).collect();
        Ok(Page::cut(entries, page.limit, |deadline: &KeptDeadline| deadline.user))
    }

    async fn mfa_deadlines_of(&mut self, user: UserId) -> Result<Vec<KeptDeadline>, StoreError> {
        let rows = sqlx::query!(
            "SELECT org_id, user_id, deadline_at FROM mfa_deadlines WHERE user_id = $1 ORDER BY org_id",
            user.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(rows.into_iter().map(|row| kept(row.org_id, row.user_id, row.deadline_at)).collect())
    }
}

fn kept(organization: Uuid, user: Uuid, at: OffsetDateTime) -> KeptDeadline {
    KeptDeadline {
        organization: OrganizationId::from_uuid(organization),
        user: UserId::from_uuid(user),
        at: moment(at),
    }
}

#[async_trait]
impl Security for Transaction {
    async fn mfa_rule_save(
        &mut self,
        organization: OrganizationId,
        rule: MfaRule,
        by: UserId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let save = sqlx::query!(
            "INSERT INTO security_controls AS c (org_id, control, enabled, grace_days, changed_at, changed_by)
             VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (org_id, control) DO UPDATE
                SET enabled = EXCLUDED.enabled, grace_days = EXCLUDED.grace_days, changed_at = EXCLUDED.changed_at,
                    changed_by = EXCLUDED.changed_by, version = c.version + 1",
            organization.uuid(),
            Control::MfaRequired.as_str(),
            rule.enabled,
            i32::from(rule.grace.get()),
            at,
            by.uuid(),
        );
        self.sessions_change(organization.uuid());
        exactly_one(save.execute(self.connection()).await)
    }

    async fn control_save(
        &mut self,
        organization: OrganizationId,
        control: Control,
        enabled: bool,
        by: Option<UserId>,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let save = sqlx::query!(
            "INSERT INTO security_controls AS c (org_id, control, enabled, changed_at, changed_by)
             VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (org_id, control) DO UPDATE
                SET enabled = EXCLUDED.enabled, changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by,
                    version = c.version + 1",
            organization.uuid(),
            control.as_str(),
            enabled,
            at,
            by.map(|user| user.uuid()),
        );
        // API keys are found with whether their calls are kept.
        self.sessions_change(organization.uuid());
        exactly_one(save.execute(self.connection()).await)
    }

    async fn control_hold(
        &mut self,
        organization: OrganizationId,
        control: Control,
    ) -> Result<bool, StoreError> {
        hold_control(self.connection(), organization, control).await
    }

    async fn mfa_deadlines_set(
        &mut self,
        organization: OrganizationId,
        change: &RuleChange,
    ) -> Result<(), StoreError> {
        let set = sqlx::query!(
            "INSERT INTO mfa_deadlines AS d (org_id, user_id, deadline_at, notice_at)
             SELECT m.org_id, m.user_id, now() + make_interval(hours => 24 * $2), now()
               FROM members m
              WHERE m.org_id = $1
                 ON CONFLICT (org_id, user_id) DO UPDATE
                SET deadline_at = LEAST(d.deadline_at, EXCLUDED.deadline_at), notice_at = EXCLUDED.notice_at, told = false
              WHERE $3 OR EXCLUDED.deadline_at < d.deadline_at",
            organization.uuid(),
            i32::from(change.after().grace.get()),
            change.switches_on(),
        );
        self.sessions_change(organization.uuid());
        set.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn mfa_notices_claim(
        &mut self,
        organization: OrganizationId,
        limit: u16,
    ) -> Result<Vec<Notified>, StoreError> {
        let claim = sqlx::query!(
            "WITH due AS MATERIALIZED (
                 SELECT d.user_id, d.told FROM mfa_deadlines d
                   JOIN security_controls c ON c.org_id = d.org_id AND c.control = $3 AND c.enabled
                   JOIN organizations o ON o.org_id = d.org_id AND o.deleted_at IS NULL
                   JOIN members m ON m.org_id = d.org_id AND m.user_id = d.user_id
                   JOIN users u ON u.user_id = d.user_id AND NOT u.mfa_enabled
                  WHERE d.org_id = $1 AND d.notice_at <= now()
                  ORDER BY d.notice_at, d.user_id
                  LIMIT $2
                    FOR UPDATE OF d SKIP LOCKED)
             UPDATE mfa_deadlines d SET told = true, notice_at = mfa_next_notice(d.deadline_at, now())
               FROM due
              WHERE d.org_id = $1 AND d.user_id = due.user_id
          RETURNING d.user_id, NOT due.told AS \"first!\"",
            organization.uuid(),
            i64::from(limit),
            Control::MfaRequired.as_str(),
        );
        let rows = claim.fetch_all(self.connection()).await.map_err(store_error)?;
        let notified = |user_id, first| Notified { user: UserId::from_uuid(user_id), first };
        Ok(rows.into_iter().map(|row| notified(row.user_id, row.first)).collect())
    }
}

#[async_trait]
impl MfaNotices for PgStore {
    async fn due(&self, limit: u16) -> Result<Vec<OrganizationId>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::MFA_NOTICES).await?;
        let due = sqlx::query_scalar!(
            "SELECT org_id FROM (SELECT org_id FROM mfa_deadlines WHERE notice_at <= now() ORDER BY notice_at LIMIT $1) d
              GROUP BY org_id LIMIT $2",
            LOOK_AT,
            i64::from(limit),
        );
        let due = due.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(due.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn put_off(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await?;
        let put_off = sqlx::query!(
            "UPDATE mfa_deadlines d SET notice_at = mfa_next_notice(d.deadline_at, now())
              WHERE d.org_id = $1 AND d.notice_at <= now()
                AND NOT EXISTS (
                    SELECT FROM security_controls c
                      JOIN organizations o ON o.org_id = c.org_id AND o.deleted_at IS NULL
                      JOIN members m ON m.org_id = c.org_id AND m.user_id = d.user_id
                      JOIN users u ON u.user_id = m.user_id AND NOT u.mfa_enabled
                     WHERE c.org_id = d.org_id AND c.control = $2 AND c.enabled)",
            organization.uuid(),
            Control::MfaRequired.as_str(),
        );
        put_off.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}

impl PgStore {
    /// What a letter about a deadline says, the first or a later one.
    pub(crate) async fn mfa_deadline_contents(
        &self,
        organization: OrganizationId,
        member: UserId,
        first: bool,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        // Nothing to say any more to whoever has a second factor by now, or has left, or once the rule is off.
        let row = sqlx::query!(
            "SELECT u.email, u.name, o.name AS organization, d.deadline_at
               FROM mfa_deadlines d
               JOIN security_controls c ON c.org_id = d.org_id AND c.control = $3 AND c.enabled
               JOIN organizations o ON o.org_id = d.org_id AND o.deleted_at IS NULL
               JOIN members m ON m.org_id = d.org_id AND m.user_id = d.user_id
               JOIN users u ON u.user_id = m.user_id AND NOT u.mfa_enabled
              WHERE d.org_id = $1 AND d.user_id = $2",
            organization.uuid(),
            member.uuid(),
            Control::MfaRequired.as_str(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let (to, name, organization) = (value(&row.email)?, value(&row.name)?, value(&row.organization)?);
        let deadline_at = moment(row.deadline_at);
        Ok(Some(match first {
            true => Contents::MfaRequired { to, name, organization, deadline_at },
            false => Contents::MfaReminder { to, name, organization, deadline_at },
        }))
    }
}

/// Whether a control is on, until the end of the transaction.
pub(crate) async fn hold_control(
    connection: &mut PgConnection,
    organization: OrganizationId,
    control: Control,
) -> Result<bool, StoreError> {
    // Controls are switched while the organization is locked. Only a statement that begins once this one has got its lock
    // sees what was switched before.
    let hold = sqlx::query!(
        "SELECT org_id FROM organizations WHERE org_id = $1 AND deleted_at IS NULL FOR SHARE",
        organization.uuid()
    );
    hold.fetch_optional(&mut *connection).await.map_err(store_error)?;
    let enabled = sqlx::query_scalar!(
        "SELECT enabled FROM security_controls WHERE org_id = $1 AND control = $2",
        organization.uuid(),
        control.as_str()
    );
    Ok(enabled.fetch_optional(connection).await.map_err(store_error)?.unwrap_or(false))
}
