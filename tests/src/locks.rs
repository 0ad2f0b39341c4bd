//! Locks in the database, for tests in which requests overlap: somebody who holds one, and those who wait for it.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::{TestDatabase, until};

/// A transaction of somebody else's. What it has locked, others wait for until it ends.
pub struct OpenTransaction(PgConnection);

impl OpenTransaction {
    /// Ends it, and keeps what it has changed.
    pub async fn commit(mut self) {
        self.0.execute("COMMIT").await.unwrap();
    }

    /// Ends it, and nothing has happened.
    pub async fn roll_back(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
    }
}

impl TestDatabase {
    /// Begins a transaction, as superuser, with these statements.
    pub async fn open_transaction(&self, statements: &str) -> OpenTransaction {
        let mut connection = self.connect().await;
        connection.execute(AssertSqlSafe(format!("BEGIN; {statements}"))).await.unwrap();
        OpenTransaction(connection)
    }

    /// Waits until at least so many sessions wait for locks, of rows, tables or any other kind.
    pub async fn lock_waits(&self, sessions: usize) {
        let waiting = "SELECT 1 AS one FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(&format!("{sessions} sessions that wait for locks"), async || {
            (self.rows(waiting).await.len() >= sessions).then_some(())
        })
        .await;
    }
}
