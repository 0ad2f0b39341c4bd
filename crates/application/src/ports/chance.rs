//! Chance is a port: nothing but an adapter asks the system for it.

use rollcall_domain::id::{Id, Kind};
use time::OffsetDateTime;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random ones, good enough for keys (ASVS 11.5.1). It does not fail: where there are none the process ends, as going on
    /// would mean secrets that can be guessed.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// A new id, made at `now`.
    pub fn id<K: Kind>(&self, now: OffsetDateTime) -> Id<K> {
        let mut random = [0; 10];
        self.fill(&mut random);
        // Times before 1970 only occur on a clock that is wrong; ids stay unique all the same.
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        Id::from_parts(millis, &random)
    }
}
