//! A webhook that keeps what it is sent.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::until;

/// A webhook on this machine.
pub struct HookServer {
    base: String,
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<Hooked>>>,
    accepting: JoinHandle<()>,
}

/// What a webhook was sent.
#[derive(Debug, Clone)]
pub struct Hooked {
    /// The path and query.
    pub path: String,
    /// The body.
    pub body: String,
    /// The same, where it is no text.
    pub bytes: Vec<u8>,
    head: String,
}

impl HookServer {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (status, received) = (Arc::new(AtomicU16::new(204)), Arc::<Mutex<Vec<Hooked>>>::default());
        let (answer, kept) = (status.clone(), received.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no failure of the test.
                let _ = take(stream, &answer, &kept).await;
            }
        });
        Self { base, status, received, accepting }
    }

    /// Where it is.
    pub fn base(&self) -> String {
        self.base.clone()
    }

    /// Answers with a status from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// How much it was sent.
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// The `number`th message, once it has come.
    pub async fn next(&self, number: usize) -> Hooked {
        until(&format!("message {number}"), async || self.received.lock().unwrap().get(number - 1).cloned())
            .await
    }
}

impl Drop for HookServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Hooked {
    /// A header.
    pub fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .unwrap()
    }

    /// Makes sure that it was signed with a secret, as a receiver would.
    pub fn assert_signed(&self, secret: &str) {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(self.header("webhook-signature"), expected);
    }
}

async fn take(mut stream: TcpStream, status: &AtomicU16, kept: &Mutex<Vec<Hooked>>) -> std::io::Result<()> {
    let mut read = Vec::new();
    let (head, length) = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
            });
            break (head, end + 4 + length.unwrap_or(0));
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    };
    while read.len() < length {
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    }
    let bytes = read[head.len() + 4..length].to_vec();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    kept.lock().unwrap().push(Hooked { path, body, bytes, head });
    let status = status.load(Ordering::SeqCst);
    stream
        .write_all(
            format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await?;
    stream.shutdown().await
}
