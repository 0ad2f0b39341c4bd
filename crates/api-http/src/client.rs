//! Where a request comes from.

use std::{convert::Infallible, net::IpAddr, str::from_utf8};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use ipnet::IpNet;
use rollcall_domain::audit::Origin;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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

/// The client's address: the peer's, or what a trusted proxy says of it, in one line or several, which mean the same. Behind what is no
/// address nothing is believed; whatever a client has written, what a proxy has added behind it can be read.
pub(crate) fn client_ip(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| proxies.iter().any(|network| network.contains(ip));
    let lines = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    let mut client = peer.to_canonical();
    // Each proxy adds the address it saw at the end, so the list is read from there, as far as it is trusted.
    for address in lines.rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !is_trusted(&client) {
            break;
        }
        match from_utf8(address).ok().and_then(|address| address.trim().parse::<IpAddr>().ok()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&[u8]], proxies: &[&str]) -> String {
        let line = |line: &&[u8]| (FORWARDED_FOR, HeaderValue::from_bytes(line).expect("a value"));
        let headers: HeaderMap = forwarded.iter().map(line).collect();
        let proxies: Vec<IpNet> = proxies.iter().map(|network| network.parse().expect("a network")).collect();
        client_ip(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn attack_35_only_proxies_of_one_s_own_say_where_a_request_comes_from() {
        let cases: [(&str, &[&[u8]], &str); 10] = [
            ("192.0.2.1", &[b"198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[b"198.51.100.7"], "198.51.100.7"),
            // What stands before the address that one's own proxy has seen was written by the client.
            ("10.0.0.1", &[b"203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[b"203.0.113.9", b"198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            ("10.0.0.1", &[b"198.51.100.7, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.9, \xff"], "10.0.0.1"),
            // What a client writes does not hide what a proxy adds to it, or the client would be taken for the proxy.
            ("10.0.0.1", &[b"203.0.113.9", b"\xff, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[b"203.0.113.9", b"\xff", b"198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &[b"2001:db8::1"], "2001:db8::1"),
        ];
        for (peer, forwarded, client) in cases {
            assert_eq!(seen(peer, forwarded, &["10.0.0.0/8"]), client, "{peer} {forwarded:?}");
        }
        assert_eq!(seen("10.0.0.1", &[b"198.51.100.7"], &[]), "10.0.0.1");
    }
}
