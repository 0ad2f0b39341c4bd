//! Commands in any order, and small models of what must come of them.
//!
//! Each model says a rule once more and in another way: as a table, or as what was done so far, instead of as a decision. What they keep
//! to is in the names of the tests.

use proptest::test_runner::{Config, RngSeed};

mod availability;
mod escalation;
mod invitation;
mod membership;

/// By the same chance each time: a suite is to find today what it found yesterday.
fn always_the_same() -> Config {
    Config { rng_seed: RngSeed::Fixed(33), ..Config::default() }
}
