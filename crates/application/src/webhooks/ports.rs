//! What is kept of webhooks, and the way to them.

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId, UserId, Version, id::DeliveryId, secret::Secret, webhooks::WebhookUrl,
};
use time::OffsetDateTime;

use crate::{Sealed, ports::StoreError};

/// Where an organization has told what becomes of escalated calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWebhook {
    /// Where it goes.
    pub url: WebhookUrl,
    /// When it was chosen.
    pub set_at: OffsetDateTime,
    /// By whom; none once they have left.
    pub set_by: Option<UserId>,
    /// Counts the choices that have followed each other.
    pub choices: i32,
}

impl KeptWebhook {
    /// Which choice it is, for `If-Match`: what becomes of what is sent to it changes nothing about that.
    pub fn version(&self) -> Version {
        Version::since(self.set_at, self.choices)
    }
}

/// A webhook that is chosen.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where it goes.
    pub url: WebhookUrl,
    /// What messages are signed with.
    pub secret: Sealed,
    /// When it was chosen.
    pub at: OffsetDateTime,
    /// By whom.
    pub by: UserId,
}

/// Reads the webhook for escalations of the scope's organization.
#[async_trait]
pub trait WebhooksView {
    /// The webhook, if there is one.
    async fn webhook_find(&mut self, organization: OrganizationId)
    -> Result<Option<KeptWebhook>, StoreError>;
}

/// Changes the webhook for escalations of the scope's organization. What is to be sent to it is queued by the commits that tell it.
#[async_trait]
pub trait Webhooks {
    /// The webhook, which nobody else changes until the end of the transaction.
    async fn webhook_lock(&mut self, organization: OrganizationId)
    -> Result<Option<KeptWebhook>, StoreError>;

    /// Puts a webhook in the place of the one before. What was still on its way to that one is moot.
    async fn webhook_set(
        &mut self,
        organization: OrganizationId,
        webhook: &NewWebhook,
    ) -> Result<(), StoreError>;

    /// Removes the webhook. What was still on its way is moot.
    async fn webhook_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Puts what was given up on its way once more; gives back how much that is.
    async fn webhook_resend(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError>;
}

/// What is sent to a webhook.
#[derive(Debug, Clone)]
pub struct WebhookMessage {
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
    /// It may, but it has kept everybody waiting without an answer.
    #[error("{0}")]
    Late(String),
    /// It will never take it.
    #[error("{0}")]
    Ever(String),
}

/// How long whoever sends to a webhook waits for an answer.
#[async_trait]
pub trait Patience: Send + Sync {
    /// Returns once it is over.
    async fn end(&self);
}

/// Sends to webhooks.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Sends a message; once this returns without an error, it was taken.
    ///
    /// # Errors
    /// [`NotTaken`] tells whether trying again makes sense.
    async fn send(&self, message: WebhookMessage) -> Result<(), NotTaken>;
}
