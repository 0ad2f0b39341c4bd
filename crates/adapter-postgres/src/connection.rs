//! Connecting as the service: with few rights, and with patience that ends.

use std::{str::FromStr, time::Duration};

use rollcall_domain::secret::Secret;
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// The role that the service works as.
const SERVICE_ROLE: &str = "rollcall_app";

/// How long an idle connection is taken to be alive.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How to connect.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `postgres://user:password@host:port/database`. Whatever its user may do, the service works as `rollcall_app`.
    pub url: Secret,
    /// The most connections.
    pub max_connections: u32,
    /// The longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// The longest that one statement may take.
    pub statement_timeout: Duration,
}

/// There is no connection that the service would work with.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be read. It is not shown, as it may hold a password.
    #[error("ROLLCALL__DATABASE__URL must be postgres://user:password@host:port/database")]
    Url,
    /// The database does not let us in.
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// Nothing has ever been migrated on this server.
    #[error("the database server has no role rollcall_app yet: run `rollcall migrate`")]
    NeverMigrated,
    /// The role that the service works as could get around row-level security.
    #[error(
        "the role rollcall_app, with the roles it is a member of, must be neither a superuser nor an owner of tables, and must not bypass row-level security"
    )]
    TooPowerful,
}

/// How a connection of the service is made, named for what it is used for.
pub(crate) fn options(connection: &Connection, name: &str) -> Result<PgConnectOptions, ConnectError> {
    let options = PgConnectOptions::from_str(connection.url.expose()).map_err(|_| ConnectError::Url)?;
    let statement_timeout = connection.statement_timeout.as_millis().to_string();
    Ok(options.application_name(name).options([
        // Also for a user that may do more: row-level security does not hold superusers and owners.
        ("role", SERVICE_ROLE),
        ("statement_timeout", &statement_timeout),
        ("lock_timeout", "5000"),
        ("idle_in_transaction_session_timeout", "30000"),
    ]))
}

pub(crate) async fn connect(connection: &Connection) -> Result<PgPool, ConnectError> {
    let options = options(connection, "rollcall")?;
    let pool = PgPoolOptions::new()
        .max_connections(connection.max_connections)
        .acquire_timeout(connection.acquire_timeout)
        // Asking every connection first would cost every request a round trip. One that has been idle may have died, as all
        // have when the database was started anew.
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(not_connected)?;
    let powerful = sqlx::query_scalar!(
        // A member has what the role has, policies included: those of `rollcall_directory` let everything be seen, and those of
        // `rollcall_purge` let much be removed.
        r#"SELECT EXISTS (SELECT FROM pg_roles r
                           WHERE pg_has_role(current_user, r.oid, 'MEMBER')
                             AND (r.rolsuper OR r.rolbypassrls OR r.rolname IN ('rollcall_directory', 'rollcall_purge')
                                  OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))))
                  AS "powerful!""#
    )
    .fetch_one(&pool)
    .await
    .map_err(ConnectError::Unreachable)?;
    if powerful { Err(ConnectError::TooPowerful) } else { Ok(pool) }
}

fn not_connected(error: sqlx::Error) -> ConnectError {
    // 22023 invalid_parameter_value: the role in the startup packet.
    const NO_SUCH_ROLE: &str = "22023";
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) if code == NO_SUCH_ROLE => ConnectError::NeverMigrated,
        _ => ConnectError::Unreachable(error),
    }
}
