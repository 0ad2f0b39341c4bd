//! The door.

use std::sync::Arc;

use async_trait::async_trait;
use rollcall_application::ports::{Clock, Entropy, Scope, Store, StoreError, UnitOfWork, View};
use rollcall_domain::EventId;
use sqlx::postgres::PgConnectOptions;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{
    connection::{ConnectError, ConnectionSettings, Pool, connect, options, replica},
    look_ups::LookUps,
    session_cache::SessionCache,
    transaction::{Transaction, TransactionPurpose},
};

/// Everything that Rollcall keeps, in PostgreSQL. Cloning it is cheap.
#[derive(Clone)]
pub struct PgStore {
    pub(crate) pool: Pool,
    /// Where what takes long is read.
    pub(crate) replica: Option<Pool>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// What stands in for the database's own clock.
    clock: Option<Arc<dyn Clock>>,
    /// Sessions that were looked up a moment ago.
    pub(crate) sessions: Arc<SessionCache>,
    /// What is being looked up for many at once.
    pub(crate) look_ups: LookUps,
    /// How to connect to hear of changes that other nodes make.
    listening: Arc<PgConnectOptions>,
    /// Told when this node has queued a letter.
    pub(crate) letter_queued: Arc<Notify>,
    /// Told when this node has written events.
    pub(crate) events_written: Arc<Notify>,
}

/// How a pool of connections stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Those that somebody works with.
    pub used: u32,
    /// Those that are open and free.
    pub idle: u32,
    /// The most that there may be.
    pub most: u32,
}

impl PgStore {
    /// Connects as the service.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        connection: &ConnectionSettings,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConnectError> {
        let pool = connect(connection).await?;
        let listening = options(connection, "rollcall changes")?;
        Ok(Self {
            pool,
            replica: replica(connection)?,
            entropy,
            clock: None,
            sessions: Arc::default(),
            look_ups: LookUps::new(connection.look_up_timeout()),
            listening: Arc::new(listening),
            letter_queued: Arc::default(),
            events_written: Arc::default(),
        })
    }

    /// The same with another clock in the place of the database's own, for whoever wants to move it.
    #[must_use]
    pub fn with_clock(self, clock: Option<Arc<dyn Clock>>) -> Self {
        Self { clock, ..self }
    }

    /// What the clock says that stands in for the database's own, if one does: statements take it for `now()`.
    pub(crate) fn moment(&self) -> Option<OffsetDateTime> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    /// Hears of changes that other nodes make, for as long as it is polled. Without it every session is looked up in the
    /// database, each time.
    pub async fn hear_changes(&self) {
        self.sessions.keep_true(&self.listening).await;
    }

    /// How the pool of connections stands.
    pub fn connections(&self) -> Connections {
        self.pool.state()
    }

    /// Closes the connections, each when it is free.
    pub async fn close(&self) {
        self.pool.close().await;
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }
}

#[async_trait]
impl Store for PgStore {
    async fn begin(&self, scope: Scope) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(Transaction::begin(self, scope, TransactionPurpose::Change).await?))
    }

    async fn view(&self, scope: Scope) -> Result<Box<dyn View>, StoreError> {
        Ok(Box::new(Transaction::begin(self, scope, TransactionPurpose::Look).await?))
    }

    async fn view_for_long(&self, scope: Scope, since: EventId) -> Result<Box<dyn View>, StoreError> {
        match self.view_of_replica(scope, since).await {
            Some(view) => Ok(view),
            None => self.view(scope).await,
        }
    }
}
