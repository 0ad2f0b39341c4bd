//! Telling a service beside Rollcall what a token is worth at this moment (RFC 7662).

use rollcall_domain::{
    ApiKeyId, OrganizationId, PermissionSet, Role, SessionId, UserId,
    api_keys::{ApiKey, Networks},
    id::AccessTokenId,
    secret::Secret,
};

use super::{
    authenticate::{self, Bearer},
    is_access_token,
};
use crate::{
    Application, Error,
    api_keys::{self, FoundKey, is_api_key},
    ports::OpenSession,
    sessions,
};

/// What a token that is good is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// Whom it speaks for.
    pub holder: Spoken,
    /// Names the token, if it is an access token.
    pub id: Option<AccessTokenId>,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// When it will have run out, in seconds since 1970: for a session, if it is not used any more. None when it does not by itself.
    pub expires_at: Option<i64>,
}

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// A person.
    Person {
        /// Who is signed in.
        user: UserId,
        /// Where they work, and as what, at this moment.
        place: Option<(OrganizationId, Role)>,
        /// The session.
        session: SessionId,
    },
    /// A program.
    Key {
        /// The key.
        key: ApiKeyId,
        /// Whose it is.
        organization: OrganizationId,
        /// What it may do at this moment.
        scopes: PermissionSet,
        /// From where it may be used. Whoever asks knows where it comes from, and must look.
        networks: Networks,
    },
}

/// What a session's token, an API key or an access token is worth; none for one that is worth nothing, for whatever reason. Asking
/// is no use of it, counts against no limit, and leaves no event.
///
/// # Errors
/// Only when something is out of order.
pub async fn introspect(app: &Application, token: &Secret) -> Result<Option<Introspection>, Error> {
    if is_access_token(token) {
        let Some((claims, bearer)) = authenticate::open(app, token).await? else { return Ok(None) };
        return Ok(of(app, bearer).map(|told| Introspection {
            id: Some(claims.jti),
            issued_at: claims.iat,
            // What it speaks for may end before it: a secret that was replaced since, for one.
            expires_at: told.expires_at.into_iter().chain([claims.exp]).min(),
            ..told
        }));
    }
    let found = if is_api_key(token) {
        api_keys::find_afresh(app, token).await?.map(Bearer::Key)
    } else {
        sessions::find_afresh(app, token).await?.map(Bearer::Session)
    };
    Ok(found.and_then(|found| of(app, found)))
}

fn of(app: &Application, bearer: Bearer) -> Option<Introspection> {
    match bearer {
        Bearer::Session(found) => is_worth_something(app, &found).then(|| of_session(app, &found)),
        Bearer::Key(found) => {
            (api_keys::is_good(app, &found) && !found.organization.suspended).then(|| of_key(found))
        }
    }
}

/// Whether somebody may work in the session: with a second factor that is overdue they may not, elsewhere neither.
fn is_worth_something(app: &Application, found: &OpenSession) -> bool {
    sessions::is_good(app, found)
        && !sessions::is_kept_out(found)
        && !found.mfa_deadline.is_some_and(|deadline| deadline.is_over())
}

fn of_session(app: &Application, found: &OpenSession) -> Introspection {
    let OpenSession { session, seat, mfa_deadline, .. } = found;
    let idle = session.last_seen_at + app.settings.sessions.idle;
    // Whoever remembers the answer must not go by it for longer than we do.
    let late = mfa_deadline.map(|deadline| app.now().saturating_add(deadline.left));
    let end = [Some(session.expires_at), Some(idle), late].into_iter().flatten().min();
    Introspection {
        holder: Spoken::Person {
            user: session.user,
            place: seat.as_ref().map(|(organization, role)| (organization.id, *role)),
            session: session.id,
        },
        id: None,
        // Milliseconds since 1970 fit.
        issued_at: i64::try_from(session.id.made_at() / 1_000).unwrap_or_default(),
        expires_at: end.map(|end| end.unix_timestamp()),
    }
}

fn of_key(FoundKey { key, organization, secret_until, .. }: FoundKey) -> Introspection {
    let ApiKey { id, scopes, networks, created_at, expires_at, .. } = &*key;
    let ends = [*expires_at, secret_until];
    Introspection {
        holder: Spoken::Key {
            key: *id,
            organization: organization.id,
            scopes: scopes.permissions(),
            networks: networks.clone(),
        },
        id: None,
        issued_at: created_at.unix_timestamp(),
        expires_at: ends.into_iter().flatten().min().map(|end| end.unix_timestamp()),
    }
}
