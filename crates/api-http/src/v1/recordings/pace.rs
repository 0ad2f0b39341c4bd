//! How slowly an upload may come.

use std::time::Duration;

/// However slowly it comes, at least so many bytes a second, over each minute that it was waited for: of whoever sends less, the place is
/// given to another. Speech in Opus is 2 to 4 KiB a second while it is spoken, and what is uploaded was spoken before.
const SLOWEST: u64 = 8 * 1024;
const MINUTE: Duration = Duration::from_secs(60);

/// What has come in this minute.
#[derive(Default)]
pub(super) struct Pace {
    waited: Duration,
    came: u64,
}

impl Pace {
    /// So many bytes have come, after a wait; says whether that is fast enough. What it takes to store them is not their sender's time.
    #[must_use]
    pub(super) fn keeps_up(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.came = self.came.saturating_add(bytes as u64);
        if self.waited < MINUTE {
            return true;
        }
        // A minute that has been looked at is over: nobody gets time on account.
        let Self { waited, came } = std::mem::take(self);
        came >= SLOWEST.saturating_mul(waited.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When an upload is told to be too slow that brings so many bytes each second.
    fn told_after(seconds: u64, of_second: impl Fn(u64) -> usize) -> Option<u64> {
        let mut pace = Pace::default();
        (1..=seconds).find(|second| !pace.keeps_up(Duration::from_secs(1), of_second(*second)))
    }

    #[test]
    fn attack_35_nobody_keeps_a_place_with_next_to_nothing() {
        assert_eq!(told_after(600, |_| 8 * 1024), None);
        assert_eq!(told_after(600, |_| 8 * 1024 - 1), Some(60));
        // However much has come before.
        assert_eq!(told_after(600, |second| if second == 1 { 1 << 30 } else { 0 }), Some(120));
        // Some of a minute may be slow.
        assert_eq!(told_after(600, |second| if second % 20 == 0 { 200 * 1024 } else { 0 }), None);
        assert_eq!(told_after(59, |_| 0), None);
    }
}
