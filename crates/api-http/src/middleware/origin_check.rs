//! A browser sends its cookie along with whatever another site makes it ask, and posts whatever forms another site
//! shows. So a request that changes something, and has a cookie or is a form, must come from our own pages
//! (ASVS 3.5.1, attack 20).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, header};

use crate::{
    api::Api,
    credential::Credential,
    middleware::ONLY_ASKS,
    problem::{Code, Problem},
};

pub(super) async fn origin_check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    // What only asks takes a Bearer token alone, which no site can make a browser send along.
    if !safe && request.uri().path() != ONLY_ASKS {
        let headers = request.headers();
        let cookie = matches!(Credential::of(headers, api.settings.cookie), Credential::Cookie(_));
        if (cookie || is_form(headers)) && !origin_is_ours(headers, &api.settings.public_origin) {
            return Problem::plain(Code::OriginMismatch).into_response();
        }
    }
    next.run(request).await
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

/// Whether a request's `Origin` header names the service itself. Without the header nothing is certain.
fn origin_is_ours(headers: &HeaderMap, public_origin: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = origins.next().is_some_and(|origin| origin.as_bytes() == public_origin.as_bytes());
    ours && origins.next().is_none()
}
