//! Around everything: the request's id, its log line and metrics, its time limit, a net under panics, and the
//! headers of every answer.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use rollcall_domain::audit::Origin;
use tokio::time::timeout;
use tracing::{Instrument, field, info_span};

use super::{
    ProblemPages,
    for_people::{asked_by_a_person, dress},
    gates,
    rate_limit::SERVICES,
    trace,
};
use crate::{
    api::Api,
    client::client_ip,
    problem::{Code, Problem, Unfinished},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest text that is kept of what a client calls itself. What is read of a header is ASCII.
const USER_AGENT_CHARACTERS: usize = 256;

pub(super) async fn outermost(
    State((api, pages)): State<(Api, Arc<dyn ProblemPages>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let continued = continued_trace(request.headers());
    let is_continued = continued.is_some();
    let request_id = named_by_the_service(&request).or(continued).unwrap_or_else(|| api.request_ids.next());
    let origin = origin(&api, &request, request_id);
    let request_id = HeaderValue::try_from(origin.request_id.as_deref().unwrap_or_default());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let method = request.method().clone();
    let traced = trace::begin(&api, &method, route, request.headers(), is_continued);
    // The path may hold ids, the query may hold secrets: neither is logged, the route says enough.
    let span = info_span!(
        parent: &traced,
        "request",
        %method,
        route,
        request_id = origin.request_id.as_deref(),
        client = origin.ip.map(field::display),
        // How the API key begins that it came with, once that is known; never more of it.
        api_key = field::Empty,
    );
    request.extensions_mut().insert(origin);
    let (request, person) = asked_by_a_person(request);

    let patience = if takes_long(&method, route) { TAKES_LONG } else { api.settings.timeout };
    // In a place of its own, as it is handed on several times.
    let answered = Box::pin(gates(api.clone(), request, next).instrument(span.clone()));
    let answered = answered.instrument(traced.clone());
    let answered = match method.is_safe() || SERVICES.contains(&route) {
        true => timeout(patience, AssertUnwindSafe(answered).catch_unwind()).await,
        // In a task of its own: a change that has begun is done, whether or not its client waits for the answer. One that is
        // keyed keeps its answer for when the client comes again.
        false => timeout(patience, tokio::spawn(answered)).await.map(|ended| {
            ended.map_err(|error| error.try_into_panic().unwrap_or_else(|error| Box::new(error.to_string())))
        }),
    };
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(parent: &span, panic = panic_text(&*panic), "a request made the service panic");
            Problem::plain(Code::Internal).into_response()
        }
        Err(_) => Problem::new(Code::Unavailable, "Answering took too long.").retry_after(1).into_response(),
    };

    if let Ok(request_id) = request_id {
        if let Some(problem) = response.extensions_mut().remove::<Unfinished>() {
            problem.finish(&mut response, request_id.to_str().unwrap_or_default());
        }
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    if let Some(person) = person {
        response = Box::pin(dress(pages.as_ref(), &person, response)).await;
    }
    harden(response.headers_mut(), api.settings.hsts);

    let (status, elapsed) = (response.status(), started.elapsed());
    trace::answered(&traced, status);
    api.metrics.request(method.as_str(), route, status.as_u16(), elapsed);
    span.in_scope(|| {
        tracing::info!(status = status.as_u16(), milliseconds = elapsed.as_millis() as u64, "answered")
    });
    response
}

/// The longest that a request may take if its handler itself watches that the client makes progress.
const TAKES_LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a request is one of those.
fn takes_long(method: &Method, route: &str) -> bool {
    *method == Method::PUT && route == "/v1/calls/{call_id}/recording"
}

/// Headers that every answer has, unless its handler has set them (ASVS 3.4, 14.3.2).
fn harden(headers: &mut HeaderMap, hsts: bool) {
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    headers.reserve(defaults.len());
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if hsts {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
}

fn origin(api: &Api, request: &Request, request_id: String) -> Origin {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let headers = request.headers();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        ip: Some(client_ip(peer, headers, &api.settings.trusted_proxies)),
        user_agent: user_agent.map(|name| name.get(..USER_AGENT_CHARACTERS).unwrap_or(name).into()),
        request_id: Some(request_id.into()),
    }
}

/// The id that a service has given its question, which it finds on the answer (AuthZEN 1.0, "Request Identification").
fn named_by_the_service(request: &Request) -> Option<String> {
    const LONGEST: usize = 255;
    if !request.uri().path().starts_with("/access/v1/") {
        return None;
    }
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    ((1..=LONGEST).contains(&id.len()) && !id.contains('\t')).then(|| id.to_owned())
}

/// The id of the trace that the request belongs to (W3C Trace Context, section 3.2).
pub(crate) fn continued_trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    let known = hex(version, 2) && version != "ff" && hex(trace, 32) && not_zero(trace);
    let whole =
        hex(parent, 16) && not_zero(parent) && hex(flags, 2) && (version != "00" || parts.next().is_none());
    (known && whole).then(|| trace.to_owned())
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_traceparent_is_continued() {
        let trace = |value: &'static str| {
            let headers = [(TRACEPARENT, HeaderValue::from_static(value))].into_iter().collect();
            continued_trace(&headers)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(id));
        assert_eq!(
            trace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later").as_deref(),
            Some(id)
        );
        for broken in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-x'; DROP TABLE users; --------------------------00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace(broken), None, "{broken}");
        }
    }
}
