//! The credential of the services beside Rollcall. It opens their paths, and nothing else does.

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_domain::secret::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    api::Api,
    credential::Credential,
    problem::{Code, Problem},
};

/// A service beside Rollcall has shown its credential, as a Bearer token. Where none is configured nobody can, and is told
/// the same as with a wrong one: whether there is one is nobody's business.
pub(crate) struct SiblingService;

impl FromRequestParts<Api> for SiblingService {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let shown = match Credential::of(&parts.headers, api.settings.cookie) {
            Credential::Bearer(token) => Some(token),
            Credential::Cookie(_) | Credential::Unreadable | Credential::None => None,
        };
        match (shown, &api.settings.service_token) {
            (Some(shown), Some(ours)) if is_same(&shown, ours) => Ok(Self),
            _ => Err(Problem::new(
                Code::Unauthenticated,
                "This path takes the credential of a service, as a Bearer token.",
            )),
        }
    }
}

/// Compares in a time that tells neither where two secrets differ nor how long they are.
pub(crate) fn is_same(one: &Secret, other: &Secret) -> bool {
    let digest = |secret: &Secret| Sha256::digest(secret.expose());
    digest(one).ct_eq(&digest(other)).into()
}
