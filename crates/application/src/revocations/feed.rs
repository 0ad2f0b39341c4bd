//! One look-out on each node tells everybody who follows here how far the order of revocations goes.
//!
//! Several times a second it gives what has been committed its place. That it has done so, and when, is what followers go
//! by: they are told after each time, also when there was nothing, so that whoever hears nothing knows that they hear
//! nothing.

use std::{sync::Arc, time::Duration as Wait};

use time::Duration;
use tokio::sync::{Notify, watch};

use super::{FeedPosition, Revocations};
use crate::{Application, Error, ErrorChain};

/// The longest pause between two looks.
const LOOK_EVERY: Wait = Wait::from_millis(250);
/// How long it is known what was told, for whoever comes back.
const KEPT: Duration = Duration::HOUR;

/// The feed of revocations, on this node. Cloning it is cheap.
#[derive(Clone)]
pub struct Feed {
    pub(super) revocations: Arc<dyn Revocations>,
    pub(super) looks: Arc<watch::Sender<Look>>,
    /// Told when somebody begins to follow.
    pub(super) wanted: Arc<Notify>,
}

/// What came of the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nobody has looked yet.
    NotYet,
    /// How far the order goes, and how often it has been looked.
    Seen { head: FeedPosition, times: u64 },
    /// Nobody will look any more.
    Closed,
}

impl Feed {
    /// A feed of what is noted.
    pub fn new(revocations: Arc<dyn Revocations>) -> Self {
        Self { revocations, looks: Arc::new(watch::Sender::new(Look::NotYet)), wanted: Arc::default() }
    }

    /// Looks, for as long as it is polled. While nobody follows there is nothing to do.
    pub async fn keep_looking(&self, app: &Application) {
        let (mut times, mut works) = (0, true);
        loop {
            if self.looks.receiver_count() == 0 {
                self.wanted.notified().await;
            }
            match self.revocations.publish(app.now()).await {
                Ok(head) => {
                    times += 1;
                    works = true;
                    self.looks.send_replace(Look::Seen { head, times });
                }
                // Followers hear nothing, and draw their conclusions. Told once, however long it lasts.
                Err(error) => {
                    if works {
                        tracing::warn!(error = %ErrorChain(&error), "what is revoked cannot be told to services");
                    }
                    works = false;
                }
            }
            self.revocations.wait(LOOK_EVERY).await;
        }
    }

    /// Ends every stream of it: this node stops.
    pub fn close(&self) {
        self.looks.send_replace(Look::Closed);
    }
}

/// Forgets what was told so long ago that nobody should come back for it; gives back how many.
///
/// # Errors
/// Only when something is out of order.
pub async fn forget(app: &Application) -> Result<u64, Error> {
    let now = app.now();
    // What nobody has followed has no place yet, and so no age.
    app.feed.revocations.publish(now).await?;
    Ok(app.feed.revocations.forget(now - KEPT).await?)
}
