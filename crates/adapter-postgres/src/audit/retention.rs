//! What goes from the audit logs with time.

use async_trait::async_trait;
use rollcall_application::{
    audit::{Retention, RetentionTimes},
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, organizations::Plan};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::store_error,
    organizations::hold,
    row::count,
    store::PgStore,
    transaction::{NO_ORGANIZATION, TransactionPurpose, begin, begin_task, task},
};

#[async_trait]
impl Retention for PgStore {
    async fn due(
        &self,
        plan: Plan,
        kept: RetentionTimes,
        but: &[OrganizationId],
        at_most: u16,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let but: Vec<Uuid> = but.iter().map(|organization| organization.uuid()).collect();
        let mut transaction = begin_task(&self.pool, task::AUDIT_RETENTION).await?;
        // The first event that has not been gone through tells, and is looked up by its place. Of `EXISTS` the planner would make a table of
        // all events of all organizations. COALESCE it takes for something that may leak, so under the policies no index would be asked for
        // what it gives.
        let due = sqlx::query_scalar!(
            "SELECT o.org_id FROM organizations o LEFT JOIN audit_retention r ON r.org_id = o.org_id
              WHERE o.plan = $1 AND o.deleted_at IS NULL AND o.suspended_at IS NULL AND NOT o.org_id = ANY ($5)
                AND ((SELECT l.occurred_at FROM audit_leaves l
                       WHERE l.org_id = o.org_id AND l.idx = CASE WHEN r.cleared IS NULL THEN 0 ELSE r.cleared END) < $2
                     OR (SELECT l.occurred_at FROM audit_leaves l
                          WHERE l.org_id = o.org_id AND l.idx = CASE WHEN r.removed IS NULL THEN 0 ELSE r.removed END) < $3)
              LIMIT $4",
            plan.as_str(),
            kept.clear_before,
            kept.remove_before,
            i64::from(at_most),
            &but,
        );
        let due = due.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(due.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn retain(
        &self,
        organization: OrganizationId,
        plan: Plan,
        kept: RetentionTimes,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        // In the organization's scope, too: the retention task may find an organization, but not lock it.
        let (change, own) = (TransactionPurpose::Change, Some(organization.uuid()));
        let mut transaction = begin(&self.pool, change, own, None, task::AUDIT_RETENTION).await?;
        if !hold(&mut transaction, organization, plan).await? {
            return Ok(0);
        }
        let events = retain_log(&mut transaction, organization.uuid(), kept, at_most).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(events)
    }

    async fn retain_platform(&self, clear_before: OffsetDateTime, at_most: u32) -> Result<u64, StoreError> {
        // Nothing happened before the beginning of time.
        let kept = RetentionTimes { clear_before, remove_before: OffsetDateTime::UNIX_EPOCH };
        let mut transaction = begin_task(&self.pool, task::AUDIT_RETENTION).await?;
        let events = retain_log(&mut transaction, NO_ORGANIZATION, kept, at_most).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(events)
    }
}

async fn retain_log(
    connection: &mut PgConnection,
    log: Uuid,
    kept: RetentionTimes,
    at_most: u32,
) -> Result<u64, StoreError> {
    let retain = sqlx::query_scalar!(
        r#"SELECT retain_audit_events($1, $2, $3, $4) AS "events!""#,
        log,
        kept.clear_before,
        kept.remove_before,
        i32::try_from(at_most).unwrap_or(i32::MAX),
    );
    count(retain.fetch_one(connection).await.map_err(store_error)?)
}
