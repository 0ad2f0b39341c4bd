//! From an access token to the actor.

use rollcall_domain::{
    audit::Origin,
    secret::Secret,
    tokens::{Claims, KeyPurpose, TYPE},
};

use super::jwt;
use crate::{
    Actor, Application, Error, Means,
    ports::{OpenSession, Scope},
    sessions,
};

/// Whether a Bearer token looks like an access token, rather than any other.
pub fn is_access_token(token: &Secret) -> bool {
    token.expose().bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Who asks, if the access token is good and the session that it speaks for is open. They are what they are in that session
/// now, whatever the token says they were.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is not ours or has run out, or whose session, membership or account has ended.
pub async fn authenticate(app: &Application, token: &Secret, origin: Origin) -> Result<Actor, Error> {
    let (_, found) = open(app, token).await?.ok_or(Error::Unauthenticated)?;
    sessions::admit(app, found, None, Means::AccessToken, origin).await
}

/// What an access token says, if it is good, and the session that it speaks for, if there still is one.
pub(super) async fn open(app: &Application, token: &Secret) -> Result<Option<(Claims, OpenSession)>, Error> {
    let keys = app.tokens.keys(app).await?;
    let now = app.now();
    let key = |kid: &str| keys.verifying(KeyPurpose::AccessToken, kid, now);
    let Some(claims) = jwt::verify::<Claims>(token.expose(), TYPE, key) else { return Ok(None) };
    if claims.check(app.tokens.issuer(), now).is_err() {
        return Ok(None);
    }
    // The token names the account and the organization, so nothing has to be looked up across them.
    let mut view = app.store.view(Scope::of(claims.sub, claims.org)).await?;
    let found = view.session_find(claims.sub, claims.org, claims.sid).await?;
    Ok(found.map(|found| (claims, found)))
}
