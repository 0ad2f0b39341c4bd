//! Following what is not good any more, for as long as somebody wants to know.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use rollcall_domain::{ErrorChain, revocations::Revocation};
use tokio::time::{sleep, timeout};

use crate::{
    chance,
    connection::{Connection, Unanswered, succeeded},
    memory::Memory,
    sse::{Block, NoEvents, Reader},
};

/// The longest silence before the link is taken for dead. Something comes four times a second.
const SILENCE: Duration = Duration::from_secs(2);
/// The longest wait for the stream to begin.
const BEGINNING: Duration = Duration::from_secs(5);
/// The first and the longest pause before another try.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why the stream is over.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("nothing is heard")]
    Silence,
    #[error(transparent)]
    NoEvents(#[from] NoEvents),
    #[error("it has ended")]
    Ended,
}

/// Follows the feed until nobody remembers anything any more.
pub(crate) async fn follow(connection: Connection, memory: Weak<Memory>) {
    let mut follower = Follower { last: None, pause: PAUSE };
    while let Some(memory) = memory.upgrade() {
        let lost = follower.listen(&connection, &memory).await;
        tracing::info!(
            reason = %ErrorChain(&lost),
            "the revocation feed is lost; every token is introspected meanwhile"
        );
        drop(memory);
        sleep(chance::some_of(follower.pause)).await;
        follower.pause = (follower.pause * 2).min(LONGEST_PAUSE);
    }
}

struct Follower {
    /// The id of the last event that was heard.
    last: Option<String>,
    pause: Duration,
}

impl Follower {
    async fn listen(&mut self, connection: &Connection, memory: &Arc<Memory>) -> Lost {
        match self.hear(connection, memory).await {
            Ok(()) => Lost::Ended,
            Err(lost) => lost,
        }
    }

    async fn hear(&mut self, connection: &Connection, memory: &Arc<Memory>) -> Result<(), Lost> {
        let mut request = connection.get("/v1/service/revocations");
        if let Some(last) = &self.last {
            request = request.header("Last-Event-ID", last);
        }
        let response = timeout(BEGINNING, request.send()).await.map_err(|_| Lost::Silence)?;
        let mut response = succeeded(response.map_err(Unanswered::from)?)?;
        let mut reader = Reader::default();
        let mut heard = false;
        loop {
            // Whoever remembers has gone, and this with them.
            if Arc::strong_count(memory) == 1 {
                return Ok(());
            }
            let piece = timeout(SILENCE, response.chunk()).await.map_err(|_| Lost::Silence)?;
            let Some(piece) = piece.map_err(Unanswered::from)? else { return Ok(()) };
            for block in reader.read(&piece)? {
                self.take(block, memory);
                // Once: while the stream goes on, questions may go without an answer all the same.
                if !std::mem::replace(&mut heard, true) {
                    connection.is_there();
                }
                self.pause = PAUSE;
            }
        }
    }

    fn take(&mut self, block: Block, memory: &Memory) {
        match block {
            Block::Comment => memory.nothing_is_missing(),
            Block::Event { id, kind, data } => {
                match serde_json::from_str::<Revocation>(&data) {
                    Ok(revocation) if kind != "reset" => memory.ended(&revocation),
                    // It begins anew, or tells of what a later Rollcall knows to end: whatever it is, asking again is safe.
                    Ok(_) | Err(_) => memory.something_was_missed(),
                }
                self.last = id.or(self.last.take());
            }
        }
    }
}
