//! Ending one's own sessions.

use rollcall_domain::{
    SessionId,
    audit::{Action, AuditTarget},
};

use crate::{
    Actor, Application, Error,
    availability::{By, signed_out},
    ports::Scope,
};

/// Which of one's own sessions are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoke {
    /// This one.
    One(SessionId),
    /// All but the one that asks.
    Others,
}

/// Ends some of the actor's own sessions; they are worth nothing from the next request on. A wish for another address is taken back
/// with them.
///
/// # Errors
/// [`Error::NotFound`] for a session that is not the actor's own; [`Error::SessionRequired`] to whoever comes with an access
/// token.
pub async fn revoke(app: &Application, actor: &Actor, which: Revoke) -> Result<(), Error> {
    let target = match which {
        Revoke::One(session) => AuditTarget::Session(session),
        Revoke::Others => AuditTarget::User(actor.user_id()),
    };
    let ended = end(app, actor, which).await;
    app.refusals_recorded(actor, Action::SessionEnded, target, ended).await
}

async fn end(app: &Application, actor: &Actor, which: Revoke) -> Result<(), Error> {
    actor.require_session()?;
    let mut unit = app.store.begin(Scope::Account(actor.user_id())).await?;
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let ended = match which {
        Revoke::One(session) => {
            if !unit.session_end(session).await? {
                return Err(Error::NotFound);
            }
            vec![session]
        }
        Revoke::Others => unit.sessions_end(actor.user_id(), Some(actor.session_id())).await?,
    };
    let mut events = ended
        .into_iter()
        .map(|session| app.event_by(actor, Action::SessionEnded, AuditTarget::Session(session)));
    let Some(first) = events.next() else { return Ok(()) };
    // Whoever ends a stranger's session must not find that it has left a wish for another address behind.
    unit.email_change_take_back(actor.user_id()).await?;
    let record = app.record(first).and_all(events, app.entropy.as_ref());
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), actor.user_id(), record).await?;
    Ok(unit.commit(record).await?)
}
