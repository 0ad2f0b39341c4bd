//! Where something is due of agents.

use async_trait::async_trait;
use rollcall_application::{availability::DueAgents, ports::StoreError};
use rollcall_domain::OrganizationId;
use time::OffsetDateTime;

use crate::{error::store_error, store::PgStore};

#[async_trait]
impl DueAgents for PgStore {
    async fn due(&self, now: OffsetDateTime) -> Result<Vec<OrganizationId>, StoreError> {
        let find = sqlx::query_scalar!(r#"SELECT org AS "org!" FROM directory_agents_due($1) AS org"#, now);
        let found = find.fetch_all(&self.pool).await.map_err(store_error)?;
        Ok(found.into_iter().map(OrganizationId::from_uuid).collect())
    }
}
