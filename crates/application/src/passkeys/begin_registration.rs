//! The first half of adding a passkey.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    passkeys::MOST_PASSKEYS,
    second_factors::Method,
    secret::Secret,
};

use super::{allowed, ask};
use crate::{
    Actor, Application, Error,
    ports::{CeremonyPurpose, Scope},
};

/// What a browser is to ask its device for, so that the actor gets a new passkey. Devices that have one of theirs are left out.
///
/// # Errors
/// [`Error::ElevationRequired`], [`Error::TooManyPasskeys`], [`Error::PasskeysUnavailable`].
pub async fn begin_registration(app: &Application, actor: &Actor) -> Result<Secret, Error> {
    let begun = begin(app, actor).await;
    let target = AuditTarget::User(actor.user_id());
    app.refusals_recorded(actor, Action::PasskeyRegistrationBegun, target, begun).await
}

async fn begin(app: &Application, actor: &Actor) -> Result<Secret, Error> {
    actor.require_elevation(app.now())?;
    let webauthn = app.webauthn()?;
    let (user, session) = (actor.user_id(), actor.session_id());
    let (account, passkeys) = {
        let mut view = app.store.view(Scope::Account(user)).await?;
        (view.user_find(user).await?.ok_or(Error::Unauthenticated)?, view.passkeys_of(user).await?)
    };
    if passkeys.len() >= MOST_PASSKEYS {
        return Err(Error::TooManyPasskeys);
    }
    let asked = webauthn.ask_for_new(&account, &allowed(&passkeys))?;
    let options = ask(app, CeremonyPurpose::Registration { user, session }, asked).await?;
    let event = app.event_by(actor, Action::PasskeyRegistrationBegun, AuditTarget::User(user));
    let record = app.record(event.change("factor", None, Some(Method::Passkey.as_str())));
    app.store.begin(actor.scope()).await?.commit(record).await?;
    Ok(options)
}
