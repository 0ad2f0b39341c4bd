//! A challenge, from the asking to its one answer.

use rollcall_domain::{passkeys::CEREMONY_LIFETIME, secret::Secret};

use super::KeptPasskey;
use crate::{
    Application, Error, Sealed,
    ports::{Ceremony, CeremonyPurpose, CredentialId, PasskeyRequest, UncheckedAnswer},
};

/// What digests of challenges, and seals of what is kept of them, are made for.
const PURPOSE: &str = "passkey_ceremonies";

/// Keeps what a device is asked; gives back what the browser is to be told.
pub(crate) async fn ask(
    app: &Application,
    purpose: CeremonyPurpose,
    asked: PasskeyRequest,
) -> Result<Secret, Error> {
    let challenge = digest(app, &asked.challenge);
    let sealed = app.keyring.seal(PURPOSE, &challenge, asked.state.expose().as_bytes(), app.entropy.as_ref());
    let state = Sealed(sealed.ok_or_else(|| Error::Internal("a challenge could not be sealed".into()))?);
    let expires_at = app.now() + CEREMONY_LIFETIME;
    app.ceremonies.keep(&Ceremony { challenge, purpose, state, expires_at }).await?;
    Ok(asked.options)
}

/// What checking an answer needs, and what the answer is good for: once, in time. The challenge is found by the answer itself, so
/// nobody has to carry it along.
pub(crate) async fn take(
    app: &Application,
    unchecked: &UncheckedAnswer,
) -> Result<Option<(CeremonyPurpose, Secret)>, Error> {
    let challenge = digest(app, &unchecked.challenge);
    let Some(found) = app.ceremonies.take(challenge, app.now()).await? else { return Ok(None) };
    // A key that is not on the ring any more: as if the time were over.
    let state = app.keyring.open(PURPOSE, &challenge, &found.state.0);
    let state = state.and_then(|state| String::from_utf8(state).ok()).map(Secret::new);
    Ok(state.map(|state| (found.purpose, state)))
}

/// The ids by which devices know some passkeys.
pub(crate) fn allowed(passkeys: &[KeptPasskey]) -> Vec<CredentialId> {
    passkeys.iter().map(|kept| kept.credential.clone()).collect()
}

fn digest(app: &Application, challenge: &Secret) -> [u8; 32] {
    app.keyring.digest(PURPOSE, &[challenge.expose().as_bytes()])
}
