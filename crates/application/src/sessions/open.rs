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
    /// What the device is to show when somebody signs in on it again; none when it has shown one, or was not asked.
    pub device: Option<Secret>,
}

/// What a new session rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proof {
    /// Its owner has just proved who they are.
    Fresh,
    /// Another session of the same person. It proves nothing anew, so nothing lasts longer for it.
    Session {
        /// When that one's owner last proved who they are.
        authenticated_at: OffsetDateTime,
        /// When that one ends.
        expires_at: OffsetDateTime,
    },
}

impl From<&Session> for Proof {
    fn from(session: &Session) -> Self {
        Self::Session { authenticated_at: session.authenticated_at, expires_at: session.expires_at }
    }
}

/// A new session.
pub(crate) fn open(
    app: &Application,
    user: User,
    place: Option<(Organization, Role)>,
    proof: Proof,
) -> (SignedIn, NewSession) {
    let now = app.now();
    let (authenticated_at, expires_at) = match proof {
        Proof::Fresh => (now, now + app.settings.sessions.absolute),
        Proof::Session { authenticated_at, expires_at } => (authenticated_at, expires_at),
    };
    let (token, hash) = token::mint(token::SESSION_PREFIX, app.entropy.as_ref());
    let session = Session {
        id: app.id(),
        user: user.id,
        organization: place.as_ref().map(|(organization, _)| organization.id),
        authenticated_at,
        last_seen_at: now,
        expires_at,
    };
    (
        SignedIn { session: session.clone(), token, user, place, device: None },
        NewSession { session, token: hash },
    )
}
