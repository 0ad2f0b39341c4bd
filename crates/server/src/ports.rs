//! What a server runs with that tests, and whoever adds a payment provider, put something else in the place of. Nothing else in Rollcall
//! asks for the system's clock and chance.

use std::sync::Arc;

use rollcall_adapter_webhooks::AtMost;
use rollcall_application::{
    ErrorChain,
    plans::Billing,
    ports::{Clock, Entropy},
    webhooks::Patience,
};
use time::OffsetDateTime;

use crate::billing::OnAccount;

/// The clock and chance that a server runs with, and who collects the money.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Who collects the money.
    pub billing: Arc<dyn Billing>,
    /// What stands in for the database's own clock, which all nodes share.
    pub database_clock: Option<Arc<dyn Clock>>,
    /// How long webhooks are waited for.
    pub webhook_patience: Arc<dyn Patience>,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            billing: Arc::new(OnAccount),
            database_clock: None,
            webhook_patience: Arc::new(AtMost::default()),
        }
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now)
    }
}

/// The system's source of random bytes.
#[derive(Debug, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Going on would mean tokens that can be guessed.
            tracing::error!(error = %ErrorChain(&error), "the system gives no random bytes");
            std::process::abort();
        }
    }
}
