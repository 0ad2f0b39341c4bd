//! Where a request comes from.

use std::{convert::Infallible, net::IpAddr};

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_domain::audit::{Origin, network_of};

/// The client behind a request, as the outermost middleware has found it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Its address.
    pub(crate) ip: IpAddr,
    /// What it calls itself, at most 256 characters.
    pub(crate) user_agent: Option<String>,
    /// The id of the request.
    pub(crate) request_id: String,
}

impl Client {
    /// The same for the audit log.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            ip: Some(self.ip),
            user_agent: self.user_agent.clone(),
            request_id: Some(self.request_id.clone()),
        }
    }

    /// The network that limits count by.
    pub(crate) fn network(&self) -> IpAddr {
        network_of(self.ip)
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self {
            ip: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            user_agent: None,
            request_id: String::new(),
        }))
    }
}
