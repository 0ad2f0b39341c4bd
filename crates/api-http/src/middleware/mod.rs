//! What every request passes, whatever it asks for. [`around`] puts it in order.

mod for_people;
mod host;
pub(crate) mod idempotency;
mod key_call;
mod origin_check;
pub(crate) mod outermost;
mod permission_first;
mod rate_limit;
mod trace;

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
pub use for_people::ProblemPages;
use http::{StatusCode, header};
pub(crate) use idempotency::{ONLY_ASK, ToldBefore, is_keyed};
use key_call::KeyCall;
use permission_first::Lacking;
pub(crate) use rate_limit::{CalledBy, OfKey, RateLimits, tell_limit};

use crate::{
    api::Api,
    problem::{Code, Problem, Unfinished},
};

/// Puts the middleware around all routes, this crate's and others'.
///
/// From the outside in: the request's id, its log line, its time limit and the headers of every answer; whether
/// it says whom it is for; how many requests are answered; whether a browser's request comes from our own pages; whether who asks wrongly may ask at all; keyed
/// repeats. Whoever would rather have a page than a problem gets one of `pages`.
///
/// It is one layer: each would be copied, with all that is inside of it, for every request.
pub fn around(routes: Router, api: &Api, pages: Arc<dyn ProblemPages>) -> Router {
    routes
        .fallback(async || Problem::plain(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::plain(Code::MethodNotAllowed))
        .layer(from_fn_with_state((api.clone(), pages), outermost::outermost))
}

/// What is learned about the caller while a request is handled, for the middleware around that: an extension of the request.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) of_key: OfKey,
    pub(crate) lacking: Lacking,
}

/// Whether an answer is the status 404 and nothing else, as rooms answer that know no problems.
fn says_no_more_than_not_found(response: &Response) -> bool {
    response.status() == StatusCode::NOT_FOUND
        && response.extensions().get::<Unfinished>().is_none()
        && !response.headers().contains_key(header::CONTENT_TYPE)
}

/// What may keep a request from its handler, from the outside in.
async fn gates(api: Api, mut request: Request, next: Next) -> Response {
    if let Err(problem) = host::check(&request) {
        return problem.into_response();
    }
    let findings = Arc::<Findings>::default();
    let Findings { of_key, lacking } = &*findings;
    let call = KeyCall::of(&api, of_key, request.method(), request.extensions().get::<MatchedPath>());
    let standing = rate_limit::count(&api, &request);
    request.extensions_mut().insert(findings.clone());
    let refused = standing.as_ref().and_then(rate_limit::Standing::refusal);
    let mut response = match refused.map_or_else(|| origin_check::check(&api, &request), Err) {
        Err(problem) => problem.into_response(),
        Ok(()) => lacking.told_first(&api, idempotency::once(&api, request, next).await).await,
    };
    if says_no_more_than_not_found(&response) {
        response = Problem::plain(Code::NotFound).into_response();
    }
    if let Some(limit) =
        [of_key.standing(), standing.as_ref()].into_iter().flatten().find_map(rate_limit::Standing::exceeded)
    {
        api.metrics.limited(limit);
    }
    if let Some(standing) = of_key.standing().or(standing.as_ref()) {
        standing.tell(&mut response);
    }
    call.answered(response.status());
    response
}
