//! Where something is due of agents.

use async_trait::async_trait;
use rollcall_application::{
    availability::{DueAgents, QueueDepth, WaitingCalls},
    ports::StoreError,
    sessions::LiveSessions,
};
use rollcall_domain::OrganizationId;
use time::Duration;

use crate::{
    error::{corrupt, store_error},
    store::PgStore,
};

#[async_trait]
impl DueAgents for PgStore {
    async fn due(&self, live: LiveSessions) -> Result<Vec<OrganizationId>, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT org AS "org!" FROM directory_agents_due(COALESCE($1::timestamptz, now()), $2, $3) AS org"#,
            self.moment(),
            live.now,
            live.used_after,
        );
        let found = find.fetch_all(&mut *self.pool.single().await?).await.map_err(store_error)?;
        Ok(found.into_iter().map(OrganizationId::from_uuid).collect())
    }
}

#[async_trait]
impl QueueDepth for PgStore {
    async fn waiting(&self) -> Result<WaitingCalls, StoreError> {
        let find = sqlx::query!(
            r#"SELECT s.waiting AS "waiting!", COALESCE(extract(epoch FROM m.at - s.oldest), 0)::float8 AS "longest!",
                      COALESCE(extract(epoch FROM m.at - s.due_since), 0)::float8 AS "due!"
                 FROM (SELECT COALESCE($1::timestamptz, now()) AS at) m CROSS JOIN LATERAL directory_agents_state(m.at) s"#,
            self.moment(),
        );
        let found = find.fetch_one(&mut *self.pool.single().await?).await.map_err(store_error)?;
        Ok(WaitingCalls {
            calls: u64::try_from(found.waiting).map_err(corrupt)?,
            longest: Duration::seconds_f64(found.longest),
            due: Duration::seconds_f64(found.due),
        })
    }
}
