//! Proving once more who one is, with a passkey.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    second_factors::Method,
    secret::Secret,
    sessions::ELEVATION,
};
use time::OffsetDateTime;

use crate::{
    Actor, Application, Error,
    passkeys::{allowed, ask, prove},
    ports::{CeremonyPurpose, Scope},
};

/// What a browser is to ask its device for, so that the actor proves once more who they are.
///
/// # Errors
/// [`Error::NoPasskey`] to whoever has none; [`Error::SessionRequired`] to whoever comes with an access token;
/// [`Error::PasskeysUnavailable`].
pub async fn begin_elevation_with_passkey(app: &Application, actor: &Actor) -> Result<Secret, Error> {
    actor.require_session()?;
    let webauthn = app.webauthn()?;
    let passkeys =
        app.store.view(Scope::Account(actor.user_id())).await?.passkeys_of(actor.user_id()).await?;
    // Without any, the device would be asked for whichever it has.
    if passkeys.is_empty() {
        return Err(Error::NoPasskey);
    }
    ask(app, purpose(actor), webauthn.ask_for_proof(&allowed(&passkeys))?).await
}

/// Makes the actor's proof fresh; gives back until when.
///
/// # Errors
/// [`Error::PasskeyRefused`]; [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn elevate_with_passkey(
    app: &Application,
    actor: &Actor,
    credential: &Secret,
) -> Result<OffsetDateTime, Error> {
    let elevated = check(app, actor, credential).await;
    let target = AuditTarget::Session(actor.session_id());
    app.refusals_recorded(actor, Action::SessionElevated, target, elevated).await
}

async fn check(app: &Application, actor: &Actor, credential: &Secret) -> Result<OffsetDateTime, Error> {
    actor.require_session()?;
    let proven = match prove(app, credential, |asked| *asked == purpose(actor)).await? {
        Ok(proven) => proven,
        Err(unproven) => {
            if let Some(event) = unproven.event(app, &actor.origin) {
                app.store.begin(unproven.scope()).await?.commit(app.record(event)).await?;
            }
            return Err(Error::PasskeyRefused);
        }
    };
    let now = app.now();
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    if !proven.take_effect(app, unit.as_mut()).await? {
        return Err(Error::PasskeyRefused);
    }
    if !unit.session_prove(actor.session_id(), now).await? {
        return Err(Error::Unauthenticated);
    }
    let event = app
        .event_by(actor, Action::SessionElevated, AuditTarget::Session(actor.session_id()))
        .change("factor", None, Some(Method::Passkey.as_str()));
    unit.commit(app.record(event)).await?;
    Ok(now + ELEVATION)
}

fn purpose(actor: &Actor) -> CeremonyPurpose {
    CeremonyPurpose::Elevation { user: actor.user_id(), session: actor.session_id() }
}
