//! Uploads of recordings, while they go on.

use std::collections::HashSet;

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    recordings::{KeptUpload, Uploads},
};
use rollcall_domain::{CallId, OrganizationId, RecordingId, security::Control};
use sqlx::Postgres;
use time::OffsetDateTime;

use crate::{
    error::store_error,
    row::moment,
    security::hold_control,
    store::PgStore,
    transaction::{TransactionPurpose, begin, begin_task, task},
};

impl PgStore {
    /// A transaction in an organization, about nothing that leaves events.
    async fn begin_in(
        &self,
        organization: OrganizationId,
    ) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
        begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await
    }
}

#[async_trait]
impl Uploads for PgStore {
    async fn organization_key(&self, organization: OrganizationId) -> Result<Option<Sealed>, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        let find = sqlx::query_scalar!(
            "SELECT wrapped FROM organization_keys WHERE org_id = $1",
            organization.uuid()
        );
        let found = find.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(found.map(Sealed))
    }

    async fn organization_key_add(
        &self,
        organization: OrganizationId,
        wrapped: &Sealed,
        now: OffsetDateTime,
    ) -> Result<Sealed, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        let add = sqlx::query!(
            "INSERT INTO organization_keys (org_id, wrapped, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            organization.uuid(),
            wrapped.0.as_slice(),
            now,
        );
        add.execute(&mut *transaction).await.map_err(store_error)?;
        let find = sqlx::query_scalar!(
            "SELECT wrapped FROM organization_keys WHERE org_id = $1",
            organization.uuid()
        );
        let found = find.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(Sealed(found))
    }

    async fn upload_begin(
        &self,
        organization: OrganizationId,
        call: CallId,
        upload: &KeptUpload,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        // Whoever switches recording off ends all uploads that have begun; none begins behind that.
        if !hold_control(&mut transaction, organization, Control::CallRecording).await? {
            return Ok(false);
        }
        if upload.resumable {
            // Two that begin at once come one behind the other, and the later one replaces the earlier.
            let lock = sqlx::query!(
                "SELECT call_id FROM calls WHERE org_id = $1 AND call_id = $2 FOR NO KEY UPDATE",
                organization.uuid(),
                call.uuid(),
            );
            lock.fetch_optional(&mut *transaction).await.map_err(store_error)?;
            let replace = sqlx::query!(
                "DELETE FROM recordings WHERE org_id = $1 AND call_id = $2 AND state = 'upload' AND resumable",
                organization.uuid(),
                call.uuid(),
            );
            replace.execute(&mut *transaction).await.map_err(store_error)?;
        }
        let add = sqlx::query!(
            "INSERT INTO recordings (org_id, recording_id, call_id, state, resumable, wrapped_key, manifest, expires_at, version)
             VALUES ($1, $2, $3, 'upload', $4, $5, $6, $7, $8)",
            organization.uuid(),
            upload.id.uuid(),
            call.uuid(),
            upload.resumable,
            upload.key.0.as_slice(),
            upload.manifest.0.as_slice(),
            upload.expires_at,
            upload.version,
        );
        add.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn upload_find(
        &self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptUpload>, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        let find = sqlx::query!(
            r#"SELECT recording_id, wrapped_key, manifest, expires_at AS "expires_at!", version FROM recordings
                WHERE org_id = $1 AND call_id = $2 AND state = 'upload' AND resumable"#,
            organization.uuid(),
            call.uuid(),
        );
        let row = find.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(row.map(|row| KeptUpload {
            id: RecordingId::from_uuid(row.recording_id),
            key: Sealed(row.wrapped_key),
            manifest: Sealed(row.manifest),
            version: row.version,
            expires_at: moment(row.expires_at),
            resumable: true,
        }))
    }

    async fn upload_advance(
        &self,
        organization: OrganizationId,
        upload: RecordingId,
        version: i32,
        manifest: &Sealed,
        expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        let advance = sqlx::query!(
            "UPDATE recordings SET manifest = $4, expires_at = $5, version = version + 1
              WHERE org_id = $1 AND recording_id = $2 AND version = $3 AND state = 'upload'",
            organization.uuid(),
            upload.uuid(),
            version,
            manifest.0.as_slice(),
            expires_at,
        );
        let advanced = advance.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(advanced.rows_affected() == 1)
    }

    async fn upload_give_up(
        &self,
        organization: OrganizationId,
        upload: RecordingId,
        version: i32,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_in(organization).await?;
        let give_up = sqlx::query!(
            "DELETE FROM recordings WHERE org_id = $1 AND recording_id = $2 AND version = $3 AND state = 'upload'",
            organization.uuid(),
            upload.uuid(),
            version,
        );
        let given_up = give_up.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        let is_there = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM recordings WHERE org_id = $1 AND recording_id = $2) AS "is_there!""#,
            organization.uuid(),
            upload.uuid(),
        );
        let is_there = is_there.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(given_up || !is_there)
    }

    async fn known(
        &self,
        organization: OrganizationId,
        recordings: &[RecordingId],
    ) -> Result<HashSet<RecordingId>, StoreError> {
        let ids: Vec<_> = recordings.iter().map(|recording| recording.uuid()).collect();
        // Notes of what remains outlive the organization, and are the task's.
        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        let known = sqlx::query_scalar!(
            r#"SELECT recording_id AS "id!" FROM recordings WHERE org_id = $1 AND recording_id = ANY ($2)
                UNION ALL
               SELECT recording_id FROM recording_remains WHERE org_id = $1 AND recording_id = ANY ($2)"#,
            organization.uuid(),
            &ids,
        );
        let known = known.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(known.into_iter().map(RecordingId::from_uuid).collect())
    }
}
