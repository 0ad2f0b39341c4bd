//! Webhooks, and what is on its way to them.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    webhooks::{
        Claimed, DeliveryState, KeptWebhook, NewWebhook, Post, Settled, ShownDelivery, Subscriber,
        WebhooksKept, WebhooksView,
    },
};
use rollcall_domain::{OrganizationId, UserId, id::DeliveryId};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    store::PgStore,
    transaction::{Transaction, begin_task, task},
};

/// How many deliveries of one organization are sent at a time: a webhook that hangs takes the places of no others.
const OF_ONE: i64 = 4;

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

/// Something that is to be sent.
struct DueRow {
    org_id: Uuid,
    delivery_id: Uuid,
    address: String,
    secret: Vec<u8>,
    created_at: OffsetDateTime,
    attempts: i32,
}

impl DueRow {
    fn claimed(self, to: Subscriber, kind: String, data: serde_json::Value) -> Result<Claimed, StoreError> {
        Ok(Claimed {
            organization: OrganizationId::from_uuid(self.org_id),
            id: DeliveryId::from_uuid(self.delivery_id),
            to,
            url: value(&self.address)?,
            secret: Sealed(self.secret),
            kind,
            data,
            at: moment(self.created_at),
            attempts: count(i64::from(self.attempts) - 1)?,
        })
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
                SET url = EXCLUDED.url, secret = EXCLUDED.secret, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by",
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

#[async_trait]
impl Post for PgStore {
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        at_most: u16,
    ) -> Result<Vec<Claimed>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        let checkpoints = sqlx::query!(
            r#"WITH turns AS (SELECT d.org_id, d.delivery_id, w.address, w.secret,
                                     row_number() OVER (PARTITION BY d.org_id ORDER BY d.due_at, d.delivery_id) AS turn
                                FROM audit_deliveries d
                                JOIN audit_witnesses w ON w.org_id = d.org_id AND w.kind = 'webhook'
                                JOIN organizations o ON o.org_id = d.org_id AND o.deleted_at IS NULL
                               WHERE d.state = 'queued' AND d.kind = 'webhook' AND d.due_at <= $1),
                    due AS MATERIALIZED (SELECT d.org_id, d.delivery_id, t.address, t.secret
                                           FROM audit_deliveries d
                                           JOIN turns t ON t.org_id = d.org_id AND t.delivery_id = d.delivery_id
                                          WHERE t.turn <= $4 AND d.state = 'queued' AND d.due_at <= $1
                                          ORDER BY d.due_at, d.delivery_id LIMIT $3 FOR UPDATE OF d SKIP LOCKED)
               UPDATE audit_deliveries d SET due_at = $2, attempts = d.attempts + 1
                 FROM due
                WHERE d.org_id = due.org_id AND d.delivery_id = due.delivery_id
            RETURNING d.org_id, d.delivery_id, d.size, d.note, d.created_at, d.attempts,
                      due.address, due.secret AS "secret!""#,
            now,
            lease_until,
            // Neither kind keeps the other waiting.
            i64::from(at_most / 2),
            OF_ONE,
        );
        let checkpoints = checkpoints.fetch_all(&mut *transaction).await.map_err(store_error)?;
        let left = usize::from(at_most).saturating_sub(checkpoints.len());
        let escalations = sqlx::query!(
            "WITH turns AS (SELECT d.org_id, d.delivery_id, w.url, w.secret,
                                   row_number() OVER (PARTITION BY d.org_id ORDER BY d.due_at, d.delivery_id) AS turn
                              FROM escalation_deliveries d
                              JOIN escalation_webhooks w ON w.org_id = d.org_id
                              JOIN organizations o ON o.org_id = d.org_id AND o.deleted_at IS NULL
                             WHERE d.state = 'queued' AND d.due_at <= $1),
                  due AS MATERIALIZED (SELECT d.org_id, d.delivery_id, t.url, t.secret
                                         FROM escalation_deliveries d
                                         JOIN turns t ON t.org_id = d.org_id AND t.delivery_id = d.delivery_id
                                        WHERE t.turn <= $4 AND d.state = 'queued' AND d.due_at <= $1
                                        ORDER BY d.due_at, d.delivery_id LIMIT $3 FOR UPDATE OF d SKIP LOCKED)
             UPDATE escalation_deliveries d SET due_at = $2, attempts = d.attempts + 1
               FROM due
              WHERE d.org_id = due.org_id AND d.delivery_id = due.delivery_id
          RETURNING d.org_id, d.delivery_id, d.action, d.data, d.created_at, d.attempts, due.url AS address, due.secret",
            now,
            lease_until,
            i64::try_from(left).map_err(corrupt)?,
            OF_ONE,
        );
        let escalations = escalations.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let mut claimed = Vec::with_capacity(checkpoints.len() + escalations.len());
        for row in checkpoints {
            let data = json!({
                "organization_id": OrganizationId::from_uuid(row.org_id),
                "size": row.size,
                "checkpoint": row.note,
            });
            let due = DueRow {
                org_id: row.org_id,
                delivery_id: row.delivery_id,
                address: row.address,
                secret: row.secret,
                created_at: row.created_at,
                attempts: row.attempts,
            };
            claimed.push(due.claimed(Subscriber::Witness, "audit.checkpoint".to_owned(), data)?);
        }
        for row in escalations {
            let due = DueRow {
                org_id: row.org_id,
                delivery_id: row.delivery_id,
                address: row.address,
                secret: row.secret,
                created_at: row.created_at,
                attempts: row.attempts,
            };
            claimed.push(due.claimed(Subscriber::Escalations, row.action, row.data)?);
        }
        Ok(claimed)
    }

    async fn settle(&self, delivery: &Claimed, settled: Settled) -> Result<(), StoreError> {
        let (state, due_at, settled_at, error) = match settled {
            Settled::Sent { at } => ("sent", None, Some(at), None),
            Settled::Later { at, error } => ("queued", Some(at), None, Some(error)),
            Settled::Failed { at, error } => ("failed", None, Some(at), Some(error)),
        };
        let (organization, id) = (delivery.organization.uuid(), delivery.id.uuid());
        let attempts = i32::from(delivery.attempts) + 1;
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        match delivery.to {
            Subscriber::Witness => sqlx::query!(
                "UPDATE audit_deliveries SET state = $3, due_at = COALESCE($4, due_at), settled_at = $5, last_error = $6
                  WHERE org_id = $1 AND delivery_id = $2 AND state = 'queued' AND attempts = $7",
                organization,
                id,
                state,
                due_at,
                settled_at,
                error,
                attempts,
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?,
            Subscriber::Escalations => sqlx::query!(
                "UPDATE escalation_deliveries
                    SET state = $3, due_at = COALESCE($4, due_at), settled_at = $5, last_error = $6
                  WHERE org_id = $1 AND delivery_id = $2 AND state = 'queued' AND attempts = $7",
                organization,
                id,
                state,
                due_at,
                settled_at,
                error,
                attempts,
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?,
        };
        transaction.commit().await.map_err(store_error)
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        let checkpoints =
            sqlx::query!("DELETE FROM audit_deliveries WHERE created_at < $1 AND state <> 'queued'", before);
        let checkpoints = checkpoints.execute(&mut *transaction).await.map_err(store_error)?;
        let escalations = sqlx::query!(
            "DELETE FROM escalation_deliveries d
              WHERE d.created_at < $1
                AND (d.state <> 'queued' OR NOT EXISTS (SELECT FROM escalation_webhooks w WHERE w.org_id = d.org_id))",
            before,
        );
        let escalations = escalations.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(checkpoints.rows_affected() + escalations.rows_affected())
    }
}
