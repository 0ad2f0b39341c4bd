//! Changes of plans.

use async_trait::async_trait;
use rollcall_application::{
    plans::{KeptPlanChange, NewPlanChange, PlanChanges, PlanChangesView},
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, id::PlanChangeId, plans::Shorter};
use time::OffsetDateTime;

use crate::{
    error::{exactly_one, store_error},
    row::{count, moment, value},
    security::changer,
    transaction::Transaction,
};

#[async_trait]
impl PlanChangesView for Transaction {
    async fn plan_version(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        // Changes are only ever added.
        let changes = sqlx::query_scalar!(
            r#"SELECT count(*) AS "changes!" FROM plan_changes WHERE org_id = $1"#,
            organization.uuid(),
        );
        count(changes.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn plan_change_is_kept(
        &mut self,
        organization: OrganizationId,
        change: PlanChangeId,
    ) -> Result<bool, StoreError> {
        let kept = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM plan_changes WHERE org_id = $1 AND change_id = $2) AS "kept!""#,
            organization.uuid(),
            change.uuid(),
        );
        kept.fetch_one(self.connection()).await.map_err(store_error)
    }

    async fn plan_changes(
        &mut self,
        organization: OrganizationId,
        limit: u16,
    ) -> Result<Vec<KeptPlanChange>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT p.plan_before AS "plan_before!", p.plan_after AS "plan_after!", p.changed_at AS "changed_at!",
                      p.provider = 'operator' AS "by_operator!",
                      u.user_id AS "user_id?", u.email AS "email?", u.name AS "name?"
                 FROM plan_changes p LEFT JOIN users u ON u.user_id = p.changed_by
                WHERE p.org_id = $1
                ORDER BY p.change_id DESC
                LIMIT $2"#,
            organization.uuid(),
            i64::from(limit),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let changes = rows.into_iter().map(|row| {
            Ok(KeptPlanChange {
                before: value(&row.plan_before)?,
                after: value(&row.plan_after)?,
                at: moment(row.changed_at),
                by: changer(row.user_id, row.email, row.name)?,
                by_operator: row.by_operator,
            })
        });
        changes.collect()
    }

    async fn recordings_older(
        &mut self,
        organization: OrganizationId,
        than: OffsetDateTime,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        let older = sqlx::query_scalar!(
            r#"SELECT count(*) AS "older!"
                 FROM (SELECT FROM recordings WHERE org_id = $1 AND state = 'kept' AND kept_at < $2 LIMIT $3) AS older"#,
            organization.uuid(),
            than,
            i64::from(at_most),
        );
        count(older.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn audit_events_older(
        &mut self,
        organization: OrganizationId,
        than: OffsetDateTime,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        // As `retain_audit_events` goes: from the first that has not been gone through to the first that is young enough.
        let older = sqlx::query_scalar!(
            r#"WITH first AS (SELECT COALESCE((SELECT cleared FROM audit_retention WHERE org_id = $1), 0) AS idx),
                    young AS (SELECT (SELECT l.idx FROM audit_leaves l
                                       WHERE l.org_id = $1 AND l.idx >= first.idx AND l.idx < first.idx + $3
                                         AND l.occurred_at >= $2
                                       ORDER BY l.idx LIMIT 1) AS idx FROM first),
                    size  AS (SELECT COALESCE((SELECT size FROM audit_trees WHERE org_id = $1), 0) AS idx)
               SELECT GREATEST(LEAST(young.idx, first.idx + $3, size.idx) - first.idx, 0) AS "older!"
                 FROM first, young, size"#,
            organization.uuid(),
            than,
            i64::from(at_most),
        );
        count(older.fetch_one(self.connection()).await.map_err(store_error)?)
    }
}

#[async_trait]
impl PlanChanges for Transaction {
    async fn plan_change_add(
        &mut self,
        organization: OrganizationId,
        change: &NewPlanChange,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE organizations SET plan = $2, version = version + 1 WHERE org_id = $1 AND plan = $3",
            organization.uuid(),
            change.after.as_str(),
            change.before.as_str(),
        );
        // Who asks is found with what their organization pays for.
        self.sessions_change(organization.uuid());
        exactly_one(update.execute(self.connection()).await)?;
        let deletion = change.deletion.unwrap_or_default();
        let (recordings, events) = (deletion.shortening.recordings, deletion.shortening.audit_events);
        let (before, after) =
            (|days: Shorter| days.before.cast_signed(), |days: Shorter| days.after.cast_signed());
        let outlived = |of: u64| i64::try_from(of).unwrap_or(i64::MAX);
        let insert = sqlx::query!(
            "INSERT INTO plan_changes (org_id, change_id, plan_before, plan_after, changed_at, changed_by, provider, reference,
                                       recording_days_before, recording_days, recordings_outlived,
                                       audit_days_before, audit_days, audit_events_outlived)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            organization.uuid(),
            change.id.uuid(),
            change.before.as_str(),
            change.after.as_str(),
            change.at,
            change.by.map(|user| user.uuid()),
            change.provider,
            change.reference,
            recordings.map(before),
            recordings.map(after),
            recordings.map(|_| outlived(deletion.outlived.recordings)),
            events.map(before),
            events.map(after),
            events.map(|_| outlived(deletion.outlived.audit_events)),
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}
