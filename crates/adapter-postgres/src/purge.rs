//! Removing what is left of organizations whose time is over.

use async_trait::async_trait;
use rollcall_application::ports::{Purge, StoreError};
use rollcall_domain::OrganizationId;
use time::OffsetDateTime;

use crate::{
    error::store_error,
    row::count,
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl Purge for PgStore {
    async fn due(&self, now: OffsetDateTime, limit: u16) -> Result<Vec<OrganizationId>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PURGE).await?;
        let due = sqlx::query_scalar!(
            "SELECT org_id FROM organizations WHERE purge_at <= $1 ORDER BY purge_at, org_id LIMIT $2",
            now,
            i64::from(limit),
        );
        let due = due.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(due.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn remove_some(
        &self,
        organization: OrganizationId,
        now: OffsetDateTime,
        at_most: u32,
    ) -> Result<Option<u64>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PURGE).await?;
        let remove = sqlx::query_scalar!(
            "SELECT purge_rows($1, $2, $3)",
            organization.uuid(),
            now,
            i32::try_from(at_most).unwrap_or(i32::MAX),
        );
        let removed = remove.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        removed.map(count).transpose()
    }
}
