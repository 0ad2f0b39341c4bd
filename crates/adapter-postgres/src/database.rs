//! Making a database, and getting into it.

use rollcall_domain::secret::Secret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{connection::ConnectError, database_url::DatabaseUrl};

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
