//! How much has run out.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many offers and leases this node has seen run out. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Lapsed(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    offers: AtomicU64,
    leases: AtomicU64,
}

impl Lapsed {
    /// One more offer that nobody has taken.
    pub(super) fn offer(&self) {
        self.0.offers.fetch_add(1, Ordering::Relaxed);
    }

    /// One more lease that nobody has renewed.
    pub(super) fn lease(&self) {
        self.0.leases.fetch_add(1, Ordering::Relaxed);
    }

    /// How many offers.
    pub fn offers(&self) -> u64 {
        self.0.offers.load(Ordering::Relaxed)
    }

    /// How many leases.
    pub fn leases(&self) -> u64 {
        self.0.leases.load(Ordering::Relaxed)
    }
}
