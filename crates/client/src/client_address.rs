//! From where a request comes, as far as the service knows for certain.

use std::{
    net::IpAddr,
    str::{FromStr, from_utf8},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use rollcall_domain::api_keys::Networks;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client behind a request. A service that knows it for certain puts it among the request's extensions before handlers
/// see it; then API keys that are held to networks are taken from those networks. Where it is not there such keys are
/// refused, wherever they are used from.
///
/// It must never be made of what a client says of itself: an `X-Forwarded-For` that comes from somebody else than a proxy of one's own is
/// anybody's to write. With axum:
///
/// ```no_run
/// use std::net::SocketAddr;
///
/// use axum::{Router, extract::{ConnectInfo, Request}, middleware::{Next, from_fn}, routing::get};
/// use rollcall_client::{ClientAddress, TrustedProxies};
///
/// # async fn start(routes: Router) -> Result<(), Box<dyn std::error::Error>> {
/// let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
/// let routes = routes.layer(from_fn(
///     move |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next| {
///         let address = ClientAddress::behind(peer.ip(), request.headers(), &proxies);
///         request.extensions_mut().insert(address);
///         next.run(request)
///     },
/// ));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
/// axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The networks of one's own proxies, whose `X-Forwarded-For` is believed: at most 50. By default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Option<Networks>);

/// The text names no networks, or too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be networks like 10.0.0.0/8, separated by commas, or nothing")]
pub struct InvalidProxies;

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    /// Networks or addresses, separated by commas; nothing for none.
    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let networks: Vec<&str> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
        match networks.is_empty() {
            true => Ok(Self(None)),
            false => {
                Networks::parse(&networks).map(|networks| Self(Some(networks))).map_err(|_| InvalidProxies)
            }
        }
    }
}

impl TrustedProxies {
    fn trust(&self, ip: IpAddr) -> bool {
        self.0.as_ref().is_some_and(|networks| networks.allow(Some(ip)))
    }
}

impl ClientAddress {
    /// The client's address: that of whoever has connected, or what one's own proxies say of it. `X-Forwarded-For` is read from its end, one
    /// address for each proxy that is trusted, and no further than to what is no address.
    pub fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> Self {
        let mut client = peer.to_canonical();
        let lists = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
        // Each proxy adds the address that it saw at the end, so the list is read from there, as far as it is trusted.
        for address in lists.rev().flat_map(|list| list.rsplit(|byte| *byte == b',')) {
            if !proxies.trust(client) {
                break;
            }
            match from_utf8(address).ok().and_then(|address| address.trim().parse::<IpAddr>().ok()) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        Self(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], proxies: &str) -> String {
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(list.as_bytes()).expect("a value"));
        }
        let proxies = proxies.parse().expect("proxies");
        ClientAddress::behind(peer.parse().expect("an address"), &headers, &proxies).0.to_string()
    }

    #[test]
    fn attack_35_only_proxies_of_one_s_own_say_where_a_request_comes_from() {
        for (peer, forwarded, proxies, client) in [
            ("192.0.2.1", vec!["198.51.100.7"], "", "192.0.2.1"),
            ("192.0.2.1", vec!["198.51.100.7"], "10.0.0.0/8", "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
            // What stands before the address that one's own proxy has seen was written by the client.
            ("10.0.0.1", vec!["203.0.113.9, 198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9", "198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7, 10.1.2.3"], "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7, nonsense"], "10.0.0.0/8", "10.0.0.1"),
            // What a client writes does not hide what a proxy adds to it, or the client would be taken for the proxy.
            ("10.0.0.1", vec!["203.0.113.9, ä, 198.51.100.7"], "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", vec![], "10.0.0.0/8", "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["2001:db8::1"], "10.0.0.0/8", "2001:db8::1"),
            ("127.0.0.1", vec!["198.51.100.7"], " 127.0.0.1 , ::1", "198.51.100.7"),
        ] {
            assert_eq!(seen(peer, &forwarded, proxies), client, "{peer} {forwarded:?} {proxies}");
        }
        for text in ["x", "10.0.0.0/8,", "10.0.0.1/8", "10.0.0.0/99"] {
            assert_eq!(text.parse::<TrustedProxies>().is_ok(), text == "10.0.0.0/8,", "{text}");
        }
    }
}
