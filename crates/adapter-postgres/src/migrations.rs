//! Bringing the schema up to date, beside nodes that go on working with it.

use std::{collections::HashSet, time::Duration};

use rollcall_application::ErrorChain;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection,
    migrate::{Migrate, Migration, Migrator},
};

use crate::database::connected;

/// The migrations that this version knows.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

/// Where it is noted which were applied.
const APPLIED: &str = "_sqlx_migrations";

/// The advisory lock of whoever migrates: "rollmigr" in ASCII.
const TURN: i64 = 0x726f_6c6c_6d69_6772;

/// How often whoever waits for their turn asks for it.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How a migration gets the locks that it needs on tables that others work with.
#[derive(Debug, Clone, Copy)]
pub struct LockWaits {
    /// The longest wait for a lock. Whoever wants the table meanwhile, if only to read it, waits behind the migration.
    pub timeout: Duration,
    /// How often a migration is tried at the most. It is a transaction, so one that did not get a lock has done nothing.
    pub attempts: u32,
    /// How long the others have to themselves before it is tried again.
    pub pause: Duration,
}

impl Default for LockWaits {
    /// Six minutes at the most for each migration.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(2), attempts: 30, pause: Duration::from_secs(10) }
    }
}

/// The schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database does not let us in.
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// A migration failed, or the schema is not what earlier migrations have made.
    #[error("cannot migrate the database: {0}")]
    Failed(#[from] sqlx::migrate::MigrateError),
    /// Others held what a migration changes, however often it was tried.
    #[error(
        "cannot migrate the database: {attempts} times others held for too long what migration {migration} changes. Nothing of it is done, and what came before it stays: \
         run `rollcall migrate` again when long transactions are over ({source})"
    )]
    HeldUp {
        /// Its number.
        migration: i64,
        /// How often it was tried.
        attempts: u32,
        /// What came of the last attempt.
        source: sqlx::migrate::MigrateError,
    },
}

/// Brings the schema of the database at `url` up to date. Its user owns the schema, and makes the service's roles if
/// they are not there. Running it again does nothing; two at once take turns. Nodes that work with the database wait
/// for a moment at the most where a migration changes a table.
///
/// # Errors
/// [`MigrateError`]; a migration that fails leaves nothing behind, but for an index that it builds beside its writers,
/// which is built anew the next time.
pub async fn migrate(url: &str) -> Result<(), MigrateError> {
    migrate_with(url, &MIGRATIONS, LockWaits::default()).await
}

/// The same by other migrations, and with other waits.
///
/// # Errors
/// [`MigrateError`].
pub async fn migrate_with(url: &str, migrations: &Migrator, waits: LockWaits) -> Result<(), MigrateError> {
    let mut connection = connected(url).await.map_err(MigrateError::Unreachable)?;
    limit_lock_waits(&mut connection, Duration::ZERO).await?;
    take_turn(&mut connection).await?;
    connection.ensure_migrations_table(APPLIED).await?;
    let applied = connection.list_applied_migrations(APPLIED).await?;
    let applied: HashSet<i64> = applied.iter().map(|applied| applied.version).collect();
    let pending: Vec<_> =
        migrations.iter().filter(|migration| !applied.contains(&migration.version)).collect();
    for migration in pending {
        if migration.no_tx {
            apply_alone(&mut connection, migrations, migration).await?;
        } else {
            apply(&mut connection, migrations, migration, waits).await?;
        }
    }
    // Also where nothing is pending: what was applied must be what is known here.
    migrations.run_direct(None, &mut connection, false).await?;
    connection.close().await.map_err(MigrateError::Unreachable)
}

/// Waits until nobody else migrates, however long that takes.
async fn take_turn(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let mut told = false;
    // Whoever waited in a statement would be waited for in turn by a migration that builds an index beside its writers: it ends when all
    // statements have that began before it.
    while !has_turn(connection).await? {
        if !told {
            tracing::info!("somebody else migrates the database, and is waited for");
            told = true;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    // Versions from before know this one only.
    Ok(connection.lock().await?)
}

/// Takes the turn, if nobody else has it. It ends with the connection.
async fn has_turn(connection: &mut PgConnection) -> Result<bool, MigrateError> {
    let take = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "taken!""#, TURN);
    take.fetch_one(connection).await.map_err(failed)
}

/// Applies a migration that is a transaction. Where others hold what it changes for too long, it lets them go on and comes back.
async fn apply(
    connection: &mut PgConnection,
    migrations: &Migrator,
    migration: &Migration,
    waits: LockWaits,
) -> Result<(), MigrateError> {
    limit_lock_waits(connection, waits.timeout).await?;
    let mut attempt = 1;
    loop {
        let done = migrations.run_direct(Some(migration.version), connection, false).await;
        let Err(error) = done else { return Ok(()) };
        if !is_held_up(&error) {
            return Err(error.into());
        }
        if attempt >= waits.attempts {
            return Err(MigrateError::HeldUp {
                migration: migration.version,
                attempts: attempt,
                source: error,
            });
        }
        tracing::warn!(
            migration = migration.version,
            attempt,
            most = waits.attempts,
            error = %ErrorChain(&error),
            "others hold what a migration changes; it is tried again"
        );
        tokio::time::sleep(waits.pause).await;
        attempt += 1;
    }
}

/// Applies a migration that is no transaction: one statement, which can be repeated and lets others write meanwhile. It waits for
/// transactions that are as long as they are, and keeps nobody waiting for it.
async fn apply_alone(
    connection: &mut PgConnection,
    migrations: &Migrator,
    migration: &Migration,
) -> Result<(), MigrateError> {
    limit_lock_waits(connection, Duration::ZERO).await?;
    drop_unfinished_indexes(connection, migration).await?;
    Ok(migrations.run_direct(Some(migration.version), connection, false).await?)
}

/// Drops what is left of an index whose build was broken off, where the migration builds it: `IF NOT EXISTS` takes it for the index, and
/// no query ever uses it.
async fn drop_unfinished_indexes(
    connection: &mut PgConnection,
    migration: &Migration,
) -> Result<(), MigrateError> {
    let unfinished = sqlx::query_scalar!(
        r#"SELECT c.relname::text AS "name!" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace"#
    );
    let unfinished = unfinished.fetch_all(&mut *connection).await.map_err(failed)?;
    for index in unfinished {
        if !builds(migration.sql.as_str(), &index) {
            continue;
        }
        tracing::info!(index = index.as_str(), "an index that was not finished is built anew");
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS \"{index}\"");
        connection.execute(AssertSqlSafe(drop)).await.map_err(failed)?;
    }
    Ok(())
}

/// Whether a statement builds an index, if it is not there.
fn builds(statement: &str, index: &str) -> bool {
    let words: Vec<&str> = statement.split_whitespace().collect();
    words
        .windows(4)
        .any(|words| words[..3].join(" ").eq_ignore_ascii_case("IF NOT EXISTS") && words[3] == index)
}

/// No limit at all, if it is zero.
async fn limit_lock_waits(connection: &mut PgConnection, limit: Duration) -> Result<(), MigrateError> {
    let set = format!("SET lock_timeout = {}", limit.as_millis());
    connection.execute(AssertSqlSafe(set)).await.map_err(failed)?;
    Ok(())
}

fn failed(error: sqlx::Error) -> MigrateError {
    MigrateError::Failed(error.into())
}

/// Whether a migration did not get what it needed because others had it.
fn is_held_up(error: &sqlx::migrate::MigrateError) -> bool {
    use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
    let (Execute(cause) | ExecuteMigration(cause, _)) = error else { return false };
    // 55P03 lock_not_available; 40P01 deadlock_detected: of two that waited for each other, the migration was the one to give way.
    let code = cause.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "55P03" || code == "40P01")
}

/// A short name that changes whenever the migrations do. Tests keep a migrated template database under it.
pub fn migrations_fingerprint() -> String {
    let bytes = MIGRATIONS.iter().flat_map(|migration| migration.checksum.iter());
    // FNV-1a: a name is all that is wanted of it.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::LOCK_TIMEOUT;

    #[test]
    fn a_migration_gives_up_waiting_before_a_node_does_that_waits_behind_it() {
        assert!(LockWaits::default().timeout * 2 <= LOCK_TIMEOUT);
    }

    #[test]
    fn an_index_is_built_by_the_statement_that_names_it_and_by_no_other() {
        let statement = "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS calls_by_age\n    ON calls (ended_at)";
        for (index, built) in [("calls_by_age", true), ("calls", false), ("calls_by", false)] {
            assert_eq!(builds(statement, index), built, "{index}");
        }
        assert!(!builds("DROP INDEX CONCURRENTLY IF EXISTS calls_by_age", "calls_by_age"));
    }
}
