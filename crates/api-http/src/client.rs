//! Where a request comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_domain::audit::Origin;

/// The client behind a request, as the outermost middleware has found it. Other crates' handlers find the [`Origin`] itself
/// among the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Client(Origin);

impl Client {
    /// The same for the audit log.
    pub(crate) fn origin(self) -> Origin {
        self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned().unwrap_or_default()))
    }
}
