//! The database that a server works with: a named one, or a private one of its own.

use std::time::Duration;

use rollcall_adapter_postgres::{
    CitusError, ConnectError, ConnectionSettings, MigrateError, PgStore, create_database, distribute, migrate,
};
use rollcall_domain::secret::Secret;
use rollcall_private_postgres::{DataDirectory, PrivatePostgres};

use crate::{
    ports::Ports,
    settings::{Profile, Settings},
};

/// The name of the database in a private PostgreSQL.
const NAME: &str = "rollcall";

/// The right to serve from a data directory; nothing is needed for a database that the configuration names.
pub struct Reservation(Option<DataDirectory>);

/// A database, and what has to be kept while it is used.
pub struct Database {
    url: Secret,
    migration_url: Secret,
    private: Option<Private>,
}

struct Private {
    postgres: PrivatePostgres,
    /// None in a subcommand that visits the database of a server that is running.
    claim: Option<DataDirectory>,
}

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// None is named, and the profile makes none of its own.
    #[error("ROLLCALL__DATABASE__URL must be set in production")]
    NotNamed,
    /// The private PostgreSQL does not start.
    #[error(transparent)]
    Private(#[from] rollcall_private_postgres::Error),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The tables cannot be distributed.
    #[error(transparent)]
    Citus(#[from] CitusError),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Database {
    /// Reserves the database for a server that is about to serve: nobody else may serve from the same data directory.
    ///
    /// # Errors
    /// [`DatabaseError::Private`] when somebody else does.
    pub fn reserve(settings: &Settings) -> Result<Reservation, DatabaseError> {
        let is_private =
            settings.values.database.url.expose().is_empty() && settings.profile == Profile::Development;
        Ok(Reservation(is_private.then(|| DataDirectory::claim(&settings.values.data_dir)).transpose()?))
    }

    /// The database for a short visit, whether or not a server is running.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn visit(settings: &Settings) -> Result<Self, DatabaseError> {
        Self::open(settings, Reservation(None)).await
    }

    /// The database of a server that has reserved it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn open(settings: &Settings, Reservation(claim): Reservation) -> Result<Self, DatabaseError> {
        let values = &settings.values.database;
        if !values.url.expose().is_empty() {
            tracing::info!("using the database that the configuration names");
            let url = values.url.clone();
            let migration_url = if values.migration_url.expose().is_empty() {
                url.clone()
            } else {
                values.migration_url.clone()
            };
            return Ok(Self { url, migration_url, private: None });
        }
        if settings.profile == Profile::Production {
            return Err(DatabaseError::NotNamed);
        }
        let data_dir = &settings.values.data_dir;
        let postgres = PrivatePostgres::start(&rollcall_private_postgres::Settings {
            data_dir: data_dir.clone(),
            durable: true,
            max_connections: 100,
            download: true,
        })
        .await?;
        tracing::info!(source = postgres.source(), "using a private PostgreSQL");
        create_database(&postgres.url("postgres"), NAME).await?;
        let url = postgres.url(NAME);
        // The service is a plain role, which here needs no password: the socket is ours alone.
        let service_url = postgres.url_as("rollcall_app", NAME);
        Ok(Self {
            url: Secret::new(service_url),
            migration_url: Secret::new(url),
            private: Some(Private { postgres, claim }),
        })
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// [`DatabaseError::Migrate`].
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        Ok(migrate(self.migration_url.expose()).await?)
    }

    /// Distributes what belongs to organizations over the servers of a Citus cluster; gives back which tables have got their place.
    ///
    /// # Errors
    /// [`DatabaseError::Citus`].
    pub async fn distribute(&self) -> Result<Vec<&'static str>, DatabaseError> {
        Ok(distribute(self.migration_url.expose()).await?)
    }

    /// Connects as the service.
    ///
    /// # Errors
    /// [`DatabaseError::Connect`].
    pub async fn connect(&self, settings: &Settings, ports: &Ports) -> Result<PgStore, DatabaseError> {
        let values = &settings.values.database;
        let connection = ConnectionSettings {
            url: self.url.clone(),
            pooler_url: named(&values.pooler_url),
            replica_url: named(&values.replica_url),
            max_connections: values.max_connections,
            acquire_timeout: Duration::from_secs(values.acquire_timeout_seconds),
            statement_timeout: Duration::from_secs(values.statement_timeout_seconds),
        };
        let store = PgStore::connect(&connection, ports.entropy.clone()).await?;
        Ok(store.with_clock(ports.database_clock.clone()))
    }

    /// Ends the use of it. A private one that a server has claimed is stopped; after a visit it is left as it was found.
    ///
    /// # Errors
    /// [`DatabaseError::Private`].
    pub async fn close(self) -> Result<(), DatabaseError> {
        match self.private {
            Some(Private { postgres, claim: Some(claim) }) => Ok(postgres.stop_claimed(claim).await?),
            Some(Private { postgres, claim: None }) => Ok(postgres.stop().await?),
            None => Ok(()),
        }
    }
}

/// A URL, if one is set.
fn named(url: &Secret) -> Option<Secret> {
    (!url.expose().is_empty()).then(|| url.clone())
}
