//! A whole node: database, use cases, mail, HTTP.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::Router;
use rollcall_adapter_objects::InvalidPlace;
use rollcall_adapter_postgres::PgStore;
use rollcall_api_http::{
    Api, HttpSettings, SessionCookie, around, dev_mailbox,
    metrics::Metrics,
    operations::{self, Part, Parts},
};
use rollcall_application::{
    Application, ErrorChain, api_keys::write_down_uses, audit::write_down_calls, mail::DevMailbox, tokens,
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    application::{application, courier, webhook_sender},
    console::{PagesOf, console},
    database::{Database, DatabaseError},
    http,
    ports::Ports,
    recordings,
    settings::{InvalidSettings, Profile, Settings},
    telemetry, version,
    workers::Workers,
};

/// The longest that the last calls made with API keys are waited for when a node stops.
const WRITE_CALLS: Duration = Duration::from_secs(10);

/// A node that serves.
pub struct Server {
    address: SocketAddr,
    operations_address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    store: PgStore,
    app: Application,
    database: Database,
}

/// The node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The generated keys cannot be read or written.
    #[error("the keys under the data directory cannot be used: {0}")]
    Keys(#[source] io::Error),
    /// Nothing can be sent to webhooks.
    #[error("{0}")]
    Tls(String),
    /// Recordings cannot be kept where they should be.
    #[error("ROLLCALL__RECORDINGS__STORE {0}")]
    Recordings(#[from] InvalidPlace),
    /// Checkpoints of audit logs would be signed under another name, and nobody has said that they are to be.
    #[error(
        "checkpoints of audit logs were signed as {before}, and after http.public_url they would be as {now}, which auditors take for another log. \
         Set ROLLCALL__AUDIT__ORIGIN: to {before} if they are to go on, to {now} if they are not"
    )]
    LogsRenamed {
        /// What the last one calls the deployment,
        before: String,
        /// and what the next one would.
        now: String,
    },
    /// Passwords cannot be hashed at the configured cost.
    #[error("passwords cannot be hashed as configured: {0}")]
    Passwords(String),
}

impl Server {
    /// Starts a node. It serves when this returns.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub async fn start(settings: &Settings, ports: Ports) -> Result<Self, StartError> {
        // First what two starts quarrel about, the better explanation before the worse.
        let reservation = Database::reserve(settings)?;
        let listener = listen(settings.values.http.address).await?;
        let operations = listen(settings.values.http.operations_address).await?;
        let (address, operations_address) = (address_of(&listener)?, address_of(&operations)?);
        let database = Database::open(settings, reservation).await?;
        match Node::join(settings, ports, &database, address).await {
            Ok(node) => {
                let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
                let (store, app) = (node.store.clone(), node.workers.app.clone());
                node.serve(settings, &stop, &tasks, listener, operations);
                Ok(Self { address, operations_address, stop, tasks, store, app, database })
            }
            Err(error) => {
                if let Err(error) = database.close().await {
                    tracing::warn!(error = %ErrorChain(&error), "the private PostgreSQL did not stop");
                }
                Err(error)
            }
        }
    }

    /// Where the API and the pages are served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served.
    pub fn operations_address(&self) -> SocketAddr {
        self.operations_address
    }

    /// Stops: takes no more connections, finishes what is being answered, and leaves the database in order.
    ///
    /// # Errors
    /// When a private PostgreSQL does not stop.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        self.stop.cancel();
        self.tasks.wait().await;
        // The last requests have used keys too.
        if let Err(error) = write_down_uses(&self.app).await {
            tracing::warn!(error = %ErrorChain(&error), "the last uses of API keys were not written down");
        }
        match timeout(WRITE_CALLS, write_down_calls(&self.app)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(lost)) => tracing::error!(lost, "calls made with API keys are in no audit log"),
            Ok(Err(error)) => {
                tracing::error!(error = %ErrorChain(&error), "calls made with API keys are in no audit log")
            }
            Err(_) => {
                tracing::error!("calls made with API keys are in no audit log: the database is too slow")
            }
        }
        self.store.close().await;
        self.database.close().await
    }
}

/// A node whose parts are joined, but that does not serve yet.
struct Node {
    store: PgStore,
    workers: Workers,
    routes: Router,
    operations: Router,
}

impl Node {
    async fn join(
        settings: &Settings,
        ports: Ports,
        database: &Database,
        address: SocketAddr,
    ) -> Result<Self, StartError> {
        if settings.values.database.migrate_on_start {
            database.migrate().await?;
        }
        let store = database.connect(settings, &ports).await?;
        let app = application(settings, &ports, &store, address)?;
        keep_name_of_logs(settings, &app, address).await?;
        // Without them everything else goes on; a schema that is too old is told by readiness.
        if let Err(error) = tokens::prepare(&app).await {
            tracing::error!(
                error = %ErrorChain(&error),
                "access tokens, or checkpoints of audit logs, cannot be signed"
            );
        }
        let (public_origin, secure) = settings.public_origin(address)?;
        let http_settings = HttpSettings {
            public_origin,
            cookie: SessionCookie { secure },
            trusted_proxies: settings.trusted_proxies()?,
            body_limit: settings.values.http.body_limit_bytes,
            transcript_limit: settings.values.calls.transcript_limit_bytes,
            timeout: Duration::from_secs(settings.values.http.timeout_seconds),
            upload_pace: recordings::upload_pace(settings),
            quotas: settings.quotas(),
            hsts: secure,
            continue_trace: Some(telemetry::continue_trace),
            service_token: settings.service_token(),
            operator_token: settings.operator_token(),
        };
        let metrics = Arc::new(Metrics::default());
        metrics.tell_build(version::labels());
        metrics.streams_limit.set(i64::try_from(settings.values.stream.at_once).unwrap_or(i64::MAX));
        let api = Api::new(app.clone(), Arc::new(store.clone()), metrics.clone(), http_settings);
        let parts: Parts = Arc::new(vec![Box::new(DatabasePart(store.clone()))]);
        let mailbox: Option<Arc<dyn DevMailbox>> = match settings.profile {
            Profile::Development => Some(Arc::new(store.clone())),
            Profile::Production => None,
        };
        let public_url = settings.public_url(address);
        let console = console(app.clone(), &public_url, mailbox.clone(), api.settings.cookie);
        let mut routes = rollcall_api_http::router(&api, parts.clone())
            .merge(rollcall_web_console::router(console.clone()));
        if let Some(mailbox) = mailbox {
            routes = routes.merge(dev_mailbox(mailbox));
        }
        let workers = Workers {
            courier: courier(settings, &ports, &store, address)?,
            idempotency: Arc::new(store.clone()),
            expiry: Arc::new(store.clone()),
            attempts: Arc::new(store.clone()),
            purge: Arc::new(store.clone()),
            erasures: Arc::new(store.clone()),
            sealed: Arc::new(store.clone()),
            sketches: Arc::new(store.clone()),
            retention: Arc::new(store.clone()),
            due_witnesses: Arc::new(store.clone()),
            deliveries: Arc::new(store.clone()),
            webhook_sender: webhook_sender(settings, &ports)?,
            remains: Arc::new(store.clone()),
            due_agents: Arc::new(store.clone()),
            queue_depth: Arc::new(store.clone()),
            backlog: Arc::new(store.clone()),
            connections: store.clone(),
            mfa_notices: Arc::new(store.clone()),
            app,
            clock: ports.clock,
            metrics: metrics.clone(),
        };
        Ok(Self {
            store,
            workers,
            routes: around(routes, &api, Arc::new(PagesOf(console))),
            operations: operations::router(parts, metrics),
        })
    }

    fn serve(
        self,
        settings: &Settings,
        stop: &CancellationToken,
        tasks: &TaskTracker,
        listener: TcpListener,
        operations: TcpListener,
    ) {
        let grace = Duration::from_secs(settings.values.http.shutdown_seconds);
        tasks.spawn(http::serve(listener, self.routes, stop.clone(), grace));
        tasks.spawn(http::serve(operations, self.operations, stop.clone(), grace));
        self.workers.start(tasks, stop);
        let (store, stopped) = (self.store, stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = store.hear_changes() => {}
                () = stopped.cancelled() => {}
            }
        });
        tasks.close();
    }
}

/// Sees to it that checkpoints of audit logs go on under the name that they have. Another one is taken in production when
/// it is set, and not because the public URL is another; elsewhere it is said.
///
/// # Errors
/// [`StartError::LogsRenamed`].
pub(crate) async fn keep_name_of_logs(
    settings: &Settings,
    app: &Application,
    address: SocketAddr,
) -> Result<(), StartError> {
    let before = match app.checkpoints.renamed_from().await {
        Ok(Some(before)) => before,
        Ok(None) => return Ok(()),
        // A schema that is too old, which readiness tells of.
        Err(error) => {
            tracing::warn!(error = %ErrorChain(&error), "the name that audit logs were signed under cannot be read");
            return Ok(());
        }
    };
    let now = settings.audit_origin(address)?;
    if settings.audit_origin_is_derived() && settings.profile == Profile::Production {
        return Err(StartError::LogsRenamed { before, now });
    }
    tracing::warn!(
        before,
        now,
        "checkpoints of audit logs are signed under another name than before, which auditors take for another log; audit.origin keeps it"
    );
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    listener.local_addr().map_err(|source| StartError::Listen { address: unknown, source })
}

/// The database as a part that the service cannot work without.
struct DatabasePart(PgStore);

#[async_trait]
impl Part for DatabasePart {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn check(&self) -> Result<(), String> {
        self.0.readiness().await.map_err(|problem| problem.to_string())
    }
}
