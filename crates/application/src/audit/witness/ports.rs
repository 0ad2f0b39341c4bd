//! What is kept of witnesses, and the way to them.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, UserId, Version, audit::witness::Witness, id::DeliveryId};
use time::OffsetDateTime;

use crate::{Sealed, ports::StoreError};

/// An organization's witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWitness {
    /// Where checkpoints go.
    pub witness: Witness,
    /// When it was chosen.
    pub set_at: OffsetDateTime,
    /// By whom; none once they have left.
    pub set_by: Option<UserId>,
    /// When the next checkpoint is due.
    pub next_at: OffsetDateTime,
    /// Counts the choices that have followed each other.
    pub choices: i32,
}

impl KeptWitness {
    /// Which choice it is, for `If-Match`: what becomes of checkpoints changes nothing about that.
    pub fn version(&self) -> Version {
        Version::since(self.set_at, self.choices)
    }
}

/// A witness that is chosen.
#[derive(Debug, Clone)]
pub struct NewWitness {
    /// Where checkpoints go.
    pub witness: Witness,
    /// What a webhook is signed with.
    pub secret: Option<Sealed>,
    /// When. The first checkpoint is due at once.
    pub at: OffsetDateTime,
    /// By whom.
    pub by: UserId,
}

/// A checkpoint that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Names it.
    pub id: DeliveryId,
    /// How many events the checkpoint is about.
    pub size: u64,
    /// The checkpoint: a signed note.
    pub note: String,
    /// When it was made.
    pub at: OffsetDateTime,
    /// When the next one is due.
    pub next_at: OffsetDateTime,
}

/// Reads the witness of the scope's organization.
#[async_trait]
pub trait WitnessesView {
    /// The witness, if there is one.
    async fn witness_find(&mut self, organization: OrganizationId)
    -> Result<Option<KeptWitness>, StoreError>;
}

/// Changes the witness of the scope's organization.
#[async_trait]
pub trait Witnesses {
    /// The witness, which nobody else changes until the end of the transaction, nor sends anything.
    async fn witness_lock(&mut self, organization: OrganizationId)
    -> Result<Option<KeptWitness>, StoreError>;

    /// Puts a witness in the place of the one before. What was still on its way to that one is moot.
    async fn witness_set(
        &mut self,
        organization: OrganizationId,
        witness: &NewWitness,
    ) -> Result<(), StoreError>;

    /// Removes the witness. What was still on its way is moot.
    async fn witness_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Puts a checkpoint on its way.
    async fn witness_deliver(
        &mut self,
        organization: OrganizationId,
        delivery: &NewDelivery,
    ) -> Result<(), StoreError>;
}

/// Whose witness is due something, wherever they are. A narrow door beside the units of work: that something is sent is written down
/// by a unit of work.
#[async_trait]
pub trait DueWitnesses: Send + Sync {
    /// Organizations whose witness is due a checkpoint, those that have waited longest first.
    async fn due(&self, now: OffsetDateTime, at_most: u16) -> Result<Vec<OrganizationId>, StoreError>;

    /// Puts off what is due in an organization.
    async fn put_off(&self, organization: OrganizationId, until: OffsetDateTime) -> Result<(), StoreError>;
}
