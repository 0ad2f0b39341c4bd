//! Whoever lacks the permission for what they ask, or a fresh proof of who they are, is told that, and not what is wrong with how they ask
//! for it.
//!
//! Requests are read before use cases decide, and use cases decide before they do anything. So when a request turns out
//! to be malformed, nothing has been decided yet: that is made up for here.

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rollcall_application::{
    Principal,
    authorization::{Needed, turn_away},
};

use crate::{api::Api, problem::Problem};

/// Who lacks what the request needs, once that is known. Hardly anybody does, so it is boxed.
#[derive(Default)]
pub(crate) struct Lacking(OnceLock<Box<(Principal, Needed)>>);

impl Lacking {
    /// Notes who asks, if they lack what is needed for what is asked for.
    pub(crate) fn note(&self, api: &Api, principal: &Principal, needed: Needed) {
        if needed.required_of(principal, &api.app).is_err() {
            // The first thing that they lack is the one to tell.
            let _ = self.0.set(Box::new((principal.clone(), needed)));
        }
    }

    /// Whether nobody was found to lack anything.
    pub(super) fn is_none(&self) -> bool {
        self.0.get().is_none()
    }

    /// The answer: to whoever lacks something, that they do, in place of what is wrong with their request.
    pub(super) async fn told_first(&self, api: &Api, response: Response) -> Response {
        let is_wrong = matches!(
            response.status(),
            StatusCode::BAD_REQUEST
                | StatusCode::REQUEST_TIMEOUT
                // Only of its key: what it would change has not been looked at.
                | StatusCode::CONFLICT
                // Of what has no tag: of anything else the use case has decided who may.
                | StatusCode::PRECONDITION_FAILED
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        );
        match self.0.get().filter(|_| is_wrong) {
            Some(lacks) => {
                let (principal, needed) = &**lacks;
                let refusal = Box::pin(turn_away(&api.app, principal, *needed)).await;
                refusal.map_or(response, |refusal| Problem::from(refusal).into_response())
            }
            None => response,
        }
    }
}
