//! Server-Sent Events as a test reads them.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

/// What waits to be read comes without such a pause, and comments come at longer intervals.
const PAUSE: Duration = Duration::from_millis(100);

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
    /// The last id that has come, with an event or without one: what a browser would come back with.
    pub last: String,
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
        Self { stream, text: String::new(), last: String::new(), heartbeats: 0 }
    }

    /// The next event; none when the stream has come to its end, or was cut off.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.step().await? {
                return Some(event);
            }
        }
    }

    /// What comes next, if that is an event; none when the stream has come to its end.
    async fn step(&mut self) -> Option<Option<Event>> {
        while !self.text.contains("\n\n") {
            let piece = match self.stream.next().await? {
                Ok(piece) => piece,
                Err(error) => {
                    assert!(!error.is_timeout(), "the stream neither went on nor came to its end");
                    return None;
                }
            };
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let (block, rest) = self.text.split_once("\n\n")?;
        let field = |name: &str| {
            let lines = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            lines.unwrap_or_default().to_owned()
        };
        let (id, kind, data) = (field("id"), field("event"), field("data"));
        self.heartbeats += usize::from(block.starts_with(':'));
        self.text = rest.to_owned();
        if !id.is_empty() {
            self.last.clone_from(&id);
        }
        Some((!kind.is_empty()).then(|| Event { id, kind, data: serde_json::from_str(&data).unwrap() }))
    }

    /// Reads until a comment has come, and no event before it. Comments that only wait to be read do not count: they were sent before
    /// whatever the test has done since.
    pub async fn quiet(&mut self) {
        let nothing = |event: Option<Event>| {
            if let Some(event) = event {
                panic!("it was not quiet: {event:?}");
            }
        };
        while let Ok(waiting) = timeout(PAUSE, self.step()).await {
            nothing(waiting.expect("a stream that goes on"));
        }
        let before = self.heartbeats;
        while self.heartbeats == before {
            nothing(self.step().await.expect("a stream that goes on"));
        }
    }

    /// The events that come until so many comments have.
    pub async fn until_beats(&mut self, beats: usize) -> Vec<Event> {
        let (before, mut came) = (self.heartbeats, Vec::new());
        while self.heartbeats < before + beats {
            came.extend(self.step().await.expect("a stream that goes on"));
        }
        came
    }

    /// Waits until the stream is over; what comes until then is not looked at.
    pub async fn end(&mut self) {
        while self.next().await.is_some() {}
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
