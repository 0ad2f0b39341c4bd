//! Changing the keys that sign, from the command line.

use rollcall_application::{
    Error,
    api_keys::{self, OlderRingKey},
    tokens::{self, Rotation, SealedKey},
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

/// Which keys of the keyring API keys, and keys that sign, are kept by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingInUse {
    /// One line for each key other than the newest.
    pub lines: String,
    /// Whether none of them is missing.
    pub is_whole: bool,
}

/// Which keys of the keyring, other than the newest, API keys and keys that sign still need, whether or not a node is running.
///
/// # Errors
/// [`VisitError`].
pub async fn ring_in_use(settings: &Settings, ports: &Ports) -> Result<RingInUse, RotationError> {
    let older = visit(settings, ports, async |app| {
        let failed = |error: Error| RotationError::Failed(reason(&error));
        let keys = api_keys::older_ring_keys(app).await.map_err(failed)?;
        Ok::<_, RotationError>((keys, tokens::sealed_by_older(app).await.map_err(failed)?))
    });
    let (keys, signing) = older.await?;
    let is_whole = keys.iter().all(|key| key.is_on_the_ring) && signing.iter().all(|key| key.is_on_the_ring);
    let keys = keys.into_iter().map(|OlderRingKey { id, live, is_on_the_ring }| match is_on_the_ring {
        true => {
            format!("the key {id} is on the ring, and {live} API keys are kept by it until they are used")
        }
        false => {
            format!("the key {id} is not on the ring, and {live} API keys that are kept by it cannot be used")
        }
    });
    let signing = signing.into_iter().map(|SealedKey { purpose, ring_key: id, is_on_the_ring }| {
        let what = purpose.as_str();
        let (place, opens) = if is_on_the_ring { ("on", "seals") } else { ("not on", "does not open") };
        format!("the key {id} is {place} the ring, and {opens} what signs as {what}: `rollcall keys rotate {what}` makes another")
    });
    let lines: Vec<String> = keys.chain(signing).collect();
    let lines = match lines.is_empty() {
        true => "every API key that works, and every key that signs, is kept by the first key of the ring"
            .to_owned(),
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
