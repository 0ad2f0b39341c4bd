//! What the service is called: by browsers, in access tokens, and in checkpoints of audit logs.

use std::net::SocketAddr;

use rollcall_domain::{hosts::is_this_machine, tokens::TokenIssuer};
use url::Url;

use super::{InvalidSettings, Profile, Settings};

impl Settings {
    /// How browsers reach the service that listens on `address`: the URL that links begin with.
    pub(crate) fn public_url(&self, address: SocketAddr) -> String {
        match self.values.http.public_url.trim_end_matches('/') {
            "" => format!("http://{address}"),
            url => url.to_owned(),
        }
    }

    /// The origin of the public URL (RFC 6454), and whether it is reached by TLS.
    pub(crate) fn public_origin(&self, address: SocketAddr) -> Result<(String, bool), InvalidSettings> {
        let invalid = |problem| InvalidSettings::value("ROLLCALL__HTTP__PUBLIC_URL", problem);
        let url = Url::parse(&self.public_url(address))
            .map_err(|_| invalid("must be a URL like https://rollcall.example"))?;
        // It is in every link and in tokens.
        if url.password().is_some() || !url.username().is_empty() {
            return Err(invalid("must name nobody and hold no password"));
        }
        if url.query().is_some() || url.fragment().is_some() || url.path().contains('@') {
            return Err(invalid("must end with its host, port or path: links go on from there"));
        }
        let loopback = url.host_str().is_some_and(is_this_machine);
        match url.scheme() {
            "https" => Ok((url.origin().ascii_serialization(), true)),
            "http" if loopback || self.profile == Profile::Development => {
                Ok((url.origin().ascii_serialization(), false))
            }
            _ => Err(invalid("must begin with https:// in production")),
        }
    }

    /// Who makes the access tokens of the service that listens on `address`, and for whom.
    pub(crate) fn issuer(&self, address: SocketAddr) -> TokenIssuer {
        let name = self.public_url(address);
        let audience = match self.values.tokens.audience.as_str() {
            "" => name.clone(),
            audience => audience.to_owned(),
        };
        let lifetime = time::Duration::seconds(self.values.tokens.lifetime_seconds.into());
        TokenIssuer { name, audience, lifetime }
    }

    /// Whether what checkpoints of audit logs call the deployment follows its public URL.
    pub(crate) fn audit_origin_is_derived(&self) -> bool {
        self.values.audit.origin.is_empty()
    }

    /// What checkpoints of audit logs call the deployment: without a scheme, as it names keys.
    pub(crate) fn audit_origin(&self, address: SocketAddr) -> Result<String, InvalidSettings> {
        let invalid = |problem| InvalidSettings::value("ROLLCALL__AUDIT__ORIGIN", problem);
        let origin = match self.values.audit.origin.as_str() {
            "" => {
                let (origin, _) = self.public_origin(address)?;
                origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned()
            }
            origin => origin.to_owned(),
        };
        let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if origin.contains(wrong) || origin.starts_with('/') || origin.ends_with('/') {
            return Err(invalid(
                "must be a host, or a host and a path, like rollcall.example: without spaces or +",
            ));
        }
        Ok(origin)
    }
}
