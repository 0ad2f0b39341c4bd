//! The token of the platform's own staff. It opens their paths, and nothing else does.

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_application::operator;
use rollcall_domain::audit::Origin;

use crate::{
    api::Api,
    credential::Credential,
    problem::{Code, Problem},
    service_credential::is_same,
};

/// The platform's own staff, who have shown the operator's token as a Bearer token, and where they ask from. Where none is configured
/// nobody can, and is told the same as with a wrong one.
///
/// A wrong token is written down in the platform's log. So many of them are answered as of other attempts.
pub(crate) struct Operator(pub(crate) Origin);

impl FromRequestParts<Api> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let origin: Origin = parts.extensions.get().cloned().unwrap_or_default();
        let nobody =
            || Problem::new(Code::Unauthenticated, "This path takes the token of the platform's operator.");
        let shown = match Credential::of(&parts.headers, api.settings.cookie) {
            Credential::Bearer(token) => token,
            Credential::Cookie(_) | Credential::Unreadable | Credential::None => return Err(nobody()),
        };
        if api.settings.operator_token.as_ref().is_some_and(|ours| is_same(&shown, ours)) {
            return Ok(Self(origin));
        }
        if let Some(too_many) = api.limits.as_ref().and_then(|limits| limits.attempt(origin.network()?)) {
            return Err(too_many);
        }
        operator::refuse(&api.app, &origin).await?;
        Err(nobody())
    }
}
