//! From a token to the actor: the first step of every request.

use rollcall_domain::{
    audit::{Action, AuditTarget, Origin},
    secret::{Secret, TokenHash},
};

use crate::{
    Actor, Application, Error, ErrorChain, Means,
    ports::{OpenSession, StoreError},
    token,
};

/// Who asks, if the session's token is good.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown, out of date or whose account is suspended;
/// [`Error::OrganizationSuspended`].
pub async fn authenticate(app: &Application, token: &Secret, origin: Origin) -> Result<Actor, Error> {
    let token = kept_of(token).ok_or(Error::Unauthenticated)?;
    let found = app.directory.session(token).await?.ok_or(Error::Unauthenticated)?;
    admit(app, found, Some(token), Means::Session, origin).await
}

/// The same, for whoever only watches: the session is not used by it, so nothing prolongs it.
///
/// # Errors
/// As [`authenticate`].
pub async fn authenticate_unnoted(app: &Application, token: &Secret, origin: Origin) -> Result<Actor, Error> {
    let found = find(app, token).await?.ok_or(Error::Unauthenticated)?;
    let_in(app, found, Means::Session, origin)
}

/// The session that a token opens, whether or not it is still good.
pub(crate) async fn find(app: &Application, token: &Secret) -> Result<Option<OpenSession>, Error> {
    match kept_of(token) {
        Some(token) => Ok(app.directory.session(token).await?),
        None => Ok(None),
    }
}

/// The same as it is at this moment, whatever this node remembers of it.
pub(crate) async fn find_afresh(app: &Application, token: &Secret) -> Result<Option<OpenSession>, Error> {
    match kept_of(token) {
        Some(token) => Ok(app.directory.session_afresh(token).await?),
        None => Ok(None),
    }
}

/// What is kept of a token. Anything that cannot be one is refused without a visit to the database.
fn kept_of(token: &Secret) -> Option<TokenHash> {
    let text = token.expose();
    (text.starts_with(token::SESSION_PREFIX) && text.len() <= 100).then(|| token::hash(text))
}

/// Whether somebody may work in a session that was found.
pub(crate) fn is_good(app: &Application, found: &OpenSession) -> bool {
    !found.suspended && found.session.is_live(app.now(), app.settings.sessions)
}

/// Whether the organization that a session works in is suspended.
pub(crate) fn is_kept_out(found: &OpenSession) -> bool {
    found.seat.as_ref().is_some_and(|(organization, _)| organization.suspended)
}

/// Lets somebody work in a session that was found by what they have shown, its token or something else, and notes that it is
/// used.
///
/// # Errors
/// [`Error::Unauthenticated`] when it is not good any more, [`Error::OrganizationSuspended`] as long as it is good for nothing.
pub(crate) async fn admit(
    app: &Application,
    found: OpenSession,
    token: Option<TokenHash>,
    means: Means,
    origin: Origin,
) -> Result<Actor, Error> {
    let actor = let_in(app, found, means, origin)?;
    let (session, now) = (&actor.session, app.now());
    if session.is_stale(now) {
        // Bookkeeping: it must not keep anybody from their work.
        if let Err(error) = app.directory.session_seen(session.id, token, now).await {
            tracing::warn!(error = %ErrorChain(&error), "the last use of a session was not noted");
        }
    }
    Ok(actor)
}

/// Notes that a session is used still, by what somebody began in it a while ago: an upload, a download, an export. That is nothing but
/// bookkeeping, and brings no session back that is over.
pub(crate) async fn note_use(app: &Application, actor: &Actor) {
    // What has just begun was noted as it began.
    if !actor.session.is_stale(app.now()) {
        return;
    }
    if let Err(error) = note_use_of(app, actor).await {
        tracing::warn!(error = %ErrorChain(&error), "the continued use of a session was not noted");
    }
}

async fn note_use_of(app: &Application, actor: &Actor) -> Result<(), StoreError> {
    let mut view = app.store.view(actor.scope()).await?;
    let found = view.session_find(actor.user_id(), actor.organization(), actor.session_id()).await?;
    drop(view);
    let now = app.now();
    match found.filter(|found| is_good(app, found) && found.session.is_stale(now)) {
        Some(found) => app.directory.session_seen(found.session.id, None, now).await,
        None => Ok(()),
    }
}

/// Lets somebody work in a session that was found, and notes nothing.
///
/// # Errors
/// As [`admit`].
pub(crate) fn let_in(
    app: &Application,
    found: OpenSession,
    means: Means,
    origin: Origin,
) -> Result<Actor, Error> {
    if !is_good(app, &found) {
        return Err(Error::Unauthenticated);
    }
    if is_kept_out(&found) {
        return Err(Error::OrganizationSuspended);
    }
    let OpenSession { session, user, seat, mfa_deadline, .. } = found;
    Ok(Actor { session, user, place: seat, mfa_deadline, means, origin })
}

/// Keeps whoever has no second factor where one is asked for, and whose time is over, from everything but setting one up or
/// leaving. That they came is written down.
///
/// # Errors
/// [`Error::MfaRequired`].
pub async fn require_enrolled(app: &Application, actor: &Actor) -> Result<(), Error> {
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, actor.require_enrolled())
        .await
}
