//! The way to a webhook: to an address that was looked at, and no other.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use rollcall_domain::webhooks::{Reach, WebhookUrl};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::Host;

/// The longest wait for a connection to one address,
const CONNECT: Duration = Duration::from_secs(5);
/// and how many are tried.
const MOST: usize = 4;

/// Finds the addresses that a name stands for.
#[async_trait]
pub(crate) trait Resolve: Send + Sync {
    async fn addresses(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// As the system does.
pub(crate) struct System;

#[async_trait]
impl Resolve for System {
    async fn addresses(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((name, port)).await?.collect())
    }
}

/// There is no way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    #[error("its name cannot be looked up")]
    NoName,
    #[error("it leads to a private, local or reserved address")]
    Private,
    #[error("no connection can be made")]
    NoConnection,
    #[error("no safe connection can be made: its certificate is not accepted, or it speaks no TLS")]
    NoTls,
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to where a URL leads, if that is within a reach. All of the addresses of a name are to be: one that is not says enough
/// about the others.
pub(crate) async fn connect(
    url: &WebhookUrl,
    reach: Reach,
    resolver: &dyn Resolve,
    tls: &TlsConnector,
) -> Result<Box<dyn Stream>, NoWay> {
    let (port, host) = (url.port(), url.host());
    let addresses = match host {
        Host::Ipv4(address) => vec![SocketAddr::from((address, port))],
        Host::Ipv6(address) => vec![SocketAddr::from((address, port))],
        Host::Domain(name) => resolver.addresses(name, port).await.map_err(|_| NoWay::NoName)?,
    };
    if addresses.is_empty() {
        return Err(NoWay::NoName);
    }
    if !addresses.iter().all(|address| reach.includes(address.ip())) {
        return Err(NoWay::Private);
    }
    let stream = connect_to_one(&addresses).await.ok_or(NoWay::NoConnection)?;
    if !url.is_https() {
        return Ok(Box::new(stream));
    }
    let name = match host {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| NoWay::NoTls)?,
        Host::Ipv4(address) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
        Host::Ipv6(address) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
    };
    let stream = tls.connect(name, stream).await.map_err(|_| NoWay::NoTls)?;
    Ok(Box::new(stream))
}

async fn connect_to_one(addresses: &[SocketAddr]) -> Option<TcpStream> {
    for address in addresses.iter().take(MOST) {
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
            return Some(stream);
        }
    }
    None
}

/// TLS that trusts whom the system trusts, or whom it is told to.
pub(crate) fn tls(roots: rustls::RootCertStore) -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}
