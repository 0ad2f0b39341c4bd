//! A clock that only tests move.

use std::sync::{Arc, Mutex};

use rollcall_application::ports::Clock;
use time::{Duration, OffsetDateTime, macros::datetime};

/// A clock that stands still until a test moves it.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(datetime!(2026-03-01 09:00:00 UTC))))
    }
}

impl ManualClock {
    /// A clock that stands still at a moment.
    pub fn at(moment: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(moment)))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}
