//! A short visit to the database beside whatever nodes serve, from the command line.

use rollcall_adapter_postgres::NotReady;
use rollcall_application::Application;

use crate::{
    application::application,
    database::{Database, DatabaseError},
    ports::Ports,
    server::StartError,
    settings::Settings,
};

/// What was to be done was not even begun, or its end is not certain.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database is not as this version needs it.
    #[error("the database is not ready: {0}")]
    NotReady(NotReady),
    /// The configuration cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Does something with the use cases, whether or not a node is running, and leaves everything as it was found.
///
/// # Errors
/// The first thing that went wrong.
pub(crate) async fn visit<T, E: From<VisitError>>(
    settings: &Settings,
    ports: &Ports,
    work: impl AsyncFnOnce(&Application) -> Result<T, E>,
) -> Result<T, E> {
    let database = Database::visit(settings).await.map_err(VisitError::from)?;
    let done = visit_on(&database, settings, ports, work).await;
    let closed = database.close().await;
    let done = done?;
    closed.map_err(VisitError::from)?;
    Ok(done)
}

async fn visit_on<T, E: From<VisitError>>(
    database: &Database,
    settings: &Settings,
    ports: &Ports,
    work: impl AsyncFnOnce(&Application) -> Result<T, E>,
) -> Result<T, E> {
    let store = database.connect(settings, ports).await.map_err(VisitError::from)?;
    let done = async {
        store.readiness().await.map_err(VisitError::NotReady)?;
        let address = settings.values.http.address;
        let app = application(settings, ports, &store, address).map_err(VisitError::from)?;
        work(&app).await
    };
    let done = done.await;
    store.close().await;
    done
}
