//! Recordings.

mod remains;
mod uploads;

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest, Sealed,
    ports::StoreError,
    recordings::{FinishedUpload, KeptRecording, Recordings, RecordingsView},
};
use rollcall_domain::{CallId, OrganizationId, RecordingId};

use crate::{bounds::LEAST_ID, error::store_error, row::moment, transaction::Transaction};

#[async_trait]
impl RecordingsView for Transaction {
    async fn recording_of(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptRecording>, StoreError> {
        let find = sqlx::query!(
            r#"SELECT r.recording_id, r.wrapped_key, r.manifest, r.kept_at AS "kept_at!", k.wrapped
                 FROM recordings r JOIN organization_keys k ON k.org_id = r.org_id
                WHERE r.org_id = $1 AND r.call_id = $2 AND r.state = 'kept'"#,
            organization.uuid(),
            call.uuid(),
        );
        let row = find.fetch_optional(self.connection()).await.map_err(store_error)?;
        Ok(row.map(|row| KeptRecording {
            id: RecordingId::from_uuid(row.recording_id),
            key: Sealed(row.wrapped_key),
            manifest: Sealed(row.manifest),
            kept_at: moment(row.kept_at),
            organization_key: Sealed(row.wrapped),
        }))
    }

    async fn recordings_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<CallId>,
    ) -> Result<Page<(CallId, KeptRecording), CallId>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT r.recording_id, r.call_id, r.wrapped_key, r.manifest, r.kept_at AS "kept_at!", k.wrapped
                 FROM recordings r JOIN organization_keys k ON k.org_id = r.org_id
                WHERE r.org_id = $1 AND r.state = 'kept' AND r.call_id > $2
                ORDER BY r.call_id LIMIT $3"#,
            organization.uuid(),
            page.after.map_or(LEAST_ID, |after| after.uuid()),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let kept = rows.into_iter().map(|row| {
            let kept = KeptRecording {
                id: RecordingId::from_uuid(row.recording_id),
                key: Sealed(row.wrapped_key),
                manifest: Sealed(row.manifest),
                kept_at: moment(row.kept_at),
                organization_key: Sealed(row.wrapped),
            };
            (CallId::from_uuid(row.call_id), kept)
        });
        Ok(Page::cut(kept.collect(), page.limit, |(call, _)| *call))
    }
}

#[async_trait]
impl Recordings for Transaction {
    async fn recording_keep(
        &mut self,
        organization: OrganizationId,
        recording: RecordingId,
        version: i32,
        whole: &FinishedUpload,
    ) -> Result<bool, StoreError> {
        let keep = sqlx::query!(
            "WITH kept AS (
                 UPDATE recordings
                    SET state = 'kept', manifest = $4, length = $5, kept_at = $6, expires_at = NULL, version = version + 1
                  WHERE org_id = $1 AND recording_id = $2 AND version = $3 AND state = 'upload'
                 RETURNING call_id)
             UPDATE calls c SET has_recording = true, version = c.version + 1
               FROM kept WHERE c.org_id = $1 AND c.call_id = kept.call_id",
            organization.uuid(),
            recording.uuid(),
            version,
            whole.manifest.0.as_slice(),
            i64::try_from(whole.length).unwrap_or(i64::MAX),
            whole.at,
        );
        let kept = keep.execute(self.connection()).await.map_err(store_error)?;
        Ok(kept.rows_affected() == 1)
    }

    async fn recording_remove(
        &mut self,
        organization: OrganizationId,
        recording: RecordingId,
    ) -> Result<bool, StoreError> {
        let remove = sqlx::query!(
            "WITH removed AS (
                 DELETE FROM recordings WHERE org_id = $1 AND recording_id = $2 AND state = 'kept' RETURNING call_id)
             UPDATE calls c SET has_recording = false, version = c.version + 1
               FROM removed WHERE c.org_id = $1 AND c.call_id = removed.call_id",
            organization.uuid(),
            recording.uuid(),
        );
        let removed = remove.execute(self.connection()).await.map_err(store_error)?;
        Ok(removed.rows_affected() == 1)
    }

    async fn uploads_give_up(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Vec<RecordingId>, StoreError> {
        let give_up = sqlx::query_scalar!(
            "DELETE FROM recordings WHERE org_id = $1 AND call_id = $2 AND state = 'upload' RETURNING recording_id",
            organization.uuid(),
            call.uuid(),
        );
        let given_up = give_up.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(given_up.into_iter().map(RecordingId::from_uuid).collect())
    }

    async fn uploads_end(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        let end = sqlx::query!(
            "DELETE FROM recordings WHERE org_id = $1 AND state = 'upload'",
            organization.uuid()
        );
        end.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}
