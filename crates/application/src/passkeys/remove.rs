//! Taking a passkey off.

use rollcall_domain::{
    audit::{Action, Target},
    id::PasskeyId,
    second_factors::Method,
};

use crate::{
    Actor, Application, Error,
    mail::{Letter, SecurityNotice},
};

/// Takes a passkey of the actor's off; it proves nothing any more. If it is the last second factor, the recovery codes go with it. They
/// are told by mail.
///
/// # Errors
/// [`Error::ElevationRequired`]; [`Error::NotFound`] for a passkey that is not theirs; [`Error::PasswordTooShort`] when the password would
/// be the only factor, and is too short for it.
pub async fn remove(app: &Application, actor: &Actor, id: PasskeyId) -> Result<(), Error> {
    let removed = take_off(app, actor, id).await;
    app.refusals_recorded(actor, Action::PasskeyRemoved, Target::Passkey(id), removed).await
}

async fn take_off(app: &Application, actor: &Actor, id: PasskeyId) -> Result<(), Error> {
    actor.require_elevation(app.now())?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if !unit.passkey_remove(user, id).await? {
        return Err(Error::NotFound);
    }
    // NIST SP 800-63B-4 section 3.1.1.2: shorter ones are for two factors.
    if !unit.second_factors_settle(user).await? && unit.password_is_short(user).await? {
        return Err(Error::PasswordTooShort);
    }
    let event = app.event_by(actor, Action::PasskeyRemoved, Target::Passkey(id));
    let record = app.record(event.change("factor", Some(Method::Passkey.as_str()), None));
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::PasskeyRemoved };
    Ok(unit.commit(record.mail(letter)).await?)
}
