//! Taking a passkey off.

use rollcall_domain::{
    audit::{Action, Target},
    id::PasskeyId,
};

use crate::{Actor, Application, Error, mail::Letter};

/// Takes a passkey of the actor's off; it proves nothing any more. They are told by mail.
///
/// # Errors
/// [`Error::ElevationRequired`]; [`Error::NotFound`] for a passkey that is not theirs.
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
    unit.second_factors_settle(user).await?;
    let event = app.event_by(actor, Action::PasskeyRemoved, Target::Passkey(id));
    let record = app.record(event.change("factor", Some("passkey"), None));
    Ok(unit.commit(record.mail(Letter::PasskeyRemoved { user })).await?)
}
