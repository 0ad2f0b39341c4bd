//! What is kept of witnesses, and the way to them.

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId, UserId,
    audit::witnesses::{WebhookUrl, Witness},
    id::DeliveryId,
    secret::Secret,
};
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

/// What has become of a checkpoint that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is on its way.
    Queued,
    /// It was taken.
    Sent,
    /// It was given up.
    Failed,
    /// The witness is another one by now, or there is none.
    Moot,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Failed, Self::Moot];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Moot => "moot",
        }
    }
}

/// A checkpoint that was to be sent, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDelivery {
    /// Names it.
    pub id: DeliveryId,
    /// How many events the checkpoint is about.
    pub size: u64,
    /// When it was made.
    pub at: OffsetDateTime,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u16,
    /// When that was decided.
    pub settled_at: Option<OffsetDateTime>,
    /// What went wrong the last time.
    pub error: Option<String>,
}

/// Reads the witness of the scope's organization.
#[async_trait]
pub trait WitnessesView {
    /// The witness, if there is one.
    async fn witness_find(&mut self, organization: OrganizationId)
    -> Result<Option<KeptWitness>, StoreError>;

    /// The last checkpoints that were to be sent, the newest first, at most so many.
    async fn witness_deliveries(
        &mut self,
        organization: OrganizationId,
        at_most: u16,
    ) -> Result<Vec<ShownDelivery>, StoreError>;

    /// How many were to be sent since a moment.
    async fn witness_deliveries_since(
        &mut self,
        organization: OrganizationId,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError>;
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

/// A checkpoint that is being sent to a webhook.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Whose log.
    pub organization: OrganizationId,
    /// Names the delivery, for every attempt.
    pub id: DeliveryId,
    /// Where it goes.
    pub url: WebhookUrl,
    /// What it is signed with.
    pub secret: Sealed,
    /// How many events the checkpoint is about.
    pub size: u64,
    /// The checkpoint.
    pub note: String,
    /// When it was made.
    pub at: OffsetDateTime,
    /// How many attempts came before.
    pub attempts: u16,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was taken.
    Sent {
        /// When.
        at: OffsetDateTime,
    },
    /// It is to be tried again.
    Later {
        /// When.
        at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Failed {
        /// When.
        at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
}

/// What is to be sent to witnesses, wherever they are. A narrow door beside the units of work: that something is sent is written down
/// by a unit of work; what has become of it is bookkeeping.
#[async_trait]
pub trait WitnessPost: Send + Sync {
    /// Organizations whose witness is due a checkpoint, those that have waited longest first.
    async fn due(&self, now: OffsetDateTime, at_most: u16) -> Result<Vec<OrganizationId>, StoreError>;

    /// Puts off what is due in an organization.
    async fn put_off(&self, organization: OrganizationId, until: OffsetDateTime) -> Result<(), StoreError>;

    /// Takes what is to be sent to webhooks now. Nobody else gets it until `lease_until`.
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        at_most: u16,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Notes how an attempt ended, unless its lease has run out and another has begun.
    async fn settle(&self, delivery: &Claimed, settled: Settled) -> Result<(), StoreError>;

    /// Forgets what became of checkpoints that were made before a moment.
    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// What is sent to a webhook.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it goes.
    pub url: WebhookUrl,
    /// Names it; the same for every attempt, so that a repeat can be told.
    pub id: DeliveryId,
    /// When it is sent.
    pub at: OffsetDateTime,
    /// What it is signed with.
    pub secret: Secret,
    /// What it says: JSON.
    pub body: Vec<u8>,
}

/// A webhook has not taken what was sent. The texts are shown to those who set it up: they hold nothing of what was answered, nor of
/// what a name led to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It may take it later.
    #[error("{0}")]
    Now(String),
    /// It will never take it.
    #[error("{0}")]
    Ever(String),
}

/// Sends to webhooks.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Sends a message; once this returns without an error, it was taken.
    ///
    /// # Errors
    /// [`NotTaken`] tells whether trying again makes sense.
    async fn send(&self, message: Message) -> Result<(), NotTaken>;
}
