//! What a passkey proves.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Event, Origin},
    secret::Secret,
};

use super::take;
use crate::{
    Application, Error,
    ports::{CeremonyPurpose, Credential, FoundPasskey, PasskeyRefusal, Scope, UnitOfWork},
};

/// Somebody has proved who they are.
#[derive(Debug)]
pub(crate) struct ProvenPasskey {
    /// The passkey, and whose it is.
    pub(crate) found: FoundPasskey,
    credential: Credential,
}

/// Nobody has proved anything.
#[derive(Debug)]
pub(crate) struct UnprovenPasskey {
    /// The passkey that the answer says that it comes from, if there is such a one.
    pub(crate) found: Option<FoundPasskey>,
    /// Whether the answer would be right, were it not for its counter.
    copied: bool,
}

/// Checks the answer to a challenge that is good for what `fits` says. The challenge is over then. What the account allows, and
/// whether the counter has grown, is looked at again by [`ProvenPasskey::take_effect`].
///
/// # Errors
/// [`Error::Invalid`] for what is no answer at all, [`Error::PasskeysUnavailable`].
pub(crate) async fn prove(
    app: &Application,
    answer: &Secret,
    fits: impl FnOnce(&CeremonyPurpose) -> bool + Send,
) -> Result<Result<ProvenPasskey, UnprovenPasskey>, Error> {
    let webauthn = app.webauthn()?;
    let unchecked = webauthn.read(answer).ok_or_else(malformed)?;
    let taken = take(app, &unchecked).await?;
    let found = app.directory.passkey(&unchecked.credential).await?;
    let Some((purpose, state)) = taken.filter(|(purpose, _)| fits(purpose)) else {
        return Ok(Err(UnprovenPasskey { found, copied: false }));
    };
    // Whoever is not known yet must be named by the device; otherwise it may keep silent, but must not name somebody else
    // (WebAuthn Level 3, section 7.2, step 6).
    let user = purpose.user().or(unchecked.user);
    let named = unchecked.user.or(user);
    let Some(kept) = found.filter(|kept| Some(kept.user.id) == user && user == named) else {
        return Ok(Err(UnprovenPasskey { found: None, copied: false }));
    };
    let checked = webauthn.check_proof(&state, &kept.credential, answer);
    Ok(match checked {
        Ok(credential) if !kept.suspended => Ok(ProvenPasskey { found: kept, credential }),
        Err(PasskeyRefusal::Malformed) => return Err(malformed()),
        Ok(_) | Err(PasskeyRefusal::Refused(_)) => Err(UnprovenPasskey { found: Some(kept), copied: false }),
        Err(PasskeyRefusal::Copied) => Err(UnprovenPasskey { found: Some(kept), copied: true }),
    })
}

impl ProvenPasskey {
    /// Notes the use, with the account locked; gives back whether the passkey is still there and its counter has still grown.
    pub(crate) async fn take_effect(
        &self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
    ) -> Result<bool, Error> {
        let FoundPasskey { user, id, .. } = &self.found;
        Ok(unit.passkey_use(user.id, *id, &self.credential, app.now()).await?)
    }
}

impl From<ProvenPasskey> for UnprovenPasskey {
    /// Another use of the passkey has come in between, or it was removed.
    fn from(ProvenPasskey { found, .. }: ProvenPasskey) -> Self {
        Self { found: Some(found), copied: false }
    }
}

impl UnprovenPasskey {
    /// What is to be written down besides the refusal: that there may be two of a passkey.
    pub(crate) fn event(&self, app: &Application, origin: &Origin) -> Option<Event> {
        let found = self.found.as_ref().filter(|_| self.copied)?;
        let target = AuditTarget::Passkey(found.id);
        Some(app.event(AuditActor::Anonymous, origin, Action::PasskeyCounterRegressed, target))
    }

    /// Where the refusal is written down.
    pub(crate) fn scope(&self) -> Scope {
        let home = self.found.as_ref().and_then(|found| found.organization);
        home.map_or(Scope::Platform, Scope::Organization)
    }
}

pub(super) fn malformed() -> Error {
    Error::invalid("credential", "must be what the browser's navigator.credentials gives, as JSON")
}
