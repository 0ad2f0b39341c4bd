//! A browser sends its cookie along with whatever another site makes it ask. So a request that changes something
//! on the strength of a cookie must come from our own pages (ASVS 3.5.1, attack 20).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, header};

use crate::{
    api::Api,
    credential::Credential,
    problem::{Code, Problem},
};

pub(super) async fn origin_check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    if !safe {
        let credential = Credential::of(request.headers(), api.settings.cookie);
        if matches!(credential, Credential::Cookie(_)) && !origin_is_ours(request.headers(), &api.settings.public_origin) {
            return Problem::plain(Code::OriginMismatch).into_response();
        }
    }
    next.run(request).await
}

/// Whether a request's `Origin` header names the service itself. Without the header nothing is certain.
pub fn origin_is_ours(headers: &HeaderMap, public_origin: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = origins.next().is_some_and(|origin| origin.as_bytes() == public_origin.as_bytes());
    ours && origins.next().is_none()
}
