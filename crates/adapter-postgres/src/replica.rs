//! A copy of the database that is a moment behind.

use std::time::Duration;

use rollcall_application::ports::StoreError;
use tokio::time::{Instant, sleep};

use crate::{connection::Pool, error::store_error, store::PgStore};

/// The longest wait until a replica has what is committed now.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl PgStore {
    /// The replica, once it has all that is committed now. None if there is none that gets there in time: it is slower without it, never wrong.
    pub(crate) async fn caught_up_replica(&self) -> Option<&Pool> {
        let replica = self.replica.as_ref()?;
        match self.wait_for(replica).await {
            Ok(true) => return Some(replica),
            Ok(false) => tracing::warn!("the replica is too far behind; the database itself is read"),
            Err(error) => tracing::warn!(%error, "the replica cannot be read; the database itself is"),
        }
        None
    }

    async fn wait_for(&self, replica: &Pool) -> Result<bool, StoreError> {
        let here = sqlx::query_scalar!(r#"SELECT pg_current_wal_insert_lsn()::text AS "here!""#);
        let here = here.fetch_one(&mut *self.pool.single().await?).await.map_err(store_error)?;
        let until = Instant::now() + PATIENCE;
        loop {
            // Null where it is no replica at all.
            let there = sqlx::query_scalar!(
                r#"SELECT COALESCE(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false) AS "there!""#,
                here
            );
            if there.fetch_one(&mut *replica.single().await?).await.map_err(store_error)? {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
