//! How much regular work waits: each number in the task that does the work.

use async_trait::async_trait;
use rollcall_application::ports::{Backlog, BacklogState, MOST_COUNTED, StoreError};
use time::OffsetDateTime;

use crate::{
    error::store_error,
    row::{count, moment},
    store::PgStore,
    transaction::{begin_task, task},
    webhooks,
};

#[async_trait]
impl Backlog for PgStore {
    async fn waiting(&self, now: OffsetDateTime) -> Result<BacklogState, StoreError> {
        let most = i64::from(MOST_COUNTED);
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        let (deliveries, delivery_due) = webhooks::waiting(&mut transaction, most).await?;
        let given_up = sqlx::query_scalar!(
            r#"SELECT count(*) AS "given_up!" FROM (SELECT FROM deliveries WHERE state = 'failed' LIMIT $1) f"#,
            most,
        );
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
        let remains = sqlx::query_scalar!(
            r#"SELECT count(*) AS "remains!" FROM (SELECT FROM recording_remains LIMIT $1) r"#,
            most,
        );
        let remains = remains.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;

        Ok(BacklogState {
            deliveries,
            given_up: count(given_up)?,
            delivery_due: delivery_due.map(moment),
            purge_due: purge.map(moment),
            erasure_due: erasure.map(moment),
            remains: count(remains)?,
        })
    }
}
