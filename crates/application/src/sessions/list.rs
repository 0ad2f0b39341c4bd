//! One's own sessions.

use rollcall_domain::SessionId;

use super::{LiveSessions, OwnSession};
use crate::{Actor, Application, Error, Page, PageRequest, ports::Scope};

/// A page of the actor's own sessions that are live, in whichever organization, the newest first.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn list(
    app: &Application,
    actor: &Actor,
    page: &PageRequest<SessionId>,
) -> Result<Page<OwnSession, SessionId>, Error> {
    actor.require_session()?;
    let mut view = app.store.view(Scope::Account(actor.user_id())).await?;
    let now = app.now();
    let live = LiveSessions { now, used_after: now - app.settings.sessions.idle };
    Ok(view.sessions_page(actor.user_id(), Some(live), page).await?)
}
