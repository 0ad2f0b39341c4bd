//! Locks in the database, for tests in which requests overlap: holding one, and seeing others wait for it.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::{TestDatabase, until};

/// An open transaction. Others wait for what it has locked until it ends.
pub struct OpenTransaction(PgConnection);

impl OpenTransaction {
    /// Commits it.
    pub async fn commit(mut self) {
        self.0.execute("COMMIT").await.unwrap();
    }

    /// Rolls it back.
    pub async fn roll_back(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
    }
}

impl TestDatabase {
    /// Begins a transaction as superuser, and runs these statements in it.
    pub async fn open_transaction(&self, statements: &str) -> OpenTransaction {
        let mut connection = self.connect().await;
        connection.execute(AssertSqlSafe(format!("BEGIN; {statements}"))).await.unwrap();
        OpenTransaction(connection)
    }

    /// Returns once at least so many sessions wait for locks of any kind.
    pub async fn lock_waits(&self, sessions: usize) {
        let waiting = "SELECT 1 AS one FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(&format!("{sessions} sessions that wait for locks"), async || {
            (self.rows(waiting).await.len() >= sessions).then_some(())
        })
        .await;
    }
}
