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
    /// So many more offers that nobody has taken, and leases that nobody has renewed.
    pub(super) fn count(&self, offers: u64, leases: u64) {
        self.0.offers.fetch_add(offers, Ordering::Relaxed);
        self.0.leases.fetch_add(leases, Ordering::Relaxed);
    }

    /// How many offers have lapsed since this node began.
    pub fn offers(&self) -> u64 {
        self.0.offers.load(Ordering::Relaxed)
    }

    /// How many leases have lapsed since this node began.
    pub fn leases(&self) -> u64 {
        self.0.leases.load(Ordering::Relaxed)
    }
}
