//! The keys that whoever checks signatures goes by.

use rollcall_domain::tokens::SigningKey;

use crate::{Application, Error};

/// The public parts of all keys that have signed, or are about to sign, something that can be good now.
///
/// # Errors
/// Only when something is out of order.
pub async fn publish(app: &Application) -> Result<Vec<SigningKey>, Error> {
    Ok(app.tokens.keys(app).await?.published(app.now()))
}
