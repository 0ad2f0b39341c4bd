//! How long answers took.

use std::time::Duration;

/// How long each of many answers took. All are kept, so that every percentile is exact: a second's worth is less than
/// a megabyte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    /// Nanoseconds; what takes longer than four seconds counts as four.
    times: Vec<u32>,
    /// The bytes of their bodies.
    bytes: u64,
}

impl Answers {
    /// One more answer.
    pub(crate) fn add(&mut self, took: Duration, bytes: usize) {
        self.times.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        self.bytes += bytes as u64;
    }

    /// Those of another connection too.
    pub(crate) fn merge(&mut self, other: Self) {
        self.times.extend(other.times);
        self.bytes += other.bytes;
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// The mean size of a body, in bytes.
    pub(crate) fn mean_bytes(&self) -> u64 {
        self.bytes / (self.times.len() as u64).max(1)
    }

    /// How long the fastest of each `parts` took at the most (nearest rank): the median is `[0.5]`.
    pub(crate) fn percentiles<const N: usize>(mut self, parts: [f64; N]) -> [Duration; N] {
        self.times.sort_unstable();
        parts.map(|part| {
            let rank = (part * self.times.len() as f64).ceil() as usize;
            let time = self.times.get(rank.saturating_sub(1)).copied().unwrap_or_default();
            Duration::from_nanos(time.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(milliseconds: impl IntoIterator<Item = u64>) -> Answers {
        let mut answers = Answers::default();
        for time in milliseconds {
            answers.add(Duration::from_millis(time), 10);
        }
        answers
    }

    #[test]
    fn a_percentile_is_the_nearest_rank_whatever_the_order() {
        let hundred = answers((1..=100).rev());
        let [half, most, all] = hundred.percentiles([0.5, 0.99, 1.0]);
        assert_eq!(
            [half, most, all],
            [Duration::from_millis(50), Duration::from_millis(99), Duration::from_millis(100)]
        );
        assert_eq!(answers([1, 2, 3]).percentiles([0.5]), [Duration::from_millis(2)]);
        assert_eq!(answers([7]).percentiles([0.5, 0.99]), [Duration::from_millis(7); 2]);
        assert_eq!(answers([]).percentiles([0.99]), [Duration::ZERO]);
    }

    #[test]
    fn what_takes_very_long_is_the_longest_that_is_told_apart() {
        let [longest] = answers([60_000]).percentiles([0.99]);
        assert_eq!(longest, Duration::from_nanos(u32::MAX.into()));
    }

    #[test]
    fn connections_are_counted_together() {
        let mut one = answers([1, 2]);
        one.merge(answers([3]));
        assert_eq!((one.count(), one.mean_bytes()), (3, 10));
        assert_eq!(one.percentiles([1.0]), [Duration::from_millis(3)]);
        assert_eq!(Answers::default().mean_bytes(), 0);
    }
}
