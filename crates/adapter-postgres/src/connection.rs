//! Connecting as the service: with few rights, and with patience that ends.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use rollcall_application::ports::StoreError;
use rollcall_domain::secret::Secret;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Map,
};
use tracing::Instrument;

use crate::{
    database_url::{DatabaseUrl, InvalidDatabaseUrl},
    error::store_error,
    store::Connections,
};

/// The role that the service works as.
const SERVICE_ROLE: &str = "rollcall_app";

/// The longest wait for a lock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the database checks whether the client of a running statement is still there.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How long an idle connection is taken to be alive.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// `postgres://user:password@host:port/database`. Whatever its user may do, the service works as `rollcall_app`.
    pub url: Secret,
    /// The same of a pooler in front of the database that gives a server's connection to each transaction. Its user is
    /// `rollcall_app`. Statements go by it, if there is one; changes are heard of by `url`, which a pooler cannot pass on.
    pub pooler_url: Option<Secret>,
    /// The same of a hot standby of the database. What takes long to read is read there, if there is one.
    pub replica_url: Option<Secret>,
    /// The most connections.
    pub max_connections: u32,
    /// The longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// The longest that one statement may take.
    pub statement_timeout: Duration,
}

impl ConnectionSettings {
    /// The longest that a look-up of few rows may take, with all waiting: as long as a connection or a lock is waited for, and no longer than
    /// a statement may take, if there is a limit.
    pub(crate) fn look_up_timeout(&self) -> Duration {
        let waits = self.acquire_timeout.max(LOCK_TIMEOUT);
        if self.statement_timeout.is_zero() { waits } else { waits.min(self.statement_timeout) }
    }
}

/// There is no connection that the service would work with.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be read. It is not shown, as it may hold a password.
    #[error("{0} {1}")]
    Url(&'static str, InvalidDatabaseUrl),
    /// The database does not let us in.
    #[error("cannot connect to the database: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// Nothing has ever been migrated on this server.
    #[error("the database server has no role rollcall_app yet: run `rollcall migrate`")]
    NeverMigrated,
    /// The pooler lets us in as somebody else than the service.
    #[error("the user of ROLLCALL__DATABASE__POOLER_URL must be rollcall_app")]
    NotAsService,
    /// The role that the service works as could get around row-level security.
    #[error(
        "the role rollcall_app, with the roles it is a member of, must be neither a superuser nor an owner of tables, and must not bypass row-level security"
    )]
    TooPowerful,
}

/// How a connection to the database itself is made, named for what it is used for.
pub(crate) fn options(connection: &ConnectionSettings, name: &str) -> Result<PgConnectOptions, ConnectError> {
    options_of(&connection.url, "ROLLCALL__DATABASE__URL", connection, name)
}

fn options_of(
    url: &Secret,
    setting: &'static str,
    connection: &ConnectionSettings,
    name: &str,
) -> Result<PgConnectOptions, ConnectError> {
    let options = read(url, setting)?;
    // Also for a user that may do more: row-level security does not hold superusers and owners.
    let role = [("role", SERVICE_ROLE.to_owned())];
    Ok(options.application_name(name).options(role.into_iter().chain(limits(connection))))
}

/// How one to a pooler is made. It passes on neither a role nor limits, and the next transaction may have another of the server's
/// connections, so nothing is prepared for it.
fn options_of_pooler(url: &Secret) -> Result<PgConnectOptions, ConnectError> {
    let options = read(url, "ROLLCALL__DATABASE__POOLER_URL")?;
    Ok(options.application_name("rollcall").statement_cache_capacity(0).extra_float_digits(None))
}

fn read(url: &Secret, setting: &'static str) -> Result<PgConnectOptions, ConnectError> {
    let url = DatabaseUrl::parse(url).map_err(|problem| ConnectError::Url(setting, problem))?;
    for parameter in url.unread() {
        tracing::warn!(setting, parameter, "this parameter of the URL is ignored");
    }
    Ok(url.options().clone())
}

/// How long things may take, in milliseconds.
fn limits(connection: &ConnectionSettings) -> [(&'static str, String); 4] {
    [
        ("statement_timeout", connection.statement_timeout.as_millis().to_string()),
        ("lock_timeout", LOCK_TIMEOUT.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", "30000".to_owned()),
        // Otherwise a statement whose connection was closed runs on, beside those of the connection that replaces it.
        ("client_connection_check_interval", CHECK_INTERVAL.as_millis().to_string()),
    ]
}

/// The connections that statements go by.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: PgPool,
    /// What every transaction begins with where a connection cannot be set up once and for all: behind a pooler.
    limits: Option<Arc<str>>,
}

impl Pool {
    /// Begins a transaction with these settings, in one round trip.
    pub(crate) async fn begin(
        &self,
        mode: &str,
        settings: &str,
    ) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
        let begin = self.begins(mode, settings);
        // In a task of its own: a caller that goes away half-way would otherwise leave a connection in the pool whose
        // transaction has begun without anybody knowing, for the next one to find.
        let connections = self.connections.clone();
        let begun = async move { connections.begin_with(AssertSqlSafe(begin)).await };
        let begun = tokio::spawn(begun.in_current_span()).await;
        begun.map_err(|error| StoreError::Internal(Box::new(error)))?.map_err(store_error)
    }

    fn begins(&self, mode: &str, settings: &str) -> String {
        let limits = self.limits.as_deref().unwrap_or_default();
        format!("BEGIN{mode}; {limits}{settings}")
    }

    /// For one statement that needs nothing declared.
    pub(crate) async fn single(&self) -> Result<Single, StoreError> {
        if self.limits.is_some() {
            // Asking and being answered are two steps, between which a pooler must not change the connection.
            return Ok(Single::Transaction(self.begin("", "SELECT").await?));
        }
        Ok(Single::Connection(self.connections.acquire().await.map_err(store_error)?))
    }

    /// For queries that need nothing declared, and may be cancelled.
    pub(crate) async fn cancel_safe(&self) -> Result<CancelSafe, StoreError> {
        let connection = self.connections.acquire().await.map_err(store_error)?;
        let begin = self.limits.is_some().then(|| self.begins("", "SELECT"));
        Ok(CancelSafe { connection, begin, under_way: false })
    }

    /// How many of its connections are in use, and how many there are.
    pub(crate) fn state(&self) -> Connections {
        let (open, idle) = (self.connections.size(), self.connections.num_idle());
        let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(open);
        Connections { used: open - idle, idle, most: self.connections.options().get_max_connections() }
    }

    /// Closes the connections, each when it is free.
    pub(crate) async fn close(&self) {
        self.connections.close().await;
    }
}

/// What one statement goes by. One that changes something ends with [`Single::commit`].
pub(crate) enum Single {
    Connection(PoolConnection<Postgres>),
    Transaction(sqlx::Transaction<'static, Postgres>),
}

impl Single {
    /// What the statement changed is kept.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            // It was, when it ended.
            Self::Connection(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await.map_err(store_error),
        }
    }
}

impl Deref for Single {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl DerefMut for Single {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

/// A connection for one query after another, any of which may be cancelled. The connection is closed then: the pool would keep it from
/// everybody until the database has answered what nobody waits for any more.
pub(crate) struct CancelSafe {
    connection: PoolConnection<Postgres>,
    /// What the transaction of each query begins with, behind a pooler.
    begin: Option<String>,
    /// Whether a query has not been answered yet.
    under_way: bool,
}

impl CancelSafe {
    /// All rows of a query.
    pub(crate) async fn fetch_all<O, F>(
        &mut self,
        query: Map<'_, Postgres, F, PgArguments>,
    ) -> Result<Vec<O>, StoreError>
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin,
    {
        self.under_way = true;
        let connection: &mut PgConnection = &mut self.connection;
        let rows = match &self.begin {
            None => query.fetch_all(connection).await,
            Some(begin) => {
                // A connection on which this was cut off is closed, too.
                let begun = connection.begin_with(AssertSqlSafe(begin.clone())).await;
                let mut transaction = begun.map_err(store_error)?;
                query.fetch_all(&mut *transaction).await
            }
        };
        self.under_way = false;
        rows.map_err(store_error)
    }
}

impl Drop for CancelSafe {
    fn drop(&mut self) {
        if self.under_way {
            self.connection.close_on_drop();
        }
    }
}

fn pool_options(connection: &ConnectionSettings) -> PgPoolOptions {
    PgPoolOptions::new()
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
}

/// The connections to a replica, if there is one. They are made when they are needed: a node does without it.
pub(crate) fn replica(connection: &ConnectionSettings) -> Result<Option<Pool>, ConnectError> {
    let Some(url) = &connection.replica_url else { return Ok(None) };
    let options = options_of(url, "ROLLCALL__DATABASE__REPLICA_URL", connection, "rollcall exports")?;
    let connections = pool_options(connection).max_lifetime(None).connect_lazy_with(options);
    Ok(Some(Pool { connections, limits: None }))
}

pub(crate) async fn connect(connection: &ConnectionSettings) -> Result<Pool, ConnectError> {
    let (options, limits) = match &connection.pooler_url {
        None => (options(connection, "rollcall")?, None),
        Some(url) => {
            let limits = limits(connection).map(|(name, value)| format!("SET LOCAL {name} = {value}; "));
            // Statements have names, which whoever had the server's connection before has given as well.
            (options_of_pooler(url)?, Some(format!("DEALLOCATE ALL; {}", limits.concat()).into()))
        }
    };
    let connections = pool_options(connection).connect_with(options).await.map_err(not_connected)?;
    let pool = Pool { connections, limits };
    let begin = pool.begins("", "SELECT");
    let mut transaction =
        pool.connections.begin_with(AssertSqlSafe(begin)).await.map_err(ConnectError::Unreachable)?;
    let we = sqlx::query!(
        // A member has what the role has, policies included: those of `rollcall_directory` let everything be seen, and those of
        // `rollcall_purge` let much be removed.
        r#"SELECT current_user = 'rollcall_app' AS "as_service!",
                  EXISTS (SELECT FROM pg_roles r
                           WHERE pg_has_role(current_user, r.oid, 'MEMBER')
                             AND (r.rolsuper OR r.rolbypassrls OR r.rolname IN ('rollcall_directory', 'rollcall_purge')
                                  OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))))
                  AS "powerful!""#
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(ConnectError::Unreachable)?;
    transaction.rollback().await.map_err(ConnectError::Unreachable)?;
    if !we.as_service {
        return Err(ConnectError::NotAsService);
    }
    if we.powerful {
        return Err(ConnectError::TooPowerful);
    }
    Ok(pool)
}

fn not_connected(error: sqlx::Error) -> ConnectError {
    // 22023 invalid_parameter_value: the role in the startup packet.
    const NO_SUCH_ROLE: &str = "22023";
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) if code == NO_SUCH_ROLE => ConnectError::NeverMigrated,
        _ => ConnectError::Unreachable(error),
    }
}
