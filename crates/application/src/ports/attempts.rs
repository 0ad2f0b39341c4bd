//! Attempts to prove who one is, counted for all nodes together.

use async_trait::async_trait;
use rollcall_domain::attempts::{Allowances, TooMany};
use time::OffsetDateTime;

use super::StoreError;

/// Counts attempts. A narrow door of its own beside the units of work: what it keeps are digests and counts, and leaves no events.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Counts an attempt before it is looked at, by [`begin`](rollcall_domain::attempts::begin). With [`TooMany`] nothing is counted.
    async fn begin(
        &self,
        attempt: &AttemptKeys,
        allowances: Option<&Allowances>,
        now: OffsetDateTime,
    ) -> Result<Result<Begun, TooMany>, StoreError>;

    /// Notes that an attempt that was counted has not failed, under the same allowances. One of which nothing is noted has failed.
    async fn settle(
        &self,
        attempt: &AttemptKeys,
        begun: Begun,
        settled: AttemptOutcome,
        allowances: Option<&Allowances>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Whether the owner should hear of an attempt that was counted and has failed: there are more in a row than they have heard of.
    /// Nobody else is told that they should.
    async fn tell(&self, account: [u8; 32]) -> Result<bool, StoreError>;

    /// Forgets what was counted at an account in a row, and stops nobody any more: another secret was chosen.
    async fn begin_anew(&self, account: [u8; 32]) -> Result<(), StoreError>;

    /// Forgets what no attempt has come to for so long that it says nothing any more; gives back how much.
    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// What a unit of work asks of attempts that it has looked at.
#[async_trait]
pub trait AttemptsLookedAt {
    /// As [`Attempts::tell`], by the commit. It takes no other connection while the unit holds one; whoever begins another attempt at the
    /// account waits for it.
    async fn attempts_tell(&mut self, account: [u8; 32]) -> Result<bool, StoreError>;
}

/// An attempt that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Whether the device was known, so that its own allowance was spent.
    pub device_is_known: bool,
    /// How many there are in a row with it, counting those that are being looked at.
    pub in_a_row: u32,
}

/// How an attempt ended that has not failed. What it has spent is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The secret was right: what failed before it does not count any more, and its device is known from then on.
    Good,
    /// The secret was not looked at.
    NotLookedAt,
}

/// An attempt, by digests that tell nothing to whoever reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptKeys {
    /// Of the account, or of an address that has none.
    pub account: [u8; 32],
    /// Whether there is an account: what was counted at one is kept for longer.
    pub is_of_account: bool,
    /// Of the device, at that account.
    pub device: [u8; 32],
    /// Whether the device has shown that it was used before; if not, it may be known all the same.
    pub device_is_known: bool,
    /// Of the network.
    pub network: [u8; 32],
}
