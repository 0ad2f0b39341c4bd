//! How slowly an upload may come.

use std::time::Duration;

use crate::api::UploadPace;

const MINUTE: Duration = Duration::from_secs(60);

/// How an upload comes. Whoever is too slow gives their place to another.
pub(super) struct Pace {
    least: UploadPace,
    /// How long nothing has come by now.
    silent: Duration,
    /// What has come in this minute of waiting.
    waited: Duration,
    came: u64,
}

impl Pace {
    /// Nothing has come yet.
    pub(super) fn begin(least: UploadPace) -> Self {
        Self { least, silent: Duration::ZERO, waited: Duration::ZERO, came: 0 }
    }

    /// So many bytes have come, or none, after a wait; says whether that is fast enough. What it takes to store them is not their
    /// sender's time.
    #[must_use]
    pub(super) fn keeps_up(&mut self, waited: Duration, bytes: usize) -> bool {
        self.silent = if bytes > 0 { Duration::ZERO } else { self.silent.saturating_add(waited) };
        self.waited = self.waited.saturating_add(waited);
        self.came = self.came.saturating_add(bytes as u64);
        if self.silent >= self.least.silence {
            return false;
        }
        if self.waited < MINUTE {
            return true;
        }
        // A minute that has been looked at is over: nobody gets time on account.
        let (waited, came) = (std::mem::take(&mut self.waited), std::mem::take(&mut self.came));
        came >= self.least.bytes_per_second.saturating_mul(waited.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When an upload is told to be too slow that brings so many bytes each second.
    fn told_after(seconds: u64, of_second: impl Fn(u64) -> usize) -> Option<u64> {
        let least = UploadPace { silence: Duration::from_secs(30), bytes_per_second: 8 * 1024 };
        let mut pace = Pace::begin(least);
        (1..=seconds).find(|second| !pace.keeps_up(Duration::from_secs(1), of_second(*second)))
    }

    #[test]
    fn attack_35_nobody_keeps_a_place_with_next_to_nothing() {
        assert_eq!(told_after(600, |_| 8 * 1024), None);
        assert_eq!(told_after(600, |_| 8 * 1024 - 1), Some(60));
        // However much has come before.
        assert_eq!(told_after(600, |second| if second == 1 { 1 << 30 } else { 1 }), Some(120));
        // Some of a minute may be slow.
        assert_eq!(told_after(600, |second| if second % 20 == 0 { 200 * 1024 } else { 0 }), None);
        assert_eq!(told_after(59, |_| 1), None);
    }

    #[test]
    fn attack_35_nobody_keeps_a_place_with_nothing() {
        assert_eq!(told_after(600, |_| 0), Some(30));
        assert_eq!(told_after(600, |second| if second == 20 { 1 << 30 } else { 0 }), Some(50));
    }
}
