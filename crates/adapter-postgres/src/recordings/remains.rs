//! What is over of recordings, and the keys that open them, of whichever organization.

use async_trait::async_trait;
use rollcall_application::{ports::StoreError, recordings::Remains};
use rollcall_domain::{CallId, OrganizationId, RecordingId, organizations::Plan};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::store_error,
    portions::PORTION,
    store::PgStore,
    transaction::{TransactionPurpose, begin, begin_task, task},
};

#[async_trait]
impl Remains for PgStore {
    async fn uploads_expired(
        &self,
        now: OffsetDateTime,
        but: &[OrganizationId],
        limit: u16,
    ) -> Result<Vec<OrganizationId>, StoreError> {
        let but: Vec<Uuid> = but.iter().map(|organization| organization.uuid()).collect();
        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        let find = sqlx::query_scalar!(
            "SELECT DISTINCT r.org_id FROM recordings r JOIN organizations o ON o.org_id = r.org_id
              WHERE r.state = 'upload' AND r.expires_at <= $1 AND o.deleted_at IS NULL AND o.suspended_at IS NULL
                AND NOT o.org_id = ANY ($3)
              LIMIT $2",
            now,
            i64::from(limit),
            &but,
        );
        let found = find.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(found.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn expire_uploads(
        &self,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        // In the organization's scope, too: the task may end uploads, but not lock them, and so not see which somebody holds.
        let (change, own) = (TransactionPurpose::Change, Some(organization.uuid()));
        let mut transaction = begin(&self.pool, change, own, None, task::RECORDINGS).await?;
        let expire = sqlx::query!(
            "WITH over AS MATERIALIZED (
                 SELECT r.recording_id FROM recordings r JOIN organizations o ON o.org_id = r.org_id
                  WHERE r.org_id = $1 AND r.state = 'upload' AND r.expires_at <= $2
                    AND o.deleted_at IS NULL AND o.suspended_at IS NULL
                  LIMIT $3 FOR UPDATE OF r SKIP LOCKED)
             DELETE FROM recordings r USING over WHERE r.org_id = $1 AND r.recording_id = over.recording_id",
            organization.uuid(),
            now,
            PORTION,
        );
        let expired = expire.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(expired.rows_affected())
    }

    async fn take(
        &self,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId)>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        let take = sqlx::query!(
            "UPDATE recording_remains r SET due_at = $2
               FROM (SELECT org_id, recording_id FROM recording_remains WHERE due_at <= $1
                      ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) d
              WHERE r.org_id = d.org_id AND r.recording_id = d.recording_id
             RETURNING r.org_id, r.recording_id",
            now,
            again_at,
            i64::from(limit),
        );
        let taken = take.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let ids = taken
            .into_iter()
            .map(|row| (OrganizationId::from_uuid(row.org_id), RecordingId::from_uuid(row.recording_id)));
        Ok(ids.collect())
    }

    async fn settle(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
        again_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        let again = sqlx::query!(
            "UPDATE recording_remains SET due_at = $3, removed = removed + 1
              WHERE org_id = $1 AND recording_id = $2 AND removed = 0",
            organization.uuid(),
            recording.uuid(),
            again_at,
        );
        let again = again.execute(&mut *transaction).await.map_err(store_error)?;
        if again.rows_affected() == 0 {
            let settle = sqlx::query!(
                "DELETE FROM recording_remains WHERE org_id = $1 AND recording_id = $2",
                organization.uuid(),
                recording.uuid(),
            );
            settle.execute(&mut *transaction).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn outlived(
        &self,
        plan: Plan,
        before: OffsetDateTime,
        but: &[OrganizationId],
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId, CallId)>, StoreError> {
        let but: Vec<Uuid> = but.iter().map(|organization| organization.uuid()).collect();
        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        // Organization by organization: otherwise each look would pass over all recordings that other plans keep for years.
        let find = sqlx::query!(
            r#"SELECT r.org_id AS "org_id!", r.recording_id AS "recording_id!", r.call_id AS "call_id!"
                 FROM organizations o
                CROSS JOIN LATERAL (
                      SELECT k.org_id, k.recording_id, k.call_id FROM recordings k
                       WHERE k.org_id = o.org_id AND k.state = 'kept' AND k.kept_at <= $2
                       ORDER BY k.kept_at LIMIT $3) r
                WHERE o.plan = $1 AND o.deleted_at IS NULL AND o.suspended_at IS NULL AND NOT o.org_id = ANY ($4)
                LIMIT $3"#,
            plan.as_str(),
            before,
            i64::from(limit),
            &but,
        );
        let found = find.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let found = found.into_iter().map(|row| {
            let organization = OrganizationId::from_uuid(row.org_id);
            (organization, RecordingId::from_uuid(row.recording_id), CallId::from_uuid(row.call_id))
        });
        Ok(found.collect())
    }
}
