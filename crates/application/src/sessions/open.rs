//! What a new session is made of.

use rollcall_domain::{
    Role,
    accounts::User,
    organizations::Organization,
    secret::{Secret, TokenHash},
    sessions::Session,
};
use time::OffsetDateTime;

use crate::{Application, token};

/// A session that is about to be kept, with what is kept of its token.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// What is kept of its token.
    pub token: TokenHash,
}

/// Somebody who has just been signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// What opens it. It is known at this moment only.
    pub token: Secret,
    /// Whose it is.
    pub user: User,
    /// Where they work, and as what; none when they are in no organization.
    pub place: Option<(Organization, Role)>,
}

/// A new session for somebody who has just proved who they are.
pub(crate) fn open(
    app: &Application,
    user: User,
    place: Option<(Organization, Role)>,
    now: OffsetDateTime,
) -> (SignedIn, NewSession) {
    let (token, hash) = token::mint(token::SESSION_PREFIX, app.entropy.as_ref());
    let session = Session {
        id: app.id(),
        user: user.id,
        organization: place.as_ref().map(|(organization, _)| organization.id),
        authenticated_at: now,
        last_seen_at: now,
        expires_at: now + app.settings.sessions.absolute,
    };
    (SignedIn { session: session.clone(), token, user, place }, NewSession { session, token: hash })
}
