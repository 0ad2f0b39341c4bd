//! Changing the key that signs access tokens, from the command line.

use rollcall_adapter_postgres::NotReady;
use rollcall_application::{
    Error,
    tokens::{self, Rotation},
};
use rollcall_domain::tokens::KeyPurpose;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    database::{Database, DatabaseError},
    ports::Ports,
    server::{StartError, application},
    settings::Settings,
};

/// No other key was made.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database is not as this version needs it.
    #[error("the database is not ready: {0}")]
    NotReady(NotReady),
    /// The configuration cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The key was not made.
    #[error("no key was made: {0}")]
    Failed(String),
}

/// Makes a key for access tokens that takes over from the present one, whether or not a node is running; tells what it did.
///
/// # Errors
/// [`RotationError`].
pub async fn rotate_keys(settings: &Settings, ports: Ports) -> Result<String, RotationError> {
    let database = Database::visit(settings).await?;
    let rotated = rotate(settings, &ports, &database).await;
    let closed = database.close().await;
    // The first thing that went wrong is the one to tell.
    let Rotation { new, old } = rotated?;
    closed?;
    let gone = new.signs_from + KeyPurpose::AccessToken.outlives();
    Ok(format!(
        "the key {} is published now, and signs access tokens from {} on\n\
         the key {} signs until then, and stays published until {}",
        new.kid,
        moment(new.signs_from),
        old.kid,
        moment(gone)
    ))
}

async fn rotate(settings: &Settings, ports: &Ports, database: &Database) -> Result<Rotation, RotationError> {
    let store = database.connect(settings, ports).await?;
    let rotated = async {
        store.readiness().await.map_err(RotationError::NotReady)?;
        let app = application(settings, ports, &store, settings.values.http.address)?;
        let rotation = tokens::rotate(&app, KeyPurpose::AccessToken).await;
        rotation.map_err(|error| RotationError::Failed(reason(&error)))
    };
    let rotated = rotated.await;
    store.close().await;
    rotated
}

/// Why, for whoever runs the service: what callers are not told.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
