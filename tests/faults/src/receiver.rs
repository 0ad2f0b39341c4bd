//! A webhook that behaves as well, or as badly, as the suite wants.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How it treats what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes it.
    Take,
    /// Takes it, after so long.
    Slow(Duration),
    /// Takes it, and closes the connection without a word.
    Drop,
    /// Reads it, and never says anything.
    Hang,
    /// Answers that it is out of order.
    Fail,
}

/// What was sent: the kind of event and whom it is about, with the ids by which it came.
type Told = BTreeMap<(String, String), BTreeSet<String>>;

/// What has been taken.
#[derive(Default)]
struct Taken {
    told: Told,
    /// Checkpoints of audit logs, by the ids by which they came.
    checkpoints: BTreeMap<String, String>,
}

/// A webhook on this machine.
pub(crate) struct Receiver {
    base: String,
    manner: Arc<Mutex<Manner>>,
    taken: Arc<Mutex<Taken>>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    /// Starts one that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let manner = Arc::new(Mutex::new(Manner::Take));
        let taken = Arc::<Mutex<Taken>>::default();
        let (behaves, kept) = (manner.clone(), taken.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever goes away is no failure of the suite.
                tokio::spawn(take(stream, behaves.clone(), kept.clone()));
            }
        });
        Self { base, manner, taken, accepting }
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Behaves so from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// By which ids it was told of an event.
    pub(crate) fn told(&self, kind: &str, target: &str) -> BTreeSet<String> {
        let taken = self.taken.lock().unwrap();
        taken.told.get(&(kind.to_owned(), target.to_owned())).cloned().unwrap_or_default()
    }

    /// The checkpoints that it was sent, by the ids by which they came.
    pub(crate) fn checkpoints(&self) -> BTreeMap<String, String> {
        self.taken.lock().unwrap().checkpoints.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn take(mut stream: TcpStream, manner: Arc<Mutex<Manner>>, taken: Arc<Mutex<Taken>>) -> io::Result<()> {
    let Some((id, body)) = read(&mut stream).await? else { return Ok(()) };
    let manner = *manner.lock().unwrap();
    let status = match manner {
        Manner::Hang => std::future::pending().await,
        Manner::Fail => 500,
        Manner::Take | Manner::Drop => 204,
        Manner::Slow(wait) => {
            tokio::time::sleep(wait).await;
            204
        }
    };
    if status == 204 {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event = (text(&body["type"]), text(&body["data"]["target"]["id"]));
        let mut taken = taken.lock().unwrap();
        if event.0 == "audit.checkpoint" {
            taken.checkpoints.insert(id, text(&body["data"]["checkpoint"]));
        } else {
            taken.told.entry(event).or_default().insert(id);
        }
    }
    if manner != Manner::Drop {
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
    stream.shutdown().await
}

/// A message's id and body; none when the sender goes away before its end.
async fn read(stream: &mut TcpStream) -> io::Result<Option<(String, Value)>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let header = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                lines.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
            };
            let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if let Some(body) = read.get(end + 4..end + 4 + length) {
                let body = serde_json::from_slice(body).unwrap_or_default();
                return Ok(Some((header("webhook-id").unwrap_or_default(), body)));
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
}
