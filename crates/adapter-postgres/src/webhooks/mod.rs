//! Webhooks: where it is told what becomes of escalated calls, and what is on its way to whoever is told something.

mod deliveries;
mod subscribers;

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    webhooks::{KeptWebhook, NewWebhook, Topic, Webhooks, WebhooksView},
};
use rollcall_domain::{OrganizationId, UserId};
use time::OffsetDateTime;

pub(crate) use deliveries::waiting;
pub(crate) use subscribers::{NewSubscriber, SubscriberRow, queue};

use crate::{
    row::{moment, value},
    transaction::Transaction,
};

impl TryFrom<SubscriberRow> for KeptWebhook {
    type Error = StoreError;

    fn try_from(row: SubscriberRow) -> Result<Self, StoreError> {
        let (set_at, set_by) = (moment(row.set_at), row.set_by.map(UserId::from_uuid));
        Ok(Self { url: value(&row.address)?, set_at, set_by, choices: row.version })
    }
}

#[async_trait]
impl WebhooksView for Transaction {
    async fn webhook_find(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWebhook>, StoreError> {
        let row = self.subscriber_find(organization, Topic::Escalations).await?;
        row.map(KeptWebhook::try_from).transpose()
    }
}

#[async_trait]
impl Webhooks for Transaction {
    async fn webhook_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWebhook>, StoreError> {
        let row = self.subscriber_lock(organization, Topic::Escalations).await?;
        row.map(KeptWebhook::try_from).transpose()
    }

    async fn webhook_set(
        &mut self,
        organization: OrganizationId,
        webhook: &NewWebhook,
    ) -> Result<(), StoreError> {
        let chosen = NewSubscriber {
            topic: Topic::Escalations,
            kind: "webhook",
            address: webhook.url.as_str(),
            secret: Some(&webhook.secret.0),
            at: webhook.at,
            by: webhook.by.uuid(),
            next_at: None,
        };
        self.subscriber_set(organization, &chosen).await
    }

    async fn webhook_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.subscriber_remove(organization, Topic::Escalations, at).await
    }

    async fn webhook_resend(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        self.deliveries_resend(organization, Topic::Escalations, at).await
    }
}
