//! One's own sessions.

use super::OwnSession;
use crate::{Actor, Application, Error, ports::Scope};

/// The actor's own sessions that are live, in whichever organization; the one used last is first.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn list(app: &Application, actor: &Actor) -> Result<Vec<OwnSession>, Error> {
    actor.require_session()?;
    let mut view = app.store.view(Scope::Account(actor.user_id())).await?;
    let (now, lifetimes) = (app.now(), app.settings.sessions);
    let mut sessions = view.sessions_of(actor.user_id()).await?;
    sessions.retain(|own| own.session.is_live(now, lifetimes));
    Ok(sessions)
}
