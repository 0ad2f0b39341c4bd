//! Whoever lacks the permission for what they ask is told that, and not what is wrong with how they ask for it.
//!
//! Requests are read before use cases decide, and use cases decide before they do anything. So when a request was found to be
//! wrong, nobody has decided yet: it is made up for here.

use std::sync::{Arc, OnceLock};

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rollcall_application::{Principal, authorization};
use rollcall_domain::Permission;

use crate::{api::Api, problem::Problem};

/// Who lacks which permission that the request needs, once that is known.
#[derive(Clone, Default)]
pub(crate) struct Lacking(Arc<OnceLock<(Principal, Permission)>>);

impl Lacking {
    /// Notes who asks, if they may not do what is asked for.
    pub(crate) fn note(&self, principal: &Principal, needed: Permission) {
        if authorization::may(principal, needed).is_err() {
            // Once in a request.
            let _ = self.0.set((principal.clone(), needed));
        }
    }

    /// The answer; to whoever lacks the permission, instead of what is wrong with the request, that they lack it.
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
            Some((principal, needed)) => {
                let refusal = authorization::turn_away(&api.app, principal, *needed).await;
                refusal.map_or(response, |refusal| Problem::from(refusal).into_response())
            }
            None => response,
        }
    }
}
