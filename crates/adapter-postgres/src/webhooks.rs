//! Webhooks, and what is on its way to them.

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    webhooks::{DeliveryState, KeptWebhook, NewWebhook, ShownDelivery, WebhooksKept, WebhooksView},
};
use rollcall_domain::{OrganizationId, UserId, id::DeliveryId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    transaction::Transaction,
};

/// A webhook as it is kept.
struct Row {
    url: String,
    set_at: OffsetDateTime,
    set_by: Option<Uuid>,
}

impl TryFrom<Row> for KeptWebhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let (set_at, set_by) = (moment(row.set_at), row.set_by.map(UserId::from_uuid));
        Ok(Self { url: value(&row.url)?, set_at, set_by })
    }
}

pub(crate) fn state(text: &str) -> Result<DeliveryState, StoreError> {
    let state = DeliveryState::ALL.into_iter().find(|state| state.as_str() == text);
    state.ok_or_else(|| corrupt("a delivery in no known state"))
}

#[async_trait]
impl WebhooksView for Transaction {
    async fn webhook_find(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWebhook>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT url, set_at, set_by FROM escalation_webhooks WHERE org_id = $1",
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(KeptWebhook::try_from).transpose()
    }

    async fn webhook_deliveries(
        &mut self,
        organization: OrganizationId,
        at_most: u16,
    ) -> Result<Vec<ShownDelivery>, StoreError> {
        let rows = sqlx::query!(
            "SELECT delivery_id, action, created_at, state, attempts, settled_at, last_error FROM escalation_deliveries
              WHERE org_id = $1 ORDER BY created_at DESC, delivery_id DESC LIMIT $2",
            organization.uuid(),
            i64::from(at_most),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let shown = rows.into_iter().map(|row| {
            Ok(ShownDelivery {
                id: DeliveryId::from_uuid(row.delivery_id),
                kind: row.action,
                at: moment(row.created_at),
                state: state(&row.state)?,
                attempts: count(row.attempts.into())?,
                settled_at: row.settled_at.map(moment),
                error: row.last_error,
            })
        });
        shown.collect()
    }
}

impl Transaction {
    /// Nobody waits any more for what is on its way.
    async fn webhook_deliveries_are_moot(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE escalation_deliveries SET state = 'moot', settled_at = $2
              WHERE org_id = $1 AND state = 'queued'",
            organization.uuid(),
            at,
        );
        update.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl WebhooksKept for Transaction {
    async fn webhook_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWebhook>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT url, set_at, set_by FROM escalation_webhooks WHERE org_id = $1 FOR UPDATE",
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(KeptWebhook::try_from).transpose()
    }

    async fn webhook_set(
        &mut self,
        organization: OrganizationId,
        webhook: &NewWebhook,
    ) -> Result<(), StoreError> {
        self.webhook_deliveries_are_moot(organization, webhook.at).await?;
        let set = sqlx::query!(
            "INSERT INTO escalation_webhooks (org_id, url, secret, set_at, set_by) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (org_id) DO UPDATE
                SET url = EXCLUDED.url, secret = EXCLUDED.secret, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by,
                    score = LEAST(escalation_webhooks.score, 0), misses = 0, paused_until = NULL",
            organization.uuid(),
            webhook.url.as_str(),
            webhook.secret.0,
            webhook.at,
            webhook.by.uuid(),
        );
        exactly_one(set.execute(self.connection()).await)
    }

    async fn webhook_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.webhook_deliveries_are_moot(organization, at).await?;
        let delete = sqlx::query!("DELETE FROM escalation_webhooks WHERE org_id = $1", organization.uuid());
        exactly_one(delete.execute(self.connection()).await)
    }

    async fn webhook_resend(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let update = sqlx::query!(
            "UPDATE escalation_deliveries SET state = 'queued', attempts = 0, due_at = $2, settled_at = NULL
              WHERE org_id = $1 AND state = 'failed'",
            organization.uuid(),
            at,
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected())
    }
}

/// Queues what becomes of escalated calls for the organization's webhook, if it has one, with the transaction's commit. A delivery is
/// called by what the event is, so that nothing is sent twice as something else.
pub(crate) async fn queue(
    connection: &mut PgConnection,
    organization: Uuid,
    ids: &[Uuid],
    actions: &[String],
    data: &[serde_json::Value],
    at: &[OffsetDateTime],
) -> Result<(), StoreError> {
    let queue = sqlx::query!(
        "INSERT INTO escalation_deliveries (org_id, delivery_id, action, data, created_at, due_at)
         SELECT w.org_id, n.event_id, n.action, n.data, n.occurred_at, n.occurred_at
           FROM escalation_webhooks w,
                unnest($2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[]) AS n (event_id, action, data, occurred_at)
          WHERE w.org_id = $1 AND n.action LIKE 'escalation.%'",
        organization,
        ids,
        actions,
        data,
        at,
    );
    queue.execute(connection).await.map_err(store_error)?;
    Ok(())
}
