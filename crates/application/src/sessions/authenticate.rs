//! From a token to the actor: the first step of every request.

use rollcall_domain::{audit::Origin, secret::Secret};

use crate::{Actor, Application, Error, token};

/// Who asks, if the session's token is good.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown, out of date or whose account is suspended.
pub async fn authenticate(app: &Application, token: &Secret, origin: Origin) -> Result<Actor, Error> {
    // Anything that cannot be a token is refused without a visit to the database.
    if !token.expose().starts_with(token::SESSION_PREFIX) || token.expose().len() > 100 {
        return Err(Error::Unauthenticated);
    }
    let token = token::hash(token.expose());
    let found = app.directory.session(token).await?.ok_or(Error::Unauthenticated)?;
    let now = app.now();
    if found.suspended || !found.session.is_live(now, app.settings.sessions) {
        return Err(Error::Unauthenticated);
    }
    if found.session.is_stale(now) {
        // Bookkeeping: it must not keep anybody from their work.
        if let Err(error) = app.directory.session_seen(token, found.session.id, now).await {
            tracing::warn!(%error, "when a session was last used was not noted");
        }
    }
    Ok(Actor { session: found.session, user: found.user, place: found.seat, origin })
}
