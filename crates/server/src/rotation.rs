//! Changing the keys that sign, from the command line.

use rollcall_application::{
    Error,
    api_keys::{self, OlderRingKey},
    tokens::{self, Rotation},
};
use rollcall_domain::tokens::KeyPurpose;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    ports::Ports,
    settings::Settings,
    visit::{VisitError, visit},
};

/// It was not done.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// It was not even tried, or its end is not certain.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// Rollcall could not.
    #[error("not done: {0}")]
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
        KeyPurpose::LiveGrant => ("live grants", "stays published until"),
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

/// Which keys of the keyring API keys are kept by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingInUse {
    /// One line for each key other than the newest.
    pub lines: String,
    /// Whether none of them is missing.
    pub is_whole: bool,
}

/// Which keys of the keyring, other than the newest, API keys still need, whether or not a node is running.
///
/// # Errors
/// [`VisitError`].
pub async fn ring_in_use(settings: &Settings, ports: &Ports) -> Result<RingInUse, RotationError> {
    let older = visit(settings, ports, async |app| {
        let older = api_keys::older_ring_keys(app).await;
        older.map_err(|error| RotationError::Failed(reason(&error)))
    });
    let older = older.await?;
    let is_whole = older.iter().all(|older| older.is_on_the_ring);
    let lines: Vec<String> = older
        .into_iter()
        .map(|OlderRingKey { id, live, is_on_the_ring }| match is_on_the_ring {
            true => {
                format!("the key {id} is on the ring, and {live} API keys are kept by it until they are used")
            }
            false => format!(
                "the key {id} is not on the ring, and {live} API keys that are kept by it cannot be used"
            ),
        })
        .collect();
    let lines = match lines.is_empty() {
        true => "every API key that works is kept by the first key of the ring".to_owned(),
        false => lines.join("\n"),
    };
    Ok(RingInUse { lines, is_whole })
}

/// Why, for whoever runs the service: what callers are not told.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
