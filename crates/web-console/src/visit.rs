//! A visit: one request of a browser, and everything that pages need to know of it.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use rollcall_application::{Actor, Error, sessions};
use rollcall_domain::{audit::Origin, secret::Secret};
use rollcall_texts::Language;

use crate::{
    Console,
    availability::BOARD,
    cookies::Own,
    form_token::{FormTokens, FormsOf},
    language,
    moment::Clockwork,
    notice::Notice,
    own_path::OwnPath,
    refused::Refused,
    texts::Texts,
};

/// Which site the request came from, in relation to this one (Fetch Metadata). Only the browser itself can set it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// Nobody is signed in.
    Nobody,
    /// Somebody is, in an organization that is suspended.
    Suspended,
    /// Somebody is.
    Person(Box<Actor>),
}

/// One request of a browser.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) console: Console,
    /// Where the request comes from, for the audit log.
    pub(crate) origin: Origin,
    /// What pages say.
    pub(crate) t: Texts,
    /// How they tell the time.
    pub(crate) times: Clockwork,
    /// Their forms.
    pub(crate) forms: FormTokens,
    /// What the last page left to be said.
    pub(crate) notice: Option<Notice>,
    pub(crate) headers: HeaderMap,
    pub(crate) method: Method,
    /// The path, without its query.
    pub(crate) path: String,
    query: Option<String>,
    standing: Standing,
    /// What the browser's forms are bound to from now on, if it has nothing yet.
    new_form_key: Option<String>,
    /// The fields of the form that was sent, once they are read.
    posted: Arc<OnceLock<Vec<(String, String)>>>,
}

/// Finds out who makes a request, answers it, and dresses what came of it: refusals become pages, and what every page has is added.
pub(crate) async fn around(State(console): State<Console>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visit = match Visit::begin(console, &parts).await {
        Ok(visit) => Arc::new(visit),
        Err((visit, error)) => return visit.finish(Refused::from(error).into_response()).await,
    };
    parts.extensions.insert(visit.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    visit.finish(response).await
}

impl Visit {
    async fn begin(console: Console, parts: &Parts) -> Result<Self, (Box<Self>, Error)> {
        let origin: Origin = parts.extensions.get().cloned().unwrap_or_default();
        let (standing, error) = match session(&console, &parts.headers) {
            None => (Standing::Nobody, None),
            Some(token) => match come(&console, &token, parts.uri.path(), &origin).await {
                Ok(actor) => (Standing::Person(Box::new(actor)), None),
                Err(Error::Unauthenticated) => (Standing::Nobody, None),
                Err(Error::OrganizationSuspended) => (Standing::Suspended, None),
                Err(error) => (Standing::Nobody, Some(error)),
            },
        };
        let visit = Self::of(console, parts, origin, standing);
        match error {
            None => Ok(visit),
            Some(error) => Err((Box::new(visit), error)),
        }
    }

    pub(crate) fn of(console: Console, parts: &Parts, origin: Origin, standing: Standing) -> Self {
        let (headers, secure) = (&parts.headers, console.cookies.secure());
        let actor = match &standing {
            Standing::Person(actor) => Some(actor),
            Standing::Nobody | Standing::Suspended => None,
        };
        let chosen = actor.and_then(|actor| Language::tagged(actor.user.locale.as_str()));
        let language = chosen.unwrap_or_else(|| language::liked(headers));
        let (forms_of, new_form_key) = match actor {
            Some(actor) => (FormsOf::Session(actor.session_id()), None),
            None => match Own::Form.read(headers, secure) {
                Some(key) => (FormsOf::Browser(key), None),
                None => {
                    let mut key = [0; 16];
                    console.app.entropy.fill(&mut key);
                    let key = URL_SAFE_NO_PAD.encode(key);
                    (FormsOf::Browser(key.clone()), Some(key))
                }
            },
        };
        Self {
            t: Texts::of(language),
            times: Clockwork::of(actor.map_or("UTC", |actor| actor.user.time_zone.as_str()), language),
            forms: FormTokens::new(console.app.keyring.clone(), forms_of),
            notice: Notice::left(&console.app, headers, secure),
            headers: headers.clone(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            posted: Arc::default(),
            console,
            origin,
            standing,
            new_form_key,
        }
    }

    /// The same visit after its person has proved once more who they are.
    ///
    /// # Errors
    /// As [`sessions::authenticate`].
    pub(crate) async fn afresh(&self) -> Result<Self, Error> {
        let token = session(&self.console, &self.headers).ok_or(Error::Unauthenticated)?;
        let actor = sessions::authenticate(&self.console.app, &token, self.origin.clone()).await?;
        Ok(Self { standing: Standing::Person(Box::new(actor)), ..self.clone() })
    }

    /// Who makes the request.
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Who is signed in.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        match &self.standing {
            Standing::Person(actor) => Some(actor),
            Standing::Nobody | Standing::Suspended => None,
        }
    }

    /// Where to go on once whoever looks at the page has done something else first. What a form has sent is not sent again by that.
    pub(crate) fn here(&self) -> Option<OwnPath> {
        if !self.method.is_safe() {
            return None;
        }
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        OwnPath::read(&format!("{}{query}", self.path))
    }

    /// Whether this is a navigation from another origin, as by a link on another site. The session's cookie goes along with it, so a read
    /// that leaves an event in somebody's name waits until they ask for it on a page of ours (attack 20).
    pub(crate) fn is_cross_origin(&self) -> bool {
        let cross_origin = |site: &HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
        self.headers.get_all(SEC_FETCH_SITE).iter().any(cross_origin)
    }

    /// Keeps the fields of a form, for when they must be sent once more.
    pub(crate) fn keep_posted(&self, fields: Vec<(String, String)>) {
        // A request has one body.
        let _ = self.posted.set(fields);
    }

    pub(crate) fn posted(&self) -> &[(String, String)] {
        self.posted.get().map_or(&[], Vec::as_slice)
    }

    /// Sends the browser on to another page, with GET (RFC 9110 section 15.4.4).
    pub(crate) fn go_to(&self, path: impl AsRef<str>) -> Response {
        see_other(path.as_ref())
    }

    /// The same; the other page begins by saying what was done.
    pub(crate) fn go_to_and_say(&self, path: impl AsRef<str>, done: impl Into<String>) -> Response {
        self.with_notice(self.go_to(path), Notice::done(done))
    }

    /// The same; the other page is [one that says what was done](Self::page_of_what_was_done).
    pub(crate) fn go_to_what_was_done(&self, path: &str) -> Response {
        self.with_notice(self.go_to(path), Notice::said_at(path))
    }

    /// The same, with something else to be said.
    pub(crate) fn with_notice(&self, mut response: Response, notice: Notice) -> Response {
        if let Some(cookie) = notice.leave(&self.console.app, self.console.cookies.secure()) {
            add_cookie(&mut response, &cookie);
        }
        response
    }

    /// Adds what every answer has that is for somebody in particular.
    async fn finish(&self, mut response: Response) -> Response {
        if let Some(refused) = response.extensions_mut().remove::<Arc<Refused>>() {
            response = self.refuse(&refused).await;
        }
        if let Some(key) = &self.new_form_key {
            add_cookie(&mut response, &Own::Form.give(key, self.console.cookies.secure()));
        }
        // Also when a browser goes back to it.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Who a token is of. A page that is left open, and looks again by itself, prolongs nothing.
async fn come(console: &Console, token: &Secret, path: &str, origin: &Origin) -> Result<Actor, Error> {
    match path {
        BOARD => sessions::authenticate_unnoted(&console.app, token, origin.clone()).await,
        _ => sessions::authenticate(&console.app, token, origin.clone()).await,
    }
}

/// The session's token. Whoever comes with an `Authorization` header is no browser, and has one identity: not that of a cookie.
pub(crate) fn session(console: &Console, headers: &HeaderMap) -> Option<Secret> {
    (!headers.contains_key(header::AUTHORIZATION)).then(|| console.cookies.session(headers)).flatten()
}

/// Sends a browser on with GET.
pub(crate) fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Adds a cookie to an answer.
pub(crate) fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
