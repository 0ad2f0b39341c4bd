//! Making a database, and bringing its schema up to date.

use rollcall_domain::secret::Secret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, migrate::Migrator};

use crate::{connection::ConnectError, database_url::DatabaseUrl};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

/// The schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database does not let us in.
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// A migration failed, or the schema is not what earlier migrations have made.
    #[error("cannot migrate the database: {0}")]
    Failed(#[from] sqlx::migrate::MigrateError),
}

/// Brings the schema of the database at `url` up to date. Its user owns the schema, and makes the service's roles if
/// they are not there. Running it again does nothing; two at once take turns.
///
/// # Errors
/// [`MigrateError`]; a migration that fails leaves nothing behind.
pub async fn migrate(url: &str) -> Result<(), MigrateError> {
    let mut connection = connected(url).await.map_err(MigrateError::Unreachable)?;
    MIGRATIONS.run_direct(None, &mut connection, false).await?;
    connection.close().await.map_err(MigrateError::Unreachable)
}

/// Makes a database on the server at `url`, unless it is there.
///
/// # Errors
/// [`ConnectError::Unreachable`].
pub async fn create_database(url: &str, name: &str) -> Result<(), ConnectError> {
    let mut connection = connected(url).await.map_err(ConnectError::Unreachable)?;
    let quoted = name.replace('"', "\"\"");
    let made = connection.execute(AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\""))).await;
    let there_already = |error: &sqlx::Error| {
        // 42P04 duplicate_database; 23505 when another makes it at this moment.
        error
            .as_database_error()
            .and_then(|error| error.code())
            .is_some_and(|code| code == "42P04" || code == "23505")
    };
    match made {
        Ok(_) => Ok(()),
        Err(error) if there_already(&error) => Ok(()),
        Err(error) => Err(ConnectError::Unreachable(error)),
    }
}

/// Not by sqlx's own reading of the URL, which writes what it does not know into the log.
pub(crate) async fn connected(url: &str) -> Result<PgConnection, sqlx::Error> {
    let url = DatabaseUrl::parse(&Secret::new(url));
    let url = url.map_err(|problem| sqlx::Error::Configuration(problem.into()))?;
    PgConnection::connect_with(url.options()).await
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
