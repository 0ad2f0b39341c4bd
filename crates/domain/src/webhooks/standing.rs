//! What is thought of a receiver, by how it has answered: one that hangs waits longer, and takes the place of no other.

use time::Duration;

use super::wait_after;

/// How many quick answers in a row make up for a slow one.
const MADE_UP_AFTER: i16 = 5;
/// An answer that takes longer is slow.
const SLOW: Duration = Duration::seconds(2);
/// No pause is that of a later time-out: an hour.
const LONGEST: u16 = 5;

/// How an attempt was answered, whatever the answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// At once.
    Quick,
    /// After a while.
    Slow,
    /// Not at all, until nobody waited any more.
    Never,
}

impl Manner {
    /// That of an answer that took so long: slow beyond two seconds.
    pub fn of(taken: Duration) -> Self {
        if taken > SLOW { Self::Slow } else { Self::Quick }
    }
}

/// Which places a receiver may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// All of them: it answers.
    Prompt,
    /// Some: nobody knows yet.
    New,
    /// Few: it keeps others waiting.
    Slow,
}

/// What is thought of a receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverStanding {
    /// From -5 to 1: above zero once it has answered quickly; below it, how many quick answers it owes.
    pub score: i16,
    /// How often in a row it has not answered.
    pub misses: u16,
}

impl ReceiverStanding {
    /// What is thought of it after another attempt.
    ///
    /// ```
    /// use rollcall_domain::webhooks::{Lane, Manner, ReceiverStanding};
    ///
    /// let answers = ReceiverStanding::default().after(Manner::Quick);
    /// assert_eq!(answers.lane(), Lane::Prompt);
    /// assert_eq!(answers.after(Manner::Never).lane(), Lane::Slow);
    /// ```
    #[must_use]
    pub fn after(self, manner: Manner) -> Self {
        let score =
            if manner == Manner::Quick { self.score.saturating_add(1).min(1) } else { -MADE_UP_AFTER };
        let misses = if manner == Manner::Never { self.misses.saturating_add(1) } else { 0 };
        Self { score, misses }
    }

    /// The places that it may take.
    pub fn lane(self) -> Lane {
        match self.score {
            1.. => Lane::Prompt,
            0 => Lane::New,
            _ => Lane::Slow,
        }
    }

    /// How long all that goes to it waits, once it has not answered: five seconds at first and an hour at the most. None while it answers.
    pub fn pause(self) -> Option<Duration> {
        wait_after(self.misses.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_waits_longer_and_longer_but_never_for_more_than_an_hour() {
        let mut standing = ReceiverStanding::default().after(Manner::Quick);
        assert_eq!(standing.pause(), None);
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            standing = standing.after(Manner::Never);
            let pause = standing.pause().expect("a pause");
            assert!(pause >= last && pause <= Duration::HOUR, "{pause}");
            last = pause;
        }
        assert_eq!(last, Duration::HOUR);
        assert_eq!(standing.after(Manner::Slow).pause(), None);
    }

    #[test]
    fn one_quick_answer_does_not_make_up_for_a_slow_one() {
        for manner in [Manner::Slow, Manner::Never] {
            let mut standing = ReceiverStanding::default().after(Manner::Quick).after(manner);
            for _ in 1..MADE_UP_AFTER {
                standing = standing.after(Manner::Quick);
                assert_eq!(standing.lane(), Lane::Slow, "{standing:?}");
            }
            standing = standing.after(Manner::Quick).after(Manner::Quick);
            assert_eq!(standing.lane(), Lane::Prompt);
        }
        assert_eq!(Manner::of(SLOW), Manner::Quick);
        assert_eq!(Manner::of(SLOW + Duration::MILLISECOND), Manner::Slow);
    }
}
