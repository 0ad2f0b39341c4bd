//! Telling a service beside Rollcall what a token is worth at this moment (RFC 7662).

use rollcall_domain::{OrganizationId, Role, SessionId, UserId, id::AccessTokenId, secret::Secret};

use super::{authenticate, is_access_token};
use crate::{Application, Error, ports::OpenSession, sessions};

/// What a token that is good is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Introspection {
    /// Who is signed in.
    pub user: UserId,
    /// Where they work, and as what, at this moment.
    pub place: Option<(OrganizationId, Role)>,
    /// The session.
    pub session: SessionId,
    /// Names the token, if it is an access token.
    pub id: Option<AccessTokenId>,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// When it will have run out, in seconds since 1970: for a session, if it is not used any more.
    pub expires_at: i64,
}

/// What a session's token or an access token is worth; none for one that is worth nothing, for whatever reason. Asking is
/// no use of the session, and leaves no event.
///
/// # Errors
/// Only when something is out of order.
pub async fn introspect(app: &Application, token: &Secret) -> Result<Option<Introspection>, Error> {
    if is_access_token(token) {
        let found = authenticate::open(app, token).await?.filter(|(_, found)| is_worth_something(app, found));
        return Ok(found.map(|(claims, found)| Introspection {
            id: Some(claims.jti),
            issued_at: claims.iat,
            expires_at: claims.exp,
            ..of(app, &found)
        }));
    }
    let found = sessions::find(app, token).await?.filter(|found| is_worth_something(app, found));
    Ok(found.map(|found| of(app, &found)))
}

/// Whether somebody may work in the session: with a second factor that is overdue they may not, elsewhere neither.
fn is_worth_something(app: &Application, found: &OpenSession) -> bool {
    sessions::is_good(app, found) && !found.mfa_deadline.is_some_and(|deadline| deadline.is_over())
}

fn of(app: &Application, OpenSession { session, seat, .. }: &OpenSession) -> Introspection {
    let idle = session.last_seen_at + app.settings.sessions.idle;
    Introspection {
        user: session.user,
        place: seat.as_ref().map(|(organization, role)| (organization.id, *role)),
        session: session.id,
        id: None,
        // Milliseconds since 1970 fit.
        issued_at: i64::try_from(session.id.made_at() / 1_000).unwrap_or_default(),
        expires_at: session.expires_at.min(idle).unix_timestamp(),
    }
}
