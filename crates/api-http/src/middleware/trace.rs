//! The span of a request, for whoever traces requests, in the words of OpenTelemetry's semantic conventions for HTTP servers.
//!
//! It is not the span of the log, which says from where a request has come. While nobody traces, none is made.

use http::{HeaderMap, HeaderName, Method, StatusCode};
use rollcall_application::trace::TARGET;
use tracing::{Span, field, info_span};

use crate::{api::Api, metrics::METHODS};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Begins the span of a request to a route. It goes on with the trace that the request belongs to, when `continued` says that it
/// has told of one.
pub(super) fn begin(api: &Api, method: &Method, route: &str, headers: &HeaderMap, continued: bool) -> Span {
    // Clients can make up methods, and paths that are no route: neither is written down.
    let known = METHODS.contains(&method.as_str());
    let name = if known { method.as_str() } else { "HTTP" };
    let space = if route.is_empty() { "" } else { " " };
    let span = info_span!(
        target: TARGET,
        parent: None,
        "http",
        otel.name = format_args!("{name}{space}{route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = if known { method.as_str() } else { "_OTHER" },
        http.route = route,
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        url.scheme = if api.settings.hsts { "https" } else { "http" },
    );
    if !span.is_disabled()
        && continued
        && let Some(traceparent) = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok())
        && let Some(continue_trace) = api.settings.continue_trace
    {
        continue_trace(&span, traceparent);
    }
    span
}

/// Says how the request was answered.
pub(super) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
}
