//! What messages are signed with: made here, shown once, and kept sealed.

use base64::{Engine, engine::general_purpose::STANDARD};
use rollcall_domain::{OrganizationId, secret::Secret};

use super::Topic;
use crate::{Application, Error, Sealed, SealedFor, keyring::UnsealError};

/// How the secrets of webhooks begin (Standard Webhooks).
const PREFIX: &str = "whsec_";

impl Topic {
    /// What its secret is sealed for: what is kept for one is none of the other.
    const fn purpose(self) -> &'static str {
        SealedFor::WebhookSecret(self).purpose()
    }
}

/// A new secret.
pub(crate) fn mint(app: &Application) -> Secret {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    app.entropy.fill(bytes.as_mut_slice());
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))
}

pub(crate) fn seal(
    app: &Application,
    organization: OrganizationId,
    topic: Topic,
    secret: &Secret,
) -> Result<Sealed, Error> {
    let (context, secret) = (organization.uuid(), secret.expose().as_bytes());
    let sealed = app.keyring.seal(topic.purpose(), context.as_bytes(), secret, app.entropy.as_ref());
    sealed.map(Sealed).ok_or_else(|| Error::Internal("the secret of a webhook was not sealed".into()))
}

pub(super) fn open(
    app: &Application,
    organization: OrganizationId,
    topic: Topic,
    sealed: &Sealed,
) -> Result<Secret, UnsealError> {
    let (what, context) = ("the secret of a webhook", organization.uuid());
    let opened = app.keyring.open_kept(what, topic.purpose(), context.as_bytes(), &sealed.0)?;
    let text = std::str::from_utf8(&opened).map_err(|_| UnsealError::Damaged { what })?;
    Ok(Secret::new(text.to_owned()))
}
