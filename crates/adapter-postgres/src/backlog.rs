//! How much regular work waits: each number in the task that does the work.

use async_trait::async_trait;
use rollcall_application::ports::{Backlog, BacklogState, StoreError};
use time::OffsetDateTime;

use crate::{
    error::store_error,
    row::{count, moment},
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl Backlog for PgStore {
    async fn waiting(&self, now: OffsetDateTime) -> Result<BacklogState, StoreError> {
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        let deliveries = sqlx::query!(
            // Nothing is due before a pause is over, and nothing of an organization that is deleted.
            r#"SELECT count(*) AS "waiting!", min(GREATEST(d.due_at, s.paused_until)) AS due
                 FROM deliveries d JOIN subscribers s USING (org_id, topic) JOIN organizations o USING (org_id)
                WHERE d.state = 'queued' AND s.kind = 'webhook' AND o.deleted_at IS NULL"#
        );
        let deliveries = deliveries.fetch_one(&mut *transaction).await.map_err(store_error)?;
        let given_up =
            sqlx::query_scalar!(r#"SELECT count(*) AS "given_up!" FROM deliveries WHERE state = 'failed'"#);
        let given_up = given_up.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;

        let mut transaction = begin_task(&self.pool, task::PURGE).await?;
        let purge = sqlx::query_scalar!("SELECT min(purge_at) FROM organizations WHERE purge_at <= $1", now);
        let purge = purge.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;

        let mut transaction = begin_task(&self.pool, task::ERASURES).await?;
        let erasure = sqlx::query_scalar!("SELECT min(due_at) FROM erasures WHERE due_at <= $1", now);
        let erasure = erasure.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;

        let mut transaction = begin_task(&self.pool, task::RECORDINGS).await?;
        let remains = sqlx::query_scalar!(r#"SELECT count(*) AS "remains!" FROM recording_remains"#);
        let remains = remains.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;

        Ok(BacklogState {
            deliveries: count(deliveries.waiting)?,
            given_up: count(given_up)?,
            delivery_due: deliveries.due.map(moment),
            purge_due: purge.map(moment),
            erasure_due: erasure.map(moment),
            remains: count(remains)?,
        })
    }
}
