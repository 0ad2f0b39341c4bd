//! From where a key may be used.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// The networks that a key may be used from: 1 to [`Networks::MOST`] or, by default, anywhere.
///
/// ```
/// use rollcall_domain::api_keys::Networks;
///
/// let networks = Networks::parse(&["192.0.2.0/24", "2001:db8::7"])?;
/// assert!(networks.allow("192.0.2.9".parse().ok()));
/// assert!(!networks.allow("198.51.100.9".parse().ok()) && !networks.allow(None));
/// assert!(Networks::default().allow(None));
/// # Ok::<(), rollcall_domain::api_keys::InvalidNetworks>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Option<Vec<IpNet>>);

/// The texts are no networks that a key can be held to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetworks {
    /// There are none, so that the key would be of no use.
    #[error("must hold at least one network; null lets the key be used from anywhere")]
    Empty,
    /// There are too many to look at in every request.
    #[error("must hold at most {} networks", Networks::MOST)]
    TooMany,
    /// One of them is none.
    #[error("must be a network like 192.0.2.0/24 or 2001:db8::/32, or an address")]
    NoNetwork {
        /// Where it stands in the list.
        index: usize,
    },
    /// One of them is written as an address within a network, which could mean either.
    #[error("must be the network itself, like {network}, or an address without a length")]
    WithinNetwork {
        /// Where it stands in the list.
        index: usize,
        /// The network that it may be meant for.
        network: IpNet,
    },
}

impl Networks {
    /// The most networks that a key is held to.
    pub const MOST: usize = 50;

    /// These networks, each in CIDR notation (RFC 4632 section 3.1) or as a single address.
    ///
    /// # Errors
    /// [`InvalidNetworks`], of the first that is wrong.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, InvalidNetworks> {
        match texts.len() {
            0 => return Err(InvalidNetworks::Empty),
            1..=Self::MOST => {}
            _ => return Err(InvalidNetworks::TooMany),
        }
        let networks = texts.iter().enumerate().map(|(index, text)| {
            let text = text.as_ref();
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            let network: IpNet =
                text.parse().or_else(|_| address()).map_err(|_| InvalidNetworks::NoNetwork { index })?;
            let network = canonical(network);
            if network.trunc() == network {
                Ok(network)
            } else {
                Err(InvalidNetworks::WithinNetwork { index, network: network.trunc() })
            }
        });
        networks.collect::<Result<_, _>>().map(|networks| Self(Some(networks)))
    }

    /// The networks in CIDR notation; none when the key may be used from anywhere.
    pub fn texts(&self) -> Option<Vec<String>> {
        self.0.as_ref().map(|networks| networks.iter().map(IpNet::to_string).collect())
    }

    /// Whether a key that is held to `others` can be used from nowhere else.
    pub(crate) fn contain_all(&self, others: &Self) -> bool {
        match (&self.0, &others.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => {
                theirs.iter().all(|network| ours.iter().any(|around| around.contains(network)))
            }
        }
    }

    /// Whether the key may be used from an address. Where it is not known from where, it is from nowhere allowed.
    pub fn allow(&self, ip: Option<IpAddr>) -> bool {
        let Some(networks) = &self.0 else { return true };
        ip.is_some_and(|ip| networks.iter().any(|network| network.contains(&ip.to_canonical())))
    }
}

/// A network of IPv4 addresses that is written as one of IPv6 (RFC 4291 section 2.5.5.2), as what it is: so are the addresses that are
/// looked for in it.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let (Some(address), Some(length)) = (mapped.addr().to_ipv4_mapped(), mapped.prefix_len().checked_sub(96))
    else {
        return network;
    };
    Ipv4Net::new(address, length).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(networks: &[&str], ip: &str) -> bool {
        Networks::parse(networks).expect("networks").allow(Some(ip.parse().expect("an address")))
    }

    #[test]
    fn a_key_is_held_to_its_networks() {
        assert!(Networks::default().allow(None) && Networks::default().texts().is_none());
        assert!(allowed(&["192.0.2.0/24"], "192.0.2.255") && !allowed(&["192.0.2.0/24"], "192.0.3.0"));
        assert!(allowed(&["198.51.100.1", "2001:db8::/32"], "2001:db8:7::1"));
        assert!(allowed(&["198.51.100.1"], "198.51.100.1") && !allowed(&["198.51.100.1"], "198.51.100.2"));
        assert!(allowed(&["0.0.0.0/0"], "203.0.113.9") && !allowed(&["0.0.0.0/0"], "2001:db8::1"));
        // An IPv4 address that a dual-stack socket wrote as IPv6.
        assert!(allowed(&["192.0.2.0/24"], "::ffff:192.0.2.1"));
        assert!(
            allowed(&["::ffff:192.0.2.0/120"], "192.0.2.1")
                && !allowed(&["::ffff:192.0.2.0/120"], "192.0.3.1")
        );
        assert!(!Networks::parse(&["192.0.2.0/24"]).expect("networks").allow(None));
    }

    #[test]
    fn what_is_no_network_is_refused_by_its_place() {
        assert_eq!(Networks::parse::<&str>(&[]), Err(InvalidNetworks::Empty));
        assert_eq!(Networks::parse(&["192.0.2.0/24"; 51]), Err(InvalidNetworks::TooMany));
        for text in ["", "x", "192.0.2.0/33", "192.0.2", "192.0.2.0/-1", "::/129", " 192.0.2.0/24"] {
            let index = 1;
            assert_eq!(Networks::parse(&["::1", text]), Err(InvalidNetworks::NoNetwork { index }), "{text}");
        }
        let network = "10.0.0.0/8".parse().expect("a network");
        assert_eq!(
            Networks::parse(&["10.0.0.1/8"]),
            Err(InvalidNetworks::WithinNetwork { index: 0, network })
        );
    }

    #[test]
    fn networks_read_back() {
        let texts = ["192.0.2.0/24", "198.51.100.1/32", "2001:db8::/32"];
        assert_eq!(Networks::parse(&texts).expect("networks").texts().expect("texts"), texts);
    }
}
