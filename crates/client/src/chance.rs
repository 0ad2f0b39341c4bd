//! A little chance, for what must differ and need not be secret.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// A number that nobody else is likely to have.
pub(crate) fn number() -> u64 {
    // Each state begins with keys of its own.
    RandomState::new().hash_one(0)
}

/// Half of a time to all of it: those who failed together should not come back together.
pub(crate) fn some_of(time: Duration) -> Duration {
    let half = time / 2;
    let rest = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(number() % rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_half_to_all_of_a_time_and_not_all_alike() {
        let waits: Vec<Duration> = (0..100).map(|_| some_of(Duration::from_secs(1))).collect();
        assert!(
            waits.iter().all(|wait| (Duration::from_millis(500)..=Duration::from_secs(1)).contains(wait))
        );
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
