//! From a request's credential to whoever asks.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, header, request::Parts};
use rollcall_application::{
    Actor, Error, KeyActor, Means, Principal, api_keys,
    authorization::{self, Needed},
    sessions, tokens,
};
use rollcall_domain::{Permission, api_keys::prefix_of, audit::Origin, secret::Secret};

use crate::{
    api::Api,
    cookies::pairs,
    middleware::{CalledBy, Findings, OfKey},
    problem::{Code, Problem},
};

/// The cookie that holds a browser's session. Over plain HTTP, in development, it does without its prefix,
/// which browsers only take over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCookie {
    /// Whether browsers come by TLS.
    pub secure: bool,
}

impl SessionCookie {
    /// Its name.
    pub const fn name(self) -> &'static str {
        if self.secure { "__Host-rollcall_session" } else { "rollcall_session" }
    }

    /// The `Set-Cookie` value that gives a browser a session (ASVS 3.3.1 to 3.3.4).
    pub fn set(self, token: &Secret) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", self.name(), token.expose())
    }

    /// The `Set-Cookie` value that takes the session away.
    pub fn take_away(self) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}", self.name())
    }

    /// The token in a request's cookies.
    pub fn get(self, headers: &HeaderMap) -> Option<Secret> {
        let mut tokens = pairs(headers).filter(|(name, _)| *name == self.name()).map(|(_, token)| token);
        let token = tokens.next()?;
        // Two of them would mean that somebody else has set one (attack 24).
        tokens.next().is_none().then(|| Secret::new(token))
    }
}

/// Where a request's credential was found.
pub(crate) enum Credential {
    /// In the `Authorization` header. Whatever cookies say is then not looked at: one request, one identity.
    Bearer(Secret),
    /// In the session's cookie.
    Cookie(Secret),
    /// There is an `Authorization` header that holds no Bearer token.
    Unreadable,
    /// There is none.
    None,
}

impl Credential {
    pub(crate) fn of(headers: &HeaderMap, cookie: SessionCookie) -> Self {
        let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
        let Some(authorization) = authorizations.next() else {
            return cookie.get(headers).map_or(Self::None, Self::Cookie);
        };
        if authorizations.next().is_some() {
            return Self::Unreadable;
        }
        let token = authorization.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
        });
        token.map_or(Self::Unreadable, |token| Self::Bearer(Secret::new(token)))
    }

    /// The token.
    pub(crate) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => Some(token),
            Self::Unreadable | Self::None => None,
        }
    }
}

/// The person behind a request that must have one; as an `Option`, behind one that need not. A credential that is
/// there must be good all the same. Whoever has to set up a second factor first is refused: a handler that is for them too
/// says so by asking for an [`Enrollee`].
///
/// A program with an API key is kept out. Where the permission that is needed is named, as its place in [`Permission::ALL`], it is
/// told that it lacks that; elsewhere, that a person is needed. Whoever lacks it is not told what else is wrong with the request.
#[derive(Debug, Clone)]
pub(crate) struct Caller<const NEEDED: u8 = NONE_NAMED>(pub(crate) Actor);

/// Where a session is looked at and not used: a page that is left open, that comes back and says so by itself, prolongs nothing.
const WATCHING: [&str; 2] = ["/v1/stream", "/v1/availability/me/heartbeat"];

/// Names no permission.
pub(crate) const NONE_NAMED: u8 = u8::MAX;

/// The person behind a request that is answered also to whoever has to set up a second factor first: what leads to one, and
/// what leads away. An access token is for work, so it is worth nothing to them here either.
#[derive(Debug, Clone)]
pub(crate) struct Enrollee(pub(crate) Actor);

/// The person behind a request, as `C` finds them, where a fresh proof of who they are is needed. Whoever has given none lately is
/// told that, and not what else is wrong with the request.
#[derive(Debug, Clone)]
pub(crate) struct Proven<C>(pub(crate) C);

/// Whoever is behind a request that must have somebody, person or program; no person who has to set up a second factor first. Where the
/// permission that is needed is named, whoever lacks it is not told what else is wrong with the request.
#[derive(Debug, Clone)]
pub(crate) struct AnyCaller<const NEEDED: u8 = NONE_NAMED>(pub(crate) Principal);

/// Whoever is behind a request that must have somebody, person or program, whatever they have to do first.
#[derive(Debug, Clone)]
pub(crate) struct Anybody(pub(crate) Principal);

/// Whoever is behind a request, once found.
#[derive(Debug, Clone)]
struct Found(Principal);

/// Finds out who asks, once per request.
pub(crate) async fn authenticate(parts: &mut Parts, api: &Api) -> Result<Option<Principal>, Problem> {
    if let Some(Found(principal)) = parts.extensions.remove() {
        return Ok(Some(principal));
    }
    let credential = Credential::of(&parts.headers, api.settings.cookie);
    let origin: Origin = parts.extensions.get().cloned().unwrap_or_default();
    let watches = WATCHING.contains(&parts.uri.path());
    let principal = match &credential {
        Credential::None => return Ok(None),
        Credential::Unreadable => return Err(nobody()),
        Credential::Bearer(token) if tokens::is_access_token(token) && watches => {
            tokens::authenticate_unnoted(&api.app, token, origin).await
        }
        Credential::Bearer(token) if tokens::is_access_token(token) => {
            tokens::authenticate(&api.app, token, origin).await
        }
        Credential::Bearer(token) if api_keys::is_api_key(token) => {
            if let Some(prefix) = prefix_of(token.expose()) {
                tracing::Span::current().record("api_key", prefix);
            }
            api_keys::authenticate(&api.app, token, origin).await.map(Principal::Key)
        }
        Credential::Bearer(token) | Credential::Cookie(token) if watches => {
            sessions::authenticate_unnoted(&api.app, token, origin).await.map(Principal::Person)
        }
        // A cookie holds the token of a session, and nothing else.
        Credential::Bearer(token) | Credential::Cookie(token) => {
            sessions::authenticate(&api.app, token, origin).await.map(Principal::Person)
        }
    };
    if let Some(findings) = parts.extensions.get::<Arc<Findings>>() {
        note_limit(&findings.of_key, &principal);
        if let Ok(Principal::Key(key)) = &principal
            && key.audited
        {
            let (organization, origin) = (key.organization.id, key.origin.clone());
            findings.of_key.called(CalledBy { organization, key: key.id(), at: api.app.now(), origin });
        }
    }
    Ok(Some(principal?))
}

/// Finds out who asks before the handler does, and keeps it for then.
pub(crate) async fn authenticate_early<'a>(
    parts: &'a mut Parts,
    api: &Api,
) -> Result<Option<&'a Principal>, Problem> {
    if let Some(principal) = authenticate(parts, api).await? {
        parts.extensions.insert(Found(principal));
    }
    Ok(parts.extensions.get().map(|Found(principal)| principal))
}

fn nobody() -> Problem {
    Problem::plain(Code::Unauthenticated)
}

/// Notes how a key stands against its own limit, for the headers of the answer.
fn note_limit(of_key: &OfKey, principal: &Result<Principal, Error>) {
    match principal {
        Ok(Principal::Key(KeyActor { standing: Some(standing), .. })) => {
            of_key.note(standing.limit, standing.remaining, standing.whole_in.unsigned_abs(), None);
        }
        Err(Error::KeyLimitReached { limit, retry_after }) => {
            let wait = retry_after.unsigned_abs();
            of_key.note(*limit, 0, wait, Some(wait));
        }
        _ => {}
    }
}

/// The person, or why a program is kept out.
async fn person<const NEEDED: u8>(api: &Api, principal: Principal) -> Result<Actor, Problem> {
    match principal {
        Principal::Person(actor) => Ok(actor),
        Principal::Key(key) => Err(authorization::keep_out(&api.app, &key, named(NEEDED)).await.into()),
    }
}

/// The permission at this place in [`Permission::ALL`]; none for [`NONE_NAMED`].
fn named(needed: u8) -> Option<Permission> {
    Permission::ALL.get(usize::from(needed)).copied()
}

/// Notes who lacks what is needed, if they do.
fn note_lack(parts: &Parts, api: &Api, principal: &Principal, needed: Option<Needed>) {
    if let (Some(findings), Some(needed)) = (parts.extensions.get::<Arc<Findings>>(), needed) {
        findings.lacking.note(api, principal, needed);
    }
}

/// The same, as what is needed.
fn permission(needed: u8) -> Option<Needed> {
    named(needed).map(Needed::Permission)
}

impl<const NEEDED: u8> FromRequestParts<Api> for Caller<NEEDED> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let found = <Self as OptionalFromRequestParts<Api>>::from_request_parts(parts, api).await?;
        found.ok_or_else(nobody)
    }
}

impl<const NEEDED: u8> OptionalFromRequestParts<Api> for Caller<NEEDED> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Option<Self>, Problem> {
        let Some(principal) = authenticate(parts, api).await? else { return Ok(None) };
        // A refusal below is what they are told, whatever was noted.
        note_lack(parts, api, &principal, permission(NEEDED));
        let actor = person::<NEEDED>(api, principal).await?;
        sessions::require_enrolled(&api.app, &actor).await?;
        Ok(Some(Self(actor)))
    }
}

impl FromRequestParts<Api> for Enrollee {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Anybody(principal) = Anybody::from_request_parts(parts, api).await?;
        person::<NONE_NAMED>(api, principal).await.map(Self)
    }
}

impl<const NEEDED: u8> From<&Caller<NEEDED>> for Principal {
    fn from(Caller(actor): &Caller<NEEDED>) -> Self {
        Self::Person(actor.clone())
    }
}

impl From<&Enrollee> for Principal {
    fn from(Enrollee(actor): &Enrollee) -> Self {
        Self::Person(actor.clone())
    }
}

impl<C> FromRequestParts<Api> for Proven<C>
where
    C: FromRequestParts<Api, Rejection = Problem> + Send,
    for<'a> Principal: From<&'a C>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = C::from_request_parts(parts, api).await?;
        note_lack(parts, api, &Principal::from(&caller), Some(Needed::Proof));
        Ok(Self(caller))
    }
}

impl<const NEEDED: u8> FromRequestParts<Api> for AnyCaller<NEEDED> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let principal = authenticate(parts, api).await?.ok_or_else(nobody)?;
        if let Principal::Person(actor) = &principal {
            sessions::require_enrolled(&api.app, actor).await?;
        }
        note_lack(parts, api, &principal, permission(NEEDED));
        Ok(Self(principal))
    }
}

impl FromRequestParts<Api> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let principal = authenticate(parts, api).await?.ok_or_else(nobody)?;
        match &principal {
            Principal::Person(actor) if actor.means == Means::AccessToken => {
                sessions::require_enrolled(&api.app, actor).await?;
            }
            Principal::Person(_) | Principal::Key(_) => {}
        }
        Ok(Self(principal))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Over TLS a cookie is for this host alone and for all of it, and no script sees it (RFC 6265bis section 4.1.3.2).
    pub(crate) fn assert_for_this_host(line: &str) {
        let mut parts = line.split("; ");
        assert!(parts.next().is_some_and(|pair| pair.starts_with("__Host-rollcall_")), "{line}");
        let attributes: Vec<&str> = parts.collect();
        for needed in ["Secure", "Path=/", "HttpOnly"] {
            assert!(attributes.contains(&needed), "{needed}: {line}");
        }
        assert!(attributes.iter().any(|attribute| attribute.starts_with("SameSite=")), "{line}");
        assert!(!line.to_ascii_lowercase().contains("domain"), "{line}");
    }

    #[test]
    fn asvs_3_3_1_and_3_3_3_over_tls_the_cookie_of_a_session_is_for_this_host_alone() {
        let (token, cookie) = (Secret::new("rcs_token"), SessionCookie { secure: true });
        for line in [cookie.set(&token), cookie.take_away()] {
            assert_for_this_host(&line);
        }
        // One that another host of the domain could have set is none.
        for (name, shown) in [("__Host-rollcall_session", Some(token)), ("rollcall_session", None)] {
            let pair = format!("{name}=rcs_token");
            let headers = [(header::COOKIE, pair.parse().expect("a value"))].into_iter().collect();
            assert_eq!(cookie.get(&headers), shown, "{name}");
        }
    }
}
