//! The links in mails, and the forms behind them.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
};
use http::request::Parts;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Console,
    callers::{Comes, Visitor},
    own_path::OwnPath,
    posted::{fields_of, is_form, unread},
    refused::Refused,
    visit::Visit,
};

/// What a link in a mail brings along.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    token: String,
}

impl Link {
    /// The token.
    ///
    /// # Errors
    /// When there is none: whoever comes from the address bar after a form has lost the link, which may still be good.
    pub(crate) fn token(&self) -> Result<&str, Refused> {
        Some(self.token.as_str()).filter(|token| !token.is_empty()).ok_or(Refused::Misread)
    }
}

/// Where to go on afterwards.
#[derive(Deserialize)]
pub(crate) struct Then {
    #[serde(default)]
    then: String,
}

impl Then {
    /// A place of our own; none if it was to be another.
    pub(crate) fn path(&self) -> Option<OwnPath> {
        OwnPath::read(&self.then)
    }
}

/// The parameters of a query string.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|_| Refused::Misread)
    }
}

/// A form behind a link in a mail. It is bound to nothing but that link's own token, which nobody else can put into a form: whoever
/// follows it may do so in any browser.
pub(crate) struct PostedByLink<Fields> {
    pub(crate) who: Visitor,
    pub(crate) fields: Fields,
}

impl<Fields: DeserializeOwned + Send> FromRequest<Console> for PostedByLink<Fields> {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Refused> {
        let visit: Option<&std::sync::Arc<Visit>> = request.extensions().get();
        let visit = visit.cloned().ok_or(Refused::Misread)?;
        // A text that another site sends can look like the fields of a form (attack 20).
        if !is_form(request.headers()) {
            return Err(Refused::Misread);
        }
        let body = Bytes::from_request(request, console).await.map_err(unread)?;
        Ok(Self { who: Visitor::of(visit).await?, fields: fields_of(&body)? })
    }
}
