//! From an access token to whoever it speaks for.

use rollcall_domain::{
    audit::Origin,
    id::AccessTokenId,
    secret::Secret,
    tokens::{Claims, KeyPurpose, TYPE, TokenSubject},
};
use time::OffsetDateTime;

use super::{asked_with, jwt};
use crate::{
    Application, Error, Means, Principal,
    api_keys::{self, FoundKey, ListedKey},
    keyring::Keyring,
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
    let bearer = match &claims.holder {
        TokenSubject::Person { sub, org, sid, .. } => {
            let mut view = app.store.view(Scope::of(*sub, *org)).await?;
            view.session_find(*sub, *org, *sid).await?.map(Bearer::Session)
        }
        TokenSubject::Key { sub, org, asked_with, .. } => {
            let mut view = app.store.view(Scope::Organization(*org)).await?;
            let organization = view.organization_find(*org).await?;
            let listed = view.api_key_find(*org, *sub).await?;
            organization.zip(listed).and_then(|(organization, listed)| {
                let (secrets, secret_until) =
                    shown(&app.keyring, claims.jti, asked_with.as_deref(), &listed)?;
                // Whether its calls are kept is looked at when they are written down.
                let (key, organization, audited) = (listed.key.into(), organization.into(), true);
                Some(Bearer::Key(FoundKey {
                    key,
                    organization,
                    secrets,
                    secret_until,
                    ring_key: None,
                    audited,
                }))
            })
        }
    };
    Ok(bearer.map(|bearer| (claims, bearer)))
}

/// The numbers of the secrets that a token may have been asked for with, and until when it is good by them; none when that secret is no
/// more, and the token with it.
fn shown(
    keyring: &Keyring,
    token: AccessTokenId,
    asked_with: Option<&str>,
    listed: &ListedKey,
) -> Option<(Vec<i64>, Option<OffsetDateTime>)> {
    // Made by a node of a release before, which does not say: any, for the few minutes that it lives (decision 0015).
    let Some(mark) = asked_with else { return Some((listed.secrets.clone(), None)) };
    let secret = asked_with::find(keyring, token, &listed.secrets, mark)?;
    let is_newest = listed.secrets.iter().all(|other| *other <= secret);
    let until = if is_newest { None } else { Some(listed.previous_until?) };
    Some((vec![secret], until))
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, NOW, TestStore, api_key, application, listed_key};

    #[test]
    fn a_token_is_good_by_the_secret_that_it_was_asked_for_with_and_by_no_other() {
        let keyring = application(&TestStore::default(), MockDirectory::new()).keyring;
        let token = AccessTokenId::from_parts(0, &[1; 10]);
        let until = Some(NOW + Duration::MINUTE);
        let listed = ListedKey { secrets: vec![4, 9], previous_until: until, ..listed_key(api_key(1)) };
        let of = |secret| {
            let mark = asked_with::mark(&keyring, token, secret);
            shown(&keyring, token, Some(&mark), &listed)
        };
        assert_eq!(of(9), Some((vec![9], None)));
        assert_eq!(of(4), Some((vec![4], until)));
        assert_eq!(of(3), None, "it was replaced");
        assert_eq!(shown(&keyring, token, Some("something else"), &listed), None);
        // A node of a release before did not say which.
        assert_eq!(shown(&keyring, token, None, &listed), Some((vec![4, 9], None)));
    }
}
