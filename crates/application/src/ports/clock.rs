//! Time is a port: nothing but an adapter asks the system for it.

use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC, to the microsecond: the precision that is stored.
    fn now(&self) -> OffsetDateTime;
}
