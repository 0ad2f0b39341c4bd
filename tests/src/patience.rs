//! Waiting for a condition instead of for a time.

use std::time::{Duration, Instant};

/// The longest that a condition is waited for, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` gives something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
