//! Where webhooks may lead, and how patiently they are tried.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{Ipv4Net, Ipv6Net};
use time::Duration;
use url::{Host, Url};

mod standing;

pub use standing::{Lane, Manner, ReceiverStanding};

/// How far webhooks may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To addresses that anybody can reach, by https.
    Public,
    /// Anywhere, for trying things out.
    Anywhere,
}

impl Reach {
    /// Whether an address is within it.
    pub fn includes(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }
}

/// The URL of a webhook: of https, or of http where [`Reach::Anywhere`] lets it be, at most 2,000 bytes, without a user, a password and a
/// fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// The text is no URL of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    /// It is no URL of that kind.
    #[error(
        "must be a URL like https://example.com/hooks/rollcall, at most {} characters long",
        WebhookUrl::LONGEST
    )]
    Form,
    /// It is not safe from being read or changed on its way.
    #[error("must begin with https://")]
    NotHttps,
    /// It says who one is.
    #[error("must hold no user and no password")]
    Credentials,
    /// It leads into a network of somebody's own.
    #[error("must not lead to a private, local or reserved address")]
    Private,
}

impl WebhookUrl {
    /// The most bytes it may have.
    pub const LONGEST: usize = 2_000;
    /// Names that mean the machine itself, or something in its own network (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
    const LOCAL: [&'static str; 6] = ["localhost", "local", "internal", "home.arpa", "test", "invalid"];

    /// A URL within a reach. Whether the addresses that its name stands for are within it too is only known when they are looked up.
    ///
    /// # Errors
    /// [`InvalidWebhook`].
    pub fn parse(text: &str, reach: Reach) -> Result<Self, InvalidWebhook> {
        if text.len() > Self::LONGEST || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidWebhook::Form);
        }
        let url = Url::parse(text).map_err(|_| InvalidWebhook::Form)?;
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            ("http", Reach::Public) => return Err(InvalidWebhook::NotHttps),
            _ => return Err(InvalidWebhook::Form),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidWebhook::Credentials);
        }
        if url.fragment().is_some() || url.port() == Some(0) {
            return Err(InvalidWebhook::Form);
        }
        let allowed = match url.host().ok_or(InvalidWebhook::Form)? {
            Host::Ipv4(address) => reach.includes(address.into()),
            Host::Ipv6(address) => reach.includes(address.into()),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let local = Self::LOCAL.iter().any(|local| {
                    name == *local || name.strip_suffix(local).is_some_and(|rest| rest.ends_with('.'))
                });
                reach == Reach::Anywhere || (name.contains('.') && !local)
            }
        };
        if allowed { Ok(Self(url)) } else { Err(InvalidWebhook::Private) }
    }

    /// The URL as it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is spoken to by TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, as a name or an address.
    pub fn host(&self) -> Host<&str> {
        // There is one: it was looked at.
        self.0.host().unwrap_or(Host::Domain(""))
    }

    /// The port that is named, or the usual one of the scheme.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The host and, unless it is the usual one, the port, as a request has them.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path and the query, as a request has them.
    pub fn path(&self) -> String {
        let query = self.0.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.0.path())
    }
}

impl FromStr for WebhookUrl {
    type Err = InvalidWebhook;

    /// A URL that was within some reach when it was kept. It is looked at again when it is used.
    fn from_str(text: &str) -> Result<Self, InvalidWebhook> {
        Self::parse(text, Reach::Anywhere)
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Networks of IPv4 that nobody else is reached in (IANA IPv4 Special-Purpose Address Registry), and multicast.
const SPECIAL_V4: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];
/// All of IPv6 that is given out to be reached,
const GLOBAL_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// and what of it is not, or leads on to addresses of IPv4 (IANA IPv6 Special-Purpose Address Registry).
const SPECIAL_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];
/// Where IPv4 is reached from networks that have none (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Whether anybody can reach an address from anywhere: it is neither of this machine, nor of a network of somebody's own, nor reserved
/// (attack 33).
///
/// ```
/// use rollcall_domain::webhooks::is_public;
///
/// assert!(is_public("9.9.9.9".parse()?));
/// assert!(!is_public("169.254.169.254".parse()?));
/// assert!(!is_public("::ffff:127.0.0.1".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            if let Some(address) = address.to_ipv4_mapped() {
                return is_public_v4(address);
            }
            let segments = address.segments();
            if segments[..6] == NAT64 {
                let [.., a, b, c, d] = address.octets();
                return is_public_v4(Ipv4Addr::new(a, b, c, d));
            }
            let within = |(network, length): ([u16; 8], u8)| {
                Ipv6Net::new(Ipv6Addr::from(network), length).is_ok_and(|net| net.contains(&address))
            };
            within(GLOBAL_V6) && !SPECIAL_V6.into_iter().any(within)
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.into_iter().any(|(network, length)| {
        Ipv4Net::new(Ipv4Addr::from(network), length).is_ok_and(|net| net.contains(&address))
    })
}

/// How often a delivery is tried.
pub const ATTEMPTS: u16 = 10;

/// The wait before the next attempt, after so many; none when there is none. All of them are over before the next checkpoint.
///
/// ```
/// use rollcall_domain::webhooks::wait_after;
/// use time::Duration;
///
/// assert_eq!(wait_after(1), Some(Duration::seconds(5)));
/// assert_eq!(wait_after(10), None);
/// ```
pub fn wait_after(attempts: u16) -> Option<Duration> {
    let waits = [
        Duration::seconds(5),
        Duration::minutes(1),
        Duration::minutes(5),
        Duration::minutes(30),
        Duration::HOUR,
        Duration::hours(2),
        Duration::hours(4),
        Duration::hours(6),
        Duration::hours(8),
    ];
    waits.get(usize::from(attempts).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_33_a_webhook_leads_to_no_address_of_somebody_s_own() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001:0:1::]",
            "[2001:db8::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "db.localhost",
            "metadata.google.internal",
            "printer.local",
            "intranet",
            "router.home.arpa",
            "１２７.0.0.1",
        ] {
            let refused = WebhookUrl::parse(&format!("https://{host}/hook"), Reach::Public);
            assert_eq!(refused, Err(InvalidWebhook::Private), "{host}");
            assert!(WebhookUrl::parse(&format!("http://{host}/hook"), Reach::Anywhere).is_ok(), "{host}");
        }
        for host in [
            "example.com",
            "hooks.example.com:8443",
            "9.9.9.9",
            "[2620:fe::fe]",
            "[64:ff9b::909:909]",
            "notlocalhost.com",
            "bücher.example",
        ] {
            assert!(WebhookUrl::parse(&format!("https://{host}/hook?a=b"), Reach::Public).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_no_url_of_a_webhook_is_refused() {
        let long = format!("https://example.com/{}", "a".repeat(2_000));
        for (text, problem) in [
            ("", InvalidWebhook::Form),
            ("example.com", InvalidWebhook::Form),
            ("http://example.com/", InvalidWebhook::NotHttps),
            ("ftp://example.com/", InvalidWebhook::Form),
            ("file:///etc/passwd", InvalidWebhook::Form),
            ("https:///", InvalidWebhook::Form),
            ("https://user@example.com/", InvalidWebhook::Credentials),
            ("https://:secret@example.com/", InvalidWebhook::Credentials),
            ("https://example.com/#there", InvalidWebhook::Form),
            ("https://example.com:0/", InvalidWebhook::Form),
            ("https://example.com/a b", InvalidWebhook::Form),
            ("https://example.com/\r\nHost: x", InvalidWebhook::Form),
            (long.as_str(), InvalidWebhook::Form),
        ] {
            assert_eq!(WebhookUrl::parse(text, Reach::Public), Err(problem), "{text}");
        }
    }

    #[test]
    fn a_url_comes_apart_as_a_request_wants_it() {
        let url: WebhookUrl = "https://Example.com:8443/hooks/1?a=b".parse().expect("a URL");
        assert_eq!((url.authority().as_str(), url.path().as_str()), ("example.com:8443", "/hooks/1?a=b"));
        assert_eq!((url.port(), url.is_https()), (8443, true));
        let url: WebhookUrl = "https://example.com".parse().expect("a URL");
        assert_eq!((url.authority().as_str(), url.path().as_str(), url.port()), ("example.com", "/", 443));
    }
}
