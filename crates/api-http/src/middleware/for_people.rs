//! People in browsers are shown a page where programs are told of a problem: whoever asks for HTML rather than for JSON, anywhere but
//! where programs ask. Pages are made elsewhere; here is decided who gets one.

use std::{panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use axum::{extract::Request, response::Response};
use futures_util::FutureExt;
use http::{HeaderMap, header, request, response};
use tokio::time::timeout;

/// Where programs ask, and what is below it.
const FOR_PROGRAMS: [&str; 9] = [
    "/v1",
    "/access",
    "/operator",
    "/.well-known",
    "/assets",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/dev/mailbox.json",
];

/// The longest that making a page may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What problems look like to people.
#[async_trait]
pub trait ProblemPages: Send + Sync {
    /// The page that says in place of an answer what has happened, and what to do. Its body and its own headers are taken; the status
    /// and all other headers stay those of the answer.
    async fn page(&self, request: &request::Parts, answer: &response::Parts) -> Response;
}

/// The head of a request by whoever would rather have a page; none for whoever takes what programs take.
pub(super) fn asked_by_a_person(request: Request) -> (Request, Option<request::Parts>) {
    let (parts, body) = request.into_parts();
    let person = !is_for_programs(parts.uri.path()) && prefers_html(&parts.headers);
    let head = person.then(|| parts.clone());
    (Request::from_parts(parts, body), head)
}

/// Puts a page in place of an answer that says what is wrong, unless it is one.
pub(super) async fn dress(pages: &dyn ProblemPages, head: &request::Parts, answer: Response) -> Response {
    let is_problem = answer.status().is_client_error() || answer.status().is_server_error();
    if !is_problem || is_html(answer.headers()) {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    // What is wrong may be what the page needs as well.
    let page = AssertUnwindSafe(pages.page(head, &parts)).catch_unwind();
    let Ok(Ok(page)) = timeout(PATIENCE, page).await else {
        return Response::from_parts(parts, body);
    };
    let (page, body) = page.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    for name in page.headers.keys() {
        // Cookies are added to those of the answer; whatever else a page has is its own.
        if name != header::SET_COOKIE {
            parts.headers.remove(name);
        }
        for value in page.headers.get_all(name) {
            parts.headers.append(name, value.clone());
        }
    }
    Response::from_parts(parts, body)
}

fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS
        .iter()
        .any(|of| path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Whether a request names HTML, and likes it better than JSON (RFC 9110 section 12.5.1). Whoever takes anything is a program.
fn prefers_html(headers: &HeaderMap) -> bool {
    let ranges = Ranges::of(headers);
    let html = ranges.named("text/html");
    let json = ["application/json", "application/problem+json"].map(|kind| ranges.weight(kind));
    html.is_some_and(|html| json.into_iter().all(|json| html > json))
}

/// The media ranges of a request, with their weights in thousandths.
struct Ranges(Vec<(String, u16)>);

impl Ranges {
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let ranges = lines.flat_map(|line| line.split(',')).map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let range = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            (range, weight.map_or(1000, thousandths))
        });
        Self(ranges.collect())
    }

    /// The weight of a media type that is named itself.
    fn named(&self, kind: &str) -> Option<u16> {
        self.0.iter().find(|(range, _)| range == kind).map(|(_, weight)| *weight)
    }

    /// The weight of a media type: that of the range that says most of it; nothing for one that none is about.
    fn weight(&self, kind: &str) -> u16 {
        let family = kind.split_once('/').map_or(String::new(), |(family, _)| format!("{family}/*"));
        [kind, &family, "*/*"].iter().find_map(|range| self.named(range)).unwrap_or_default()
    }
}

/// A weight, which has at most three decimals (RFC 9110 section 12.4.2). What is none weighs nothing.
fn thousandths(weight: &str) -> u16 {
    let weight: f32 = weight.parse().unwrap_or_default();
    if (0.0..=1.0).contains(&weight) { (weight * 1000.0) as u16 } else { 0 }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, response::IntoResponse};
    use http::{HeaderValue, StatusCode};

    use super::*;

    /// Pages that say what they were made for.
    struct Plain;

    #[async_trait]
    impl ProblemPages for Plain {
        async fn page(&self, request: &request::Parts, answer: &response::Parts) -> Response {
            let said = format!("{} of {}", answer.status, request.uri.path());
            let headers = [(header::CONTENT_TYPE, "text/html"), (header::SET_COOKIE, "of=page")];
            (StatusCode::OK, headers, said).into_response()
        }
    }

    async fn dressed(answer: Response) -> (StatusCode, HeaderMap, String) {
        let head = Request::builder().uri("/settings/team").body(axum::body::Body::empty());
        let head = head.expect("a request").into_parts().0;
        let (parts, body) = dress(&Plain, &head, answer).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn what_is_wrong_becomes_a_page_with_the_status_and_the_headers_that_it_had() {
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CONTENT_LENGTH, "2"),
            (header::RETRY_AFTER, "5"),
            (header::SET_COOKIE, "of=answer"),
        ];
        let (status, headers, text) =
            dressed((StatusCode::SERVICE_UNAVAILABLE, headers, "{}").into_response()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text, "503 Service Unavailable of /settings/team");
        assert_eq!(
            (&headers[header::CONTENT_TYPE], &headers[header::RETRY_AFTER]),
            (&HeaderValue::from_static("text/html"), &HeaderValue::from(5))
        );
        assert_eq!(headers.get(header::CONTENT_LENGTH), None);
        let cookies = headers.get_all(header::SET_COOKIE).iter();
        let cookies: Vec<&str> = cookies.map(|cookie| cookie.to_str().expect("a text")).collect();
        assert_eq!(cookies, ["of=answer", "of=page"]);
        // A status alone, and what the router says by itself, become pages too.
        for answer in [
            StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            (StatusCode::BAD_REQUEST, "no").into_response(),
        ] {
            assert!(dressed(answer).await.2.ends_with("of /settings/team"));
        }
        // What is one already, and what went well, stays.
        let page = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        assert_eq!(dressed((StatusCode::NOT_FOUND, page, "mine").into_response()).await.2, "mine");
        assert_eq!(dressed("{}".into_response()).await.2, "{}");
        assert_eq!(dressed((StatusCode::SEE_OTHER, "on").into_response()).await.2, "on");
    }

    #[test]
    fn whoever_names_html_and_likes_it_best_gets_pages() {
        for (accept, person) in [
            // As browsers open pages and send forms.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true),
            ("text/html, application/json;q=0.9", true),
            ("TEXT/HTML", true),
            // As their scripts, and programs, ask.
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/problem+json, text/html;q=0.5", false),
            ("application/json, text/html", false),
            ("text/html;q=0.8, application/*;q=0.9", false),
            ("text/html;q=0, */*;q=0", false),
            ("text/html;q=x", false),
            ("text/html;q=2", false),
            ("text/*", false),
        ] {
            let headers = [(header::ACCEPT, HeaderValue::from_static(accept))].into_iter().collect();
            assert_eq!(prefers_html(&headers), person, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn paths_for_programs_get_no_pages_and_all_others_may() {
        for path in ["/v1", "/v1/me", "/access/v1/evaluation", "/.well-known/jwks.json", "/openapi.json"] {
            assert!(is_for_programs(path), "{path}");
        }
        for path in ["/", "/v1x", "/settings/team", "/accessible", "/openapi.jsonx"] {
            assert!(!is_for_programs(path), "{path}");
        }
    }
}
