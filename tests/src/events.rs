//! Server-Sent Events as a test reads them.

use futures_util::StreamExt;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// What has happened.
    pub kind: String,
    /// What else is told.
    pub data: Value,
}

/// A stream of events that is open.
pub struct Events {
    stream: futures_util::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
    /// How many comments have come: signs that the other end is there.
    pub heartbeats: usize,
}

impl Events {
    /// Sends a request whose answer is a stream of events.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let stream = response.bytes_stream().map(|piece| piece.map(|bytes| bytes.to_vec())).boxed();
        Self { stream, text: String::new(), heartbeats: 0 }
    }

    /// The next event; none when the stream has come to its end, or was cut off.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.unwrap_or_default().to_owned()
                };
                let (id, kind, data) = (field("id"), field("event"), field("data"));
                let comment = block.starts_with(':');
                self.text = rest.to_owned();
                if !kind.is_empty() {
                    return Some(Event { id, kind, data: serde_json::from_str(&data).unwrap() });
                }
                self.heartbeats += usize::from(comment);
            }
            let piece = self.stream.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// The next event of a kind.
    pub async fn next_of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {kind}"));
            if event.kind == kind {
                return event;
            }
        }
    }
}
