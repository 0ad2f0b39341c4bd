//! Answers on a beat, so that the time they take tells nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Answers are given when a multiple of this has passed.
pub(crate) const BEAT: Duration = Duration::from_millis(25);

/// Waits for the next beat since a moment (ASVS 6.3.8).
pub(crate) async fn wait(since: Instant) {
    let beats = since.elapsed().as_nanos() / BEAT.as_nanos() + 1;
    sleep_until(since + BEAT * u32::try_from(beats).unwrap_or(u32::MAX)).await;
}
