//! From a request's credential to the actor.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, header, request::Parts};
use rollcall_application::{Actor, Means, sessions, tokens};
use rollcall_domain::{audit::Origin, secret::Secret};

use crate::{
    api::Api,
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

    /// The token in a request's cookies.
    pub fn get(self, headers: &HeaderMap) -> Option<Secret> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut tokens = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(self.name())?.strip_prefix('='));
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

/// The actor behind a request that must have one; as an `Option`, behind one that need not. A credential that is
/// there must be good all the same. Whoever has to set up a second factor first is refused: a handler that is for them too
/// says so by asking for an [`Enrollee`].
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Actor);

/// The actor behind a request that is answered also to whoever has to set up a second factor first: what leads to one, and
/// what leads away. An access token is for work, so it is worth nothing to them here either.
#[derive(Debug, Clone)]
pub(crate) struct Enrollee(pub(crate) Actor);

/// The actor of a request, once found.
#[derive(Debug, Clone)]
struct Found(Actor);

/// Finds the actor, once per request.
pub(crate) async fn authenticate(parts: &mut Parts, api: &Api) -> Result<Option<Actor>, Problem> {
    if let Some(Found(actor)) = parts.extensions.remove() {
        return Ok(Some(actor));
    }
    let credential = Credential::of(&parts.headers, api.settings.cookie);
    let origin: Origin = parts.extensions.get().cloned().unwrap_or_default();
    match &credential {
        Credential::None => Ok(None),
        Credential::Unreadable => Err(Problem::plain(Code::Unauthenticated)),
        Credential::Bearer(token) if tokens::is_access_token(token) => {
            Ok(Some(tokens::authenticate(&api.app, token, origin).await?))
        }
        // A cookie holds the token of a session, and nothing else.
        Credential::Bearer(token) | Credential::Cookie(token) => {
            Ok(Some(sessions::authenticate(&api.app, token, origin).await?))
        }
    }
}

/// Finds the actor before the handler asks, and keeps it for then.
pub(crate) async fn authenticate_early<'a>(
    parts: &'a mut Parts,
    api: &Api,
) -> Result<Option<&'a Actor>, Problem> {
    if let Some(actor) = authenticate(parts, api).await? {
        parts.extensions.insert(Found(actor));
    }
    Ok(parts.extensions.get().map(|Found(actor)| actor))
}

fn nobody() -> Problem {
    Problem::plain(Code::Unauthenticated)
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let found = <Self as OptionalFromRequestParts<Api>>::from_request_parts(parts, api).await?;
        found.ok_or_else(nobody)
    }
}

impl OptionalFromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Option<Self>, Problem> {
        let Some(actor) = authenticate(parts, api).await? else { return Ok(None) };
        sessions::require_enrolled(&api.app, &actor).await?;
        Ok(Some(Self(actor)))
    }
}

impl FromRequestParts<Api> for Enrollee {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let actor = authenticate(parts, api).await?.ok_or_else(nobody)?;
        match actor.means {
            Means::Session => {}
            Means::AccessToken => sessions::require_enrolled(&api.app, &actor).await?,
        }
        Ok(Self(actor))
    }
}
