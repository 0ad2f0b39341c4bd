//! Signing out.

use rollcall_domain::audit::{Action, AuditTarget};

use crate::{
    Actor, Application, Error,
    availability::{By, signed_out},
};

/// Ends the session that the actor asks in.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn sign_out(app: &Application, actor: &Actor) -> Result<(), Error> {
    let target = AuditTarget::Session(actor.session_id());
    let ended = end(app, actor).await;
    app.refusals_recorded(actor, Action::SessionEnded, target, ended).await
}

async fn end(app: &Application, actor: &Actor) -> Result<(), Error> {
    actor.require_session()?;
    let mut unit = app.store.begin(actor.scope()).await?;
    // The account first, as whatever else ends its sessions has it: otherwise they may wait for each other.
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    if unit.session_end(actor.session_id()).await? {
        let event = app.event_by(actor, Action::SessionEnded, AuditTarget::Session(actor.session_id()));
        let record = app.record(event);
        let record = signed_out(app, &By::asking(actor), unit.as_mut(), actor.user_id(), record).await?;
        unit.commit(record).await?;
    }
    Ok(())
}
