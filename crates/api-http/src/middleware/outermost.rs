//! Around everything: the request's id, its log line and metrics, its time limit, a net under panics, and the
//! headers of every answer.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::{Instrument, info_span};

use crate::{
    api::Api,
    client::Client,
    problem::{Code, Problem, Unfinished},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The longest text that is kept of what a client calls itself.
const USER_AGENT_CHARACTERS: usize = 256;

pub(super) async fn outermost(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = continued_trace(request.headers()).unwrap_or_else(|| random_id(&api));
    let client = client(&api, &request, &trace_id);
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    // The path may hold ids, the query may hold secrets: neither is logged, the route says enough.
    let span = info_span!(
        "request",
        method = %method,
        route,
        request_id = client.request_id,
        client = %client.ip,
        // How the API key begins that it came with, once that is known; never more of it.
        api_key = tracing::field::Empty,
    );
    let request_id = client.request_id.clone();
    // Other crates' handlers know the domain's type only.
    request.extensions_mut().insert(client.origin());
    request.extensions_mut().insert(client);

    // In a task of its own: a request that has begun is done, whether or not its client waits for the answer. One that is
    // keyed keeps its answer for when the client comes again.
    let answered = tokio::spawn(next.run(request).instrument(span.clone()));
    let mut response = match tokio::time::timeout(api.settings.timeout, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            let panic = error.try_into_panic().ok();
            let panic = panic.as_deref().map_or("no panic", panic_text);
            tracing::error!(parent: &span, panic, "a request made the service panic");
            Problem::plain(Code::Internal).into_response()
        }
        Err(_) => Problem::new(Code::Unavailable, "Answering took too long.").retry_after(1).into_response(),
    };

    if let Some(problem) = response.extensions_mut().remove::<Unfinished>() {
        problem.finish(&mut response, &request_id);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, id);
    }
    harden(headers, api.settings.hsts);

    let (status, elapsed) = (response.status(), started.elapsed());
    api.metrics.request(method.as_str(), &route, status.as_u16(), elapsed);
    span.in_scope(|| {
        tracing::info!(status = status.as_u16(), milliseconds = elapsed.as_millis() as u64, "answered")
    });
    response
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
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if hsts {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
}

fn client(api: &Api, request: &Request, request_id: &str) -> Client {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let headers = request.headers();
    // Several header lines mean the same as one with commas.
    let forwarded: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Client {
        ip: api.client_ip(peer, Some(forwarded.join(",").as_str()).filter(|list| !list.is_empty())),
        user_agent: user_agent.map(|name| name.chars().take(USER_AGENT_CHARACTERS).collect()),
        request_id: request_id.to_owned(),
    }
}

/// The id of the trace that the request belongs to (W3C Trace Context, section 3.2).
fn continued_trace(headers: &HeaderMap) -> Option<String> {
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

fn random_id(api: &Api) -> String {
    let mut random = [0; 16];
    api.app.entropy.fill(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
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
