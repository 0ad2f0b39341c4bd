//! Signing what is no access token.

use std::sync::Arc;

use rollcall_domain::{secret::Secret, tokens::KeyPurpose};
use serde::Serialize;
use time::OffsetDateTime;

use super::{jwt, keys::KnownKeys};
use crate::{Application, Error};

/// What signs for one purpose at this moment.
pub(crate) struct Signer {
    keys: Arc<KnownKeys>,
    purpose: KeyPurpose,
    now: OffsetDateTime,
}

/// What signs for a purpose now. Keys are read before a transaction begins.
///
/// # Errors
/// When keys cannot be read, or the keyring does not open the one.
pub(crate) async fn signer(app: &Application, purpose: KeyPurpose) -> Result<Signer, Error> {
    let signer = Signer { keys: app.tokens.keys(app).await?, purpose, now: app.now() };
    signer.keys.signing(purpose, signer.now)?;
    Ok(signer)
}

impl Signer {
    /// A token of a type that says this.
    ///
    /// # Errors
    /// [`Error::Internal`] only.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<Secret, Error> {
        let (kid, key) = self.keys.signing(self.purpose, self.now)?;
        jwt::sign(typ, kid, key, claims).map_err(|error| Error::Internal(Box::new(error)))
    }
}
