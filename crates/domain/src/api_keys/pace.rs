//! How much a key may be used.

use time::{Duration, OffsetDateTime};

/// So many requests in so many seconds, all at once or spread. What was used comes back evenly (the generic cell rate algorithm).
///
/// ```
/// use rollcall_domain::api_keys::RateLimit;
/// use time::{Duration, OffsetDateTime};
///
/// let limit = RateLimit::new(2, 60)?;
/// let now = OffsetDateTime::UNIX_EPOCH;
/// let mut whole_at = now;
/// assert_eq!(limit.count(&mut whole_at, now).map(|state| state.remaining), Ok(1));
/// assert_eq!(limit.count(&mut whole_at, now).map(|state| state.remaining), Ok(0));
/// assert_eq!(limit.count(&mut whole_at, now), Err(Duration::seconds(30)));
/// # Ok::<(), rollcall_domain::api_keys::InvalidRateLimit>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    requests: u32,
    per_seconds: u32,
}

/// The numbers are no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRateLimit {
    /// Of requests there are none, or more than anybody sends.
    #[error("must be between 1 and {}", RateLimit::MOST_REQUESTS)]
    Requests,
    /// The time is none, or longer than is kept in mind.
    #[error("must be between 1 and {}", RateLimit::MOST_SECONDS)]
    PerSeconds,
}

/// How a key stands against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitState {
    /// The limit.
    pub limit: RateLimit,
    /// How many requests are left.
    pub remaining: u32,
    /// How long until all of them are there again.
    pub whole_in: Duration,
}

impl RateLimit {
    /// The most requests that a limit can allow within its time.
    pub const MOST_REQUESTS: u32 = 1_000_000;
    /// The longest time, in seconds: a day.
    pub const MOST_SECONDS: u32 = 86_400;

    /// So many requests in so many seconds.
    ///
    /// # Errors
    /// [`InvalidRateLimit`].
    pub fn new(requests: u32, per_seconds: u32) -> Result<Self, InvalidRateLimit> {
        if !(1..=Self::MOST_REQUESTS).contains(&requests) {
            return Err(InvalidRateLimit::Requests);
        }
        if !(1..=Self::MOST_SECONDS).contains(&per_seconds) {
            return Err(InvalidRateLimit::PerSeconds);
        }
        Ok(Self { requests, per_seconds })
    }

    /// How many requests, from 1 to [`MOST_REQUESTS`](Self::MOST_REQUESTS).
    pub const fn requests(self) -> u32 {
        self.requests
    }

    /// In how many seconds, from 1 to [`MOST_SECONDS`](Self::MOST_SECONDS).
    pub const fn per_seconds(self) -> u32 {
        self.per_seconds
    }

    /// Whether it lets through more than `other`: at once, or as time goes on.
    pub(crate) const fn is_more_than(self, other: Self) -> bool {
        let (ours, theirs) = (self.requests as u64, other.requests as u64);
        ours > theirs || ours * other.per_seconds as u64 > theirs * self.per_seconds as u64
    }

    /// Counts a request at `now`. `whole_at` is when all requests would have been there again, and moves on if there is room for
    /// this one.
    ///
    /// # Errors
    /// How long to wait, when there is none.
    pub fn count(
        self,
        whole_at: &mut OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<RateLimitState, Duration> {
        let window = Duration::seconds(self.per_seconds.into());
        let each = window / self.requests;
        // A clock that was put back must not keep anybody waiting for longer than the whole time.
        let used = (*whole_at - now).clamp(Duration::ZERO, window);
        if used + each > window {
            return Err(used + each - window);
        }
        let used = used + each;
        *whole_at = now + used;
        let remaining = (window - used).whole_nanoseconds() / each.whole_nanoseconds().max(1);
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX).min(self.requests - 1);
        Ok(RateLimitState { limit: self, remaining, whole_in: used })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_limit_can_be_used_up_at_once_and_then_as_fast_as_room_comes_back() {
        let limit = RateLimit::new(3, 60).expect("a limit");
        let mut whole_at = NOW;
        let remaining: Vec<u32> =
            (0..3).map(|_| limit.count(&mut whole_at, NOW).expect("room").remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        assert_eq!(limit.count(&mut whole_at, NOW), Err(Duration::seconds(20)));
        // Whoever is refused has used up nothing.
        let later = NOW + Duration::seconds(20);
        assert_eq!(limit.count(&mut whole_at, later - Duration::NANOSECOND), Err(Duration::NANOSECOND));
        assert_eq!(limit.count(&mut whole_at, later).map(|standing| standing.remaining), Ok(0));
        assert!(limit.count(&mut whole_at, later).is_err());
        let tomorrow = NOW + Duration::DAY;
        let standing = limit.count(&mut whole_at, tomorrow).expect("room");
        assert_eq!((standing.remaining, standing.whole_in), (2, Duration::seconds(20)));
    }

    #[test]
    fn every_limit_lets_through_as_many_as_it_says() {
        for (requests, per_seconds) in [(1, 1), (7, 1), (1_000, 60), (999, 86_400), (1, 86_400)] {
            let limit = RateLimit::new(requests, per_seconds).expect("a limit");
            let mut whole_at = NOW;
            let through = (0..requests + 5).filter(|_| limit.count(&mut whole_at, NOW).is_ok()).count();
            assert_eq!(through, requests as usize, "{requests} in {per_seconds}");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_keeps_nobody_waiting_for_long() {
        let limit = RateLimit::new(1, 10).expect("a limit");
        let mut whole_at = NOW + Duration::DAY;
        assert_eq!(limit.count(&mut whole_at, NOW), Err(Duration::seconds(10)));
        assert!(limit.count(&mut whole_at, NOW + Duration::DAY).is_ok());
    }

    #[test]
    fn limits_are_bounded() {
        assert_eq!(RateLimit::new(0, 1), Err(InvalidRateLimit::Requests));
        assert_eq!(RateLimit::new(1_000_001, 1), Err(InvalidRateLimit::Requests));
        assert_eq!(RateLimit::new(1, 0), Err(InvalidRateLimit::PerSeconds));
        assert_eq!(RateLimit::new(1, 86_401), Err(InvalidRateLimit::PerSeconds));
    }
}
