//! What people see where programs are told of a problem: outside of every page, before one could be made, or in its place.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header, request, response};
use rollcall_application::{Error, sessions};
use rollcall_domain::audit::Origin;

use crate::{
    Console,
    refused::Explanation,
    texts::Texts,
    visit::{Standing, Visit, session},
};

impl Console {
    /// The page for an answer that is none. The answer's status and headers say what has happened.
    pub async fn problem_page(&self, request: &request::Parts, answer: &response::Parts) -> Response {
        let origin: Origin = request.extensions.get().cloned().unwrap_or_default();
        let status = answer.status;
        // Nobody is looked up for what was turned away so that nobody is looked up, or where looking may be what fails.
        let looks = status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error();
        let standing = match session(self, &request.headers).filter(|_| looks) {
            Some(token) => match sessions::authenticate_unnoted(&self.app, &token, origin.clone()).await {
                Ok(actor) => Standing::Person(Box::new(actor)),
                Err(Error::OrganizationSuspended) => Standing::Suspended,
                Err(_) => Standing::Nobody,
            },
            None => Standing::Nobody,
        };
        let visit = Visit::of(self.clone(), request, origin, standing);
        let wait =
            answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut page = visit.explain(&explanation(visit.t, status, wait));
        // Whoever asks for something else at this address gets something else.
        let vary = HeaderValue::from_static("accept, accept-language, cookie");
        page.headers_mut().insert(header::VARY, vary);
        page
    }
}

fn explanation(t: Texts, status: StatusCode, wait: Option<u64>) -> Explanation {
    let (title, text) = match status {
        StatusCode::NOT_FOUND => (t.nothing_there_title(), t.nothing_there().to_owned()),
        StatusCode::METHOD_NOT_ALLOWED => (t.misread_title(), t.no_such_way().to_owned()),
        StatusCode::FORBIDDEN => (t.foreign_form_title(), t.foreign_form().to_owned()),
        StatusCode::PAYLOAD_TOO_LARGE => (t.too_large_title(), t.too_large().to_owned()),
        StatusCode::TOO_MANY_REQUESTS => {
            let text = wait.map(|seconds| t.slow_down_seconds(seconds));
            (t.slow_down_title(), text.unwrap_or_else(|| t.slow_down().to_owned()))
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            (t.unavailable_title(), t.unavailable().to_owned())
        }
        status if status.is_server_error() => (t.internal_title(), t.internal().to_owned()),
        _ => (t.misread_title(), t.misread().to_owned()),
    };
    Explanation { status, title: title.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn it_is_said_in_how_many_seconds_to_try_again() {
        let text = |wait| explanation(Texts::of(Language::English), StatusCode::TOO_MANY_REQUESTS, wait).text;
        assert_eq!(text(Some(1)), "Too many requests. Try again in a second.");
        assert_eq!(text(Some(7)), "Too many requests. Try again in 7 seconds.");
        assert_eq!(text(None), "Too many attempts. Try again soon.");
    }
}
