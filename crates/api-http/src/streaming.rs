//! Answers that are made while they are sent: no faster than they are taken, and not at all when nobody takes them.
//!
//! The time limit for requests is over once such an answer has begun; this is what bounds it from then on.

use std::{io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use rollcall_application::Error;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use crate::api::HttpSettings;

enum Piece {
    More(Bytes),
    Last,
}

/// Where the pieces of an answer go. Dropped before [`end`](Chunks::end), the answer is cut off so that its reader notices.
pub(crate) struct Chunks {
    sender: Sender<Piece>,
    patience: Duration,
}

/// Nobody takes the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes the answer")]
pub(crate) struct NotTaken;

/// Why an answer is cut off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CutOff {
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    #[error(transparent)]
    Refused(#[from] Error),
    #[error("a piece cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("a row cannot be written: {0}")]
    NoRow(#[from] crate::v1::NoRow),
}

/// The longest that a piece waits to be taken: shorter than the database waits for the next query of a transaction.
const PATIENCE: Duration = Duration::from_secs(20);

/// The body of an answer that nobody reads: it is made of nothing, and says nothing about how long the one would be that is read.
pub(crate) fn unread() -> Body {
    Body::from_stream(stream::empty::<io::Result<Bytes>>())
}

/// An answer's body, and where its pieces go. One that waits for too long to be taken is the last.
pub(crate) fn streamed(settings: &HttpSettings) -> (Chunks, Body) {
    pieces((settings.timeout / 2).min(PATIENCE))
}

fn pieces(patience: Duration) -> (Chunks, Body) {
    // One piece waits while the next one is made.
    let (sender, receiver) = channel(1);
    let pieces = stream::unfold(Some(receiver), async |receiver: Option<Receiver<Piece>>| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::More(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Piece::Last) => None,
            // The connection is closed for this, without the mark that an answer ends with (RFC 9112 section 8).
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    });
    (Chunks { sender, patience }, Body::from_stream(pieces))
}

impl Chunks {
    /// Hands over a piece, once there is room for it.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) async fn send(&self, bytes: impl Into<Bytes>) -> Result<(), NotTaken> {
        self.hand_over(Piece::More(bytes.into())).await
    }

    /// Ends the answer: it is whole.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) async fn end(self) -> Result<(), NotTaken> {
        self.hand_over(Piece::Last).await
    }

    async fn hand_over(&self, piece: Piece) -> Result<(), NotTaken> {
        match timeout(self.patience, self.sender.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotTaken),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn an_answer_that_is_not_ended_is_broken_and_one_that_is_is_whole() {
        for whole in [true, false] {
            let (chunks, body) = pieces(Duration::from_secs(60));
            let sending = tokio::spawn(async move {
                chunks.send(b"a".to_vec()).await?;
                if whole { chunks.end().await } else { Ok(()) }
            });
            let read = body.collect().await.map(|collected| collected.to_bytes());
            assert_eq!(read.is_ok(), whole);
            assert_eq!(sending.await.expect("no panic"), Ok(()));
        }
    }

    #[tokio::test]
    async fn nothing_is_made_for_a_reader_who_has_gone_or_takes_nothing() {
        let (chunks, body) = pieces(PATIENCE);
        assert_eq!(chunks.send(b"a".to_vec()).await, Ok(()));
        assert_eq!(chunks.send(b"b".to_vec()).await, Err(NotTaken));
        drop(body);
        assert_eq!(chunks.send(b"c".to_vec()).await, Err(NotTaken));
    }
}
