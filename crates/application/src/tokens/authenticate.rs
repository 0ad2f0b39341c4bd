//! From an access token to whoever it speaks for.

use rollcall_domain::{
    audit::Origin,
    secret::Secret,
    tokens::{Claims, KeyPurpose, TYPE, TokenSubject},
};

use super::jwt;
use crate::{
    Application, Error, Means, Principal,
    api_keys::{self, FoundKey},
    ports::{OpenSession, Scope},
    sessions,
};

/// Whether a Bearer token looks like an access token, rather than any other.
pub fn is_access_token(token: &Secret) -> bool {
    token.expose().bytes().filter(|byte| *byte == b'.').count() == 2
}

/// What an access token speaks for, as it is now.
pub(crate) enum Bearer {
    /// A session.
    Session(OpenSession),
    /// An API key.
    Key(FoundKey),
}

/// Who asks, if the access token is good and the session that it speaks for is open, or the key not ended. They are what they are in
/// that session now, whatever the token says they were; a key has the scopes that it has now.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is not ours or has run out, or whose session, membership, account or key has ended;
/// for one of a key as [`api_keys::authenticate`].
pub async fn authenticate(app: &Application, token: &Secret, origin: Origin) -> Result<Principal, Error> {
    match open(app, token).await?.ok_or(Error::Unauthenticated)? {
        (_, Bearer::Session(found)) => {
            sessions::admit(app, found, None, Means::AccessToken, origin).await.map(Principal::Person)
        }
        (_, Bearer::Key(found)) => {
            api_keys::admit(app, found, Means::AccessToken, origin).await.map(Principal::Key)
        }
    }
}

/// The same, for whoever only watches: a session is not used by it, so nothing prolongs it.
///
/// # Errors
/// As [`authenticate`].
pub async fn authenticate_unnoted(
    app: &Application,
    token: &Secret,
    origin: Origin,
) -> Result<Principal, Error> {
    match open(app, token).await?.ok_or(Error::Unauthenticated)? {
        (_, Bearer::Session(found)) => {
            sessions::let_in(app, found, Means::AccessToken, origin).map(Principal::Person)
        }
        (_, Bearer::Key(found)) => {
            api_keys::admit(app, found, Means::AccessToken, origin).await.map(Principal::Key)
        }
    }
}

/// What an access token says, if it is good, and the session or key that it speaks for, if there still is one.
pub(crate) async fn open(app: &Application, token: &Secret) -> Result<Option<(Claims, Bearer)>, Error> {
    let keys = app.tokens.keys(app).await?;
    let now = app.now();
    let key = |kid: &str| keys.verifying(KeyPurpose::AccessToken, kid, now);
    let Some(claims) = jwt::verify::<Claims>(token.expose(), TYPE, key) else { return Ok(None) };
    if claims.check(app.tokens.issuer(), now).is_err() {
        return Ok(None);
    }
    // The token names what it speaks for and the organization, so nothing has to be looked up across them.
    let bearer = match claims.holder {
        TokenSubject::Person { sub, org, sid, .. } => {
            let mut view = app.store.view(Scope::of(sub, org)).await?;
            view.session_find(sub, org, sid).await?.map(Bearer::Session)
        }
        TokenSubject::Key { sub, org, .. } => {
            let mut view = app.store.view(Scope::Organization(org)).await?;
            let organization = view.organization_find(org).await?;
            let listed = view.api_key_find(org, sub).await?;
            organization.zip(listed).map(|(organization, listed)| {
                // The token does not outlive the secret that it was asked for with.
                // Whether its calls are kept is looked at when they are written down.
                let (key, secrets, secret_until) = (listed.key.into(), listed.secrets, None);
                Bearer::Key(FoundKey {
                    key,
                    organization: organization.into(),
                    secrets,
                    secret_until,
                    ring_key: None,
                    audited: true,
                })
            })
        }
    };
    Ok(bearer.map(|bearer| (claims, bearer)))
}
