//! Giving a passkey another name.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    id::PasskeyId,
    passkeys::{Passkey, PasskeyName},
};

use crate::{Actor, Application, Error};

/// Gives a passkey of the actor's another name.
///
/// # Errors
/// [`Error::NotFound`] for a passkey that is not theirs; [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn rename(
    app: &Application,
    actor: &Actor,
    id: PasskeyId,
    name: PasskeyName,
) -> Result<Passkey, Error> {
    let renamed = change(app, actor, id, &name).await;
    app.refusals_recorded(actor, Action::PasskeyRenamed, AuditTarget::Passkey(id), renamed).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    id: PasskeyId,
    name: &PasskeyName,
) -> Result<Passkey, Error> {
    actor.require_session()?;
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let passkey = unit.passkey_rename(actor.user_id(), id, name).await?.ok_or(Error::NotFound)?;
    unit.commit(app.record(app.event_by(actor, Action::PasskeyRenamed, AuditTarget::Passkey(id)))).await?;
    Ok(passkey)
}
