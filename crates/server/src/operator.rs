//! What the platform's operator does on the machine itself.

use rollcall_application::{Error, organizations};
use rollcall_domain::{OrganizationId, audit::Origin, organizations::Organization};

use crate::{
    database::{Database, DatabaseError},
    ports::Ports,
    server::{StartError, application},
    settings::Settings,
};

/// The operator does not get what they asked for.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// There is nothing to undo.
    #[error("{0} is not deleted, or its time is over")]
    NotDeleted(OrganizationId),
    /// It would be nobody's.
    #[error("{0} has no Owner any more: they have closed their accounts")]
    NoOwner(OrganizationId),
    /// Something else is in the way.
    #[error("{0} is not restored: {1}")]
    Failed(OrganizationId, #[source] Error),
}

/// Undoes the deletion of an organization, whether or not a server is running.
///
/// # Errors
/// [`OperatorError`].
pub async fn restore(
    settings: &Settings,
    ports: &Ports,
    organization: OrganizationId,
) -> Result<Organization, OperatorError> {
    let database = Database::visit(settings).await?;
    let restored = restore_on(&database, settings, ports, organization).await;
    let closed = database.close().await;
    // The first thing that went wrong is the one to tell.
    let restored = restored?;
    closed?;
    Ok(restored)
}

async fn restore_on(
    database: &Database,
    settings: &Settings,
    ports: &Ports,
    organization: OrganizationId,
) -> Result<Organization, OperatorError> {
    let store = database.connect(settings, ports).await?;
    let app = application(settings, ports, &store, settings.values.http.address)?;
    let restored = organizations::restore(&app, &Origin::default(), organization).await;
    store.close().await;
    restored.map_err(|error| match error {
        Error::NotFound => OperatorError::NotDeleted(organization),
        Error::LastOwner => OperatorError::NoOwner(organization),
        error => OperatorError::Failed(organization, error),
    })
}
