//! Giving audit events their places, as soon as there are some.

use std::time::Duration;

use rollcall_application::{Application, audit};
use tokio_util::sync::CancellationToken;

use super::{PAUSE, complain, pause};

/// How often audit events are looked for that another node has left without a place.
const SEQUENCE_EVERY: Duration = Duration::from_secs(1);

/// Gives audit events their places. A round that has begun is finished.
pub(super) async fn sequence(app: &Application, stopped: &CancellationToken) {
    // The first look is at once: whoever served before may have left something.
    let mut at_most = Duration::ZERO;
    while !stopped.is_cancelled() {
        let waited = tokio::select! {
            waited = app.sequencing.wait(at_most) => waited,
            () = stopped.cancelled() => return,
        };
        at_most = SEQUENCE_EVERY;
        let works = match waited {
            Ok(shards) => sequence_all(app, shards, stopped).await,
            Err(error) => {
                complain(Err(error));
                false
            }
        };
        if !works {
            pause(PAUSE, stopped).await;
        }
    }
}

/// In turns, so that no shard waits until another has nothing to do any more. Gives back whether all of it worked.
async fn sequence_all(app: &Application, mut shards: Vec<audit::Shard>, stopped: &CancellationToken) -> bool {
    let mut works = true;
    while !shards.is_empty() && !stopped.is_cancelled() {
        let mut with_more = Vec::new();
        for shard in shards {
            match audit::sequence(app, shard).await {
                Ok(done) if done.more => with_more.push(shard),
                Ok(_) => {}
                // The others go on.
                Err(error) => {
                    complain(Err(error));
                    works = false;
                }
            }
        }
        shards = with_more;
    }
    works
}
