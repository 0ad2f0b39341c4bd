//! Sending to webhooks.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rollcall_application::{
    ErrorChain,
    webhooks::{NotTaken, Patience, WebhookMessage, WebhookSender},
};
use rollcall_domain::webhooks::Reach;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use crate::{
    connection::{NoWay, Resolve, System, connect, tls},
    signature::signature,
};

/// The longest that sending may take, from looking up the name to the status of the answer.
#[derive(Debug, Clone, Copy)]
pub struct AtMost(pub Duration);

impl Default for AtMost {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

#[async_trait]
impl Patience for AtMost {
    async fn end(&self) {
        sleep(self.0).await;
    }
}

/// The most bytes of an answer's head that are read.
const HEAD_BYTES: usize = 16 * 1024;

/// Sends to webhooks within a reach.
pub struct Webhooks {
    reach: Reach,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    patience: Arc<dyn Patience>,
}

/// TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be spoken: {0}")]
pub struct NoTls(#[from] rustls::Error);

impl Webhooks {
    /// The ones that names of the system's own lead to, and whose certificates the system trusts, for as long as there is patience.
    ///
    /// # Errors
    /// [`NoTls`].
    pub fn new(reach: Reach, patience: Arc<dyn Patience>) -> Result<Self, NoTls> {
        let mut roots = rustls::RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(
                error = %ErrorChain(error),
                "some of the certificates that the system trusts cannot be read"
            );
        }
        roots.add_parsable_certificates(found.certs);
        Ok(Self { patience, ..Self::with(reach, Arc::new(System), roots)? })
    }

    pub(crate) fn with(
        reach: Reach,
        resolver: Arc<dyn Resolve>,
        roots: rustls::RootCertStore,
    ) -> Result<Self, NoTls> {
        Ok(Self { reach, resolver, tls: tls(roots)?, patience: Arc::new(AtMost::default()) })
    }

    async fn post(&self, message: &WebhookMessage) -> Result<StatusCode, NotTaken> {
        let now = |problem: &str| NotTaken::Now(problem.to_owned());
        let request = request(message).ok_or_else(|| NotTaken::Ever("it cannot be signed".to_owned()))?;
        let stream = connect(&message.url, self.reach, self.resolver.as_ref(), &self.tls).await;
        let stream = stream.map_err(|no_way| match no_way {
            NoWay::Private => NotTaken::Ever(no_way.to_string()),
            NoWay::NoName | NoWay::NoConnection | NoWay::NoTls => NotTaken::Now(no_way.to_string()),
        })?;
        let handshake = http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|_| now("it speaks no HTTP"))?;
        // The connection ends with what is answered, or when nobody waits for that any more.
        let answer = sender.send_request(request);
        tokio::pin!(connection);
        tokio::pin!(answer);
        let answered = tokio::select! {
            answered = &mut answer => answered,
            // Whatever was answered before is there by now.
            _ = &mut connection => answer.await,
        };
        answered.map(|answer| answer.status()).map_err(|_| now("it gives no answer"))
    }
}

fn request(message: &WebhookMessage) -> Option<Request<Full<Bytes>>> {
    let (id, at) = (message.id.to_string(), message.at.unix_timestamp());
    let signature = signature(&message.secret, &id, at, &message.body)?;
    Request::post(message.url.path())
        .header(header::HOST, message.url.authority())
        .header(header::USER_AGENT, concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", signature)
        .body(Full::from(message.body.clone()))
        .ok()
}

#[async_trait]
impl WebhookSender for Webhooks {
    async fn send(&self, message: WebhookMessage) -> Result<(), NotTaken> {
        let status = tokio::select! {
            biased;
            answered = self.post(&message) => answered?,
            () = self.patience.end() => return Err(NotTaken::Late("it gives no answer in time".to_owned())),
        };
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(NotTaken::Ever("it is gone: it answered with status 410".to_owned())),
            status if status.is_redirection() => {
                let status = status.as_u16();
                Err(NotTaken::Now(format!(
                    "it answered with status {status}: that it is elsewhere, where nobody follows"
                )))
            }
            status => Err(NotTaken::Now(format!("it answered with status {}", status.as_u16()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{IpAddr, SocketAddr},
        sync::Mutex,
    };

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rollcall_domain::{id::DeliveryId, secret::Secret};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use time::macros::datetime;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Answers with one address first, and with another from then on.
    struct Rebinding(Mutex<Vec<IpAddr>>, usize);

    #[async_trait]
    impl Resolve for Rebinding {
        async fn addresses(&self, _: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let mut left = self.0.lock().expect("no poison");
            let now: Vec<_> = left.iter().take(self.1).map(|ip| SocketAddr::from((*ip, port))).collect();
            if left.len() > self.1 {
                left.drain(..self.1);
            }
            Ok(now)
        }
    }

    fn stands_for(addresses: &[&str], at_once: usize) -> Arc<dyn Resolve> {
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        Arc::new(Rebinding(Mutex::new(addresses), at_once))
    }

    fn message(url: &str) -> WebhookMessage {
        WebhookMessage {
            url: url.parse().expect("a URL"),
            id: DeliveryId::from_parts(0, &[1; 10]),
            at: datetime!(2026-01-02 03:04:05 UTC),
            secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            body: b"{}".to_vec(),
        }
    }

    fn webhooks(reach: Reach, resolver: Arc<dyn Resolve>) -> Webhooks {
        Webhooks::with(reach, resolver, rustls::RootCertStore::empty()).expect("TLS")
    }

    /// Takes connections, answers each with the same text, and keeps what came.
    async fn server(answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, came) = (listener.local_addr().expect("an address"), Arc::new(Mutex::new(Vec::new())));
        let kept = came.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = vec![0; 4_096];
                let mut length = 0;
                while let Ok(more @ 1..) = stream.read(&mut read[length..]).await {
                    length += more;
                    if read[..length].ends_with(b"\r\n\r\n{}") {
                        break;
                    }
                }
                kept.lock().expect("no poison").push(String::from_utf8_lossy(&read[..length]).into_owned());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, came)
    }

    const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

    #[tokio::test]
    async fn a_message_is_signed_and_goes_to_the_path_and_query_of_its_url() {
        let (address, came) = server(OK).await;
        let webhooks = webhooks(Reach::Anywhere, stands_for(&["127.0.0.1"], 1));
        let message = message(&format!("http://hooks.example:{}/a/b?c=d", address.port()));
        let signed = signature(&message.secret, &message.id.to_string(), 1_767_323_045, b"{}");
        assert_eq!(webhooks.send(message).await, Ok(()));
        let came = came.lock().expect("no poison").remove(0);
        let signature = came.lines().find_map(|line| line.strip_prefix("webhook-signature: "));
        assert_eq!(signature.map(str::to_owned), signed);
        let came = came.to_ascii_lowercase();
        assert!(came.starts_with("post /a/b?c=d http/1.1\r\n"), "{came}");
        for header in [
            &format!("host: hooks.example:{}", address.port()),
            "webhook-id: delivery_",
            "webhook-timestamp: 1767323045",
            "content-type: application/json",
        ] {
            assert!(came.contains(&format!("\r\n{header}")), "{header} in {came}");
        }
    }

    #[tokio::test]
    async fn attack_33_a_name_that_stands_for_an_address_of_somebody_s_own_is_not_connected_to() {
        let (address, came) = server(OK).await;
        for addresses in [
            &["127.0.0.1"][..],
            &["::1"],
            &["169.254.169.254"],
            &["::ffff:127.0.0.1"],
            // Among others that would do.
            &["9.9.9.9", "127.0.0.1"],
            &["127.0.0.1", "9.9.9.9"],
        ] {
            let webhooks = webhooks(Reach::Public, stands_for(addresses, addresses.len()));
            let url = format!("https://hooks.example:{}/", address.port());
            let refused = webhooks.send(message(&url)).await;
            assert!(matches!(refused, Err(NotTaken::Ever(_))), "{addresses:?}: {refused:?}");
        }
        // Nor is the address itself, should it have come to be kept.
        let webhooks = webhooks(Reach::Public, stands_for(&[], 0));
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
            let refused = webhooks.send(message(&format!("https://{host}:{}/", address.port()))).await;
            assert!(matches!(refused, Err(NotTaken::Ever(_))), "{host}: {refused:?}");
        }
        assert!(came.lock().expect("no poison").is_empty());
    }

    #[tokio::test]
    async fn attack_33_a_name_is_looked_up_once_for_what_is_looked_at_and_what_is_connected_to() {
        let resolver = stands_for(&["192.0.2.1", "127.0.0.1"], 1);
        let url = message("https://hooks.example/").url;
        let tls = tls(rustls::RootCertStore::empty()).expect("TLS");
        // The first answer is looked at, and it is no good; the second, which would lead here, is never asked for.
        let no_way = connect(&url, Reach::Public, resolver.as_ref(), &tls).await.map(|_| ());
        assert!(matches!(no_way, Err(NoWay::Private)), "{no_way:?}");
        assert_eq!(resolver.addresses("", 1).await.expect("addresses")[0].ip().to_string(), "127.0.0.1");
    }

    #[tokio::test]
    async fn attack_33_no_redirect_of_a_webhook_is_followed() {
        let (elsewhere, nobody) = server(OK).await;
        let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{elsewhere}/\r\n\r\n");
        let (address, _) = server(Box::leak(answer.into_boxed_str())).await;
        let webhooks = webhooks(Reach::Anywhere, stands_for(&[], 0));
        let refused = webhooks.send(message(&format!("http://{address}/"))).await;
        assert!(matches!(&refused, Err(NotTaken::Now(problem)) if problem.contains("307")), "{refused:?}");
        assert!(nobody.lock().expect("no poison").is_empty());
    }

    #[tokio::test]
    async fn what_is_not_taken_says_whether_to_try_again() {
        for (answer, again) in [
            ("HTTP/1.1 500 Oops\r\n\r\nsecret", true),
            ("HTTP/1.1 429 Later\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\n\r\n", true),
            ("HTTP/1.1 410 Gone\r\n\r\n", false),
            ("what?", true),
            ("", true),
        ] {
            let (address, _) = server(answer).await;
            let webhooks = webhooks(Reach::Anywhere, stands_for(&[], 0));
            let refused = webhooks.send(message(&format!("http://{address}/"))).await.expect_err(answer);
            assert_eq!(matches!(refused, NotTaken::Now(_)), again, "{answer}: {refused:?}");
            assert!(!refused.to_string().contains("secret"));
        }
    }

    #[tokio::test]
    async fn a_webhook_that_hangs_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut webhooks = webhooks(Reach::Anywhere, stands_for(&[], 0));
        webhooks.patience = Arc::new(AtMost(Duration::from_millis(50)));
        let refused = webhooks.send(message(&format!("http://{address}/"))).await;
        assert!(matches!(refused, Err(NotTaken::Late(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn https_is_spoken_with_those_whose_certificates_are_trusted_and_are_for_that_name() {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["hooks.example".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(OK.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(cert.der().clone()).expect("a certificate");
        for (roots, name, taken) in [
            (trusted.clone(), "hooks.example", true),
            (trusted, "other.example", false),
            (rustls::RootCertStore::empty(), "hooks.example", false),
        ] {
            let resolver = stands_for(&["127.0.0.1"], 1);
            let webhooks = Webhooks::with(Reach::Anywhere, resolver, roots).expect("TLS");
            let sent = webhooks.send(message(&format!("https://{name}:{port}/"))).await;
            assert_eq!(sent.is_ok(), taken, "{name}: {sent:?}");
        }
    }
}
