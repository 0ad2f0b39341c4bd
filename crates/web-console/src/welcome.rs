//! The page that greets somebody who has just come in.

use askama::Template;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use rollcall_application::sessions::SignedIn;

use crate::{Console, page::page};

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    name: &'a str,
    organization: Option<&'a str>,
}

/// Greets somebody who has just come in, and gives their browser the session.
pub(crate) fn welcome(console: &Console, signed_in: &SignedIn) -> Response {
    let organization = signed_in.place.as_ref().map(|(organization, _)| organization.name.as_str());
    let mut response =
        page(StatusCode::CREATED, &Welcome { name: signed_in.user.name.as_str(), organization });
    if let Ok(cookie) = HeaderValue::from_str(&(console.session_cookie)(&signed_in.token)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
