//! Whether the node of this configuration is ready, from the command line: an image without a shell has nothing else that could ask.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, redirect::Policy};

use crate::settings::Settings;

/// How long an answer is waited for. A node says within it what does not answer itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// No node is ready here.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// Nobody can know where it is.
    #[error("ROLLCALL__HTTP__OPERATIONS_ADDRESS names no port, so a node could be at any")]
    Anywhere,
    /// There is none, or it hangs.
    #[error("no node answers at http://{address}/readyz: {reason}")]
    Silent {
        /// Where it was asked.
        address: SocketAddr,
        /// What happened.
        reason: &'static str,
    },
    /// It says so itself.
    #[error("the node at http://{address} is not ready: {answer}")]
    NotReady {
        /// Where it was asked.
        address: SocketAddr,
        /// What it lacks, as `/readyz` says it.
        answer: String,
    },
}

/// Asks the node whose operations are where these settings have them; gives back what it says.
///
/// # Errors
/// [`Unready`].
pub async fn ready(settings: &Settings) -> Result<String, Unready> {
    let address = reachable(settings.values.http.operations_address).ok_or(Unready::Anywhere)?;
    let silent = |error: reqwest::Error| Unready::Silent {
        address,
        reason: if error.is_timeout() {
            "it does not answer in time"
        } else if error.is_connect() {
            "nothing listens there"
        } else {
            "what is there does not speak HTTP"
        },
    };
    // Whoever comes first decides by whose cryptography the process speaks TLS; nothing is said by TLS here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy();
    let client = client.build().map_err(silent)?;
    let answer = client.get(format!("http://{address}/readyz")).send().await.map_err(silent)?;
    let ready = answer.status() == reqwest::StatusCode::OK;
    let answer = answer.text().await.map_err(silent)?;
    if ready { Ok(answer) } else { Err(Unready::NotReady { address, answer }) }
}

/// Where somebody on the same machine reaches what listens at an address. At one of no machine in particular it listens on this one too.
fn reachable(address: SocketAddr) -> Option<SocketAddr> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (address.port() != 0).then_some(SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_listens_everywhere_is_asked_here() {
        for (listens, asked) in [
            ("0.0.0.0:9091", Some("127.0.0.1:9091")),
            ("[::]:9091", Some("[::1]:9091")),
            ("10.1.2.3:9091", Some("10.1.2.3:9091")),
            ("127.0.0.1:0", None),
        ] {
            let asked = asked.map(|asked| asked.parse().expect("an address"));
            assert_eq!(reachable(listens.parse().expect("an address")), asked, "{listens}");
        }
    }
}
