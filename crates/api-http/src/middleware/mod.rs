//! What every request passes, whatever it asks for. [`around`] puts it in order.

mod idempotency;
mod origin_check;
mod outermost;
mod rate_limit;

use axum::{Router, extract::DefaultBodyLimit, middleware};
pub(crate) use idempotency::ONLY_ASKS;
pub(crate) use rate_limit::{OfKey, RateLimits};

use crate::{
    api::Api,
    problem::{Code, Problem},
};

/// Puts the middleware around all routes, this crate's and others'.
///
/// From the outside in: the request's id, its log line, its time limit and the headers of every answer; how
/// many requests are answered; whether a browser's request comes from our own pages; keyed repeats.
pub fn around(routes: Router, api: &Api) -> Router {
    routes
        .layer(DefaultBodyLimit::max(api.settings.body_limit))
        .fallback(async || Problem::plain(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::plain(Code::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(api.clone(), idempotency::idempotency))
        .layer(middleware::from_fn_with_state(api.clone(), origin_check::origin_check))
        .layer(middleware::from_fn_with_state(api.clone(), rate_limit::rate_limit))
        .layer(middleware::from_fn_with_state(api.clone(), outermost::outermost))
}
