//! Erasing what is left of people whose accounts have ended.

use async_trait::async_trait;
use rollcall_application::{accounts::Erasures, ports::StoreError};
use time::OffsetDateTime;

use crate::{
    error::store_error,
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl Erasures for PgStore {
    async fn erase_some(&self, now: OffsetDateTime, at_most: u32) -> Result<bool, StoreError> {
        let mut transaction = begin_task(&self.pool, task::ERASURES).await?;
        let step = sqlx::query_scalar!(
            r#"SELECT erase_some($1, $2) AS "taken!""#,
            now,
            i32::try_from(at_most).unwrap_or(i32::MAX),
        );
        let taken = step.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(taken)
    }

    async fn put_off(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::ERASURES).await?;
        let put_off = sqlx::query!("SELECT put_off_erasure($1)", now);
        put_off.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}
