//! Changing the keys that sign, from the command line.

use rollcall_application::{
    Error,
    tokens::{self, Rotation},
};
use rollcall_domain::tokens::KeyPurpose;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    ports::Ports,
    settings::Settings,
    visit::{VisitError, visit},
};

/// No other key was made.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// It was not even tried, or its end is not certain.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// The key was not made.
    #[error("no key was made: {0}")]
    Failed(String),
}

/// Makes a key for a purpose that takes over from the present one, whether or not a node is running; tells what it did.
///
/// # Errors
/// [`RotationError`].
pub async fn rotate_keys(
    settings: &Settings,
    ports: &Ports,
    purpose: KeyPurpose,
) -> Result<String, RotationError> {
    let rotated = visit(settings, ports, async |app| {
        let rotation = tokens::rotate(app, purpose).await;
        rotation.map_err(|error| RotationError::Failed(reason(&error)))
    });
    let Rotation { new, old } = rotated.await?;
    let (what, published) = match purpose {
        KeyPurpose::AccessToken => ("access tokens", "stays published until"),
        KeyPurpose::AuditCheckpoint => ("checkpoints of audit logs", "stays published"),
    };
    let gone = purpose.outlives().map_or("for ever".to_owned(), |longer| moment(new.signs_from + longer));
    Ok(format!(
        "the key {} is published now, and signs {what} from {} on\n\
         the key {} signs until then, and {published} {gone}",
        new.kid,
        moment(new.signs_from),
        old.kid,
    ))
}

/// Why, for whoever runs the service: what callers are not told.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
