//! The databases of a run: made, filled, and dropped at the end.

use std::{path::Path, sync::Arc};

use argon2::{PasswordHasher, password_hash::phc::PasswordHash};
use rollcall_private_postgres::with_database;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::{
    Result,
    data::{Data, PASSWORD},
    floors::argon2,
    process::Cpu,
    server,
};

/// How many API keys are added by one statement.
const KEYS_AT_A_TIME: u64 = 10_000;

/// A database. Cloning it is cheap: it is only told where it is.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// A superuser's URL.
    pub(crate) url: String,
    /// What it holds.
    pub(crate) data: Arc<Data>,
    name: String,
}

/// The PostgreSQL that databases are made in.
pub(crate) struct Cluster {
    url: String,
    connection: PgConnection,
    made: Vec<String>,
}

impl Cluster {
    /// Connects, as a superuser.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let connection = PgConnection::connect(url).await?;
        Ok(Self { url: url.to_owned(), connection, made: Vec::new() })
    }

    /// Makes a database that is to hold this data, and is empty.
    pub(crate) async fn create(&mut self, what: &str, data: Data) -> Result<Database> {
        let name = format!("rollcall_bench_{}_{what}", std::process::id());
        self.connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        self.made.push(name.clone());
        Ok(Database { url: with_database(&self.url, &name), data: Arc::new(data), name })
    }

    /// Makes a database with Rollcall's schema and this data in it.
    pub(crate) async fn fill(&mut self, what: &str, rollcall: &Path, data: Data) -> Result<Database> {
        let database = self.create(what, data).await?;
        let migrated = server::rollcall(rollcall, &database.url).arg("migrate").output()?;
        if !migrated.status.success() {
            return Err(format!("rollcall migrate: {}", String::from_utf8_lossy(&migrated.stderr)).into());
        }
        let mut connection = PgConnection::connect(&database.url).await?;
        let mut transaction = connection.begin().await?;
        for statement in database.data.statements(&password_hash()?) {
            transaction.execute(AssertSqlSafe(statement)).await?;
        }
        let (statement, mut added) = (database.data.keys_statement(), 0);
        for part in database.data.keys_in_parts(KEYS_AT_A_TIME) {
            let count = part.len() as i64;
            let insert = sqlx::query(AssertSqlSafe(statement.clone())).bind(part).bind(added);
            insert.execute(&mut *transaction).await?;
            added += count;
        }
        transaction.commit().await?;
        // What autovacuum would do in a while, and then in the middle of a measurement.
        connection.execute("VACUUM ANALYZE").await?;
        connection.execute("CHECKPOINT").await?;
        connection.close().await?;
        Ok(database)
    }

    /// What the clients' processes of a database have used of the processor so far; none if there are none, or if they are on
    /// another machine.
    pub(crate) async fn cpu(&mut self, database: &Database) -> Result<Option<Cpu>> {
        let query = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'";
        let pids: Vec<i32> =
            sqlx::query_scalar(query).bind(&database.name).fetch_all(&mut self.connection).await?;
        let pids = pids.into_iter().filter_map(|pid| u32::try_from(pid).ok());
        let all = pids.map(Cpu::of).collect::<Option<Vec<Cpu>>>().filter(|all| !all.is_empty());
        Ok(all.map(|all| all.into_iter().sum()))
    }

    /// What describes it in the report: its version, whether it keeps what it has acknowledged, and the time.
    pub(crate) async fn describe(&mut self) -> Result<(String, bool, String)> {
        let row = self
            .connection
            .fetch_one(
                "SELECT current_setting('server_version'),
                        current_setting('fsync')::bool AND current_setting('full_page_writes')::bool
                            AND current_setting('synchronous_commit') <> 'off',
                        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
            )
            .await?;
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    }

    /// Drops every database that was made.
    pub(crate) async fn drop_all(mut self) -> Result {
        for name in &self.made {
            self.connection
                .execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
                .await?;
        }
        Ok(self.connection.close().await?)
    }
}

impl Database {
    /// Takes letters that still wait out of the outbox: the next measurement is not to send them.
    pub(crate) async fn forget_letters(&self) -> Result {
        let mut connection = PgConnection::connect(&self.url).await?;
        connection
            .execute("UPDATE mails SET state = 'moot', settled_at = now() WHERE state = 'queued'")
            .await?;
        Ok(connection.close().await?)
    }
}

/// The hash of everybody's password, at the cost that the service has if nothing else is configured.
fn password_hash() -> Result<String> {
    let hash: PasswordHash = argon2()?.hash_password_with_salt(PASSWORD.as_bytes(), b"a salt for bench")?;
    Ok(hash.to_string())
}
