//! Witnesses of the audit logs, and the checkpoints that are on their way to them.

use async_trait::async_trait;
use rollcall_application::{
    audit::witness::{DueWitnesses, KeptWitness, NewDelivery, NewWitness, Witnesses, WitnessesView},
    mail::Contents,
    ports::StoreError,
    webhooks::Topic,
};
use rollcall_domain::{OrganizationId, UserId, audit::witness::Witness, id::DeliveryId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    store::PgStore,
    transaction::{Transaction, TransactionPurpose, begin, begin_task, task},
    webhooks::{NewSubscriber, SubscriberRow},
};

impl TryFrom<SubscriberRow> for KeptWitness {
    type Error = StoreError;

    fn try_from(row: SubscriberRow) -> Result<Self, StoreError> {
        let witness = match row.kind.as_str() {
            "mail" => Witness::Mail(value(&row.address)?),
            "webhook" => Witness::Webhook(value(&row.address)?),
            other => return Err(corrupt(format!("a witness of the kind {other}"))),
        };
        let next_at = row.next_at.ok_or_else(|| corrupt("a witness that is never due a checkpoint"))?;
        Ok(Self {
            witness,
            set_at: moment(row.set_at),
            set_by: row.set_by.map(UserId::from_uuid),
            next_at: moment(next_at),
            choices: row.version,
        })
    }
}

#[async_trait]
impl WitnessesView for Transaction {
    async fn witness_find(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWitness>, StoreError> {
        let row = self.subscriber_find(organization, Topic::Checkpoints).await?;
        row.map(KeptWitness::try_from).transpose()
    }
}

#[async_trait]
impl Witnesses for Transaction {
    async fn witness_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWitness>, StoreError> {
        let row = self.subscriber_lock(organization, Topic::Checkpoints).await?;
        row.map(KeptWitness::try_from).transpose()
    }

    async fn witness_set(
        &mut self,
        organization: OrganizationId,
        witness: &NewWitness,
    ) -> Result<(), StoreError> {
        let chosen = NewSubscriber {
            topic: Topic::Checkpoints,
            kind: witness.witness.kind(),
            address: witness.witness.address(),
            secret: witness.secret.as_ref().map(|secret| secret.0.as_slice()),
            at: witness.at,
            by: witness.by.uuid(),
            next_at: Some(witness.at),
        };
        self.subscriber_set(organization, &chosen).await
    }

    async fn witness_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.subscriber_remove(organization, Topic::Checkpoints, at).await
    }

    async fn witness_deliver(
        &mut self,
        organization: OrganizationId,
        delivery: &NewDelivery,
    ) -> Result<(), StoreError> {
        let data = json!({
            "organization_id": organization,
            "size": delivery.size,
            "checkpoint": delivery.note,
        });
        let insert = sqlx::query!(
            "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
             VALUES ($1, $2, 'checkpoints', 'audit.checkpoint', $3, $4, $4)",
            organization.uuid(),
            delivery.id.uuid(),
            data,
            delivery.at,
        );
        exactly_one(insert.execute(self.connection()).await)?;
        let next = sqlx::query!(
            "UPDATE subscribers SET next_at = $2 WHERE org_id = $1 AND topic = 'checkpoints'",
            organization.uuid(),
            delivery.next_at,
        );
        exactly_one(next.execute(self.connection()).await)
    }
}

#[async_trait]
impl DueWitnesses for PgStore {
    async fn due(&self, now: OffsetDateTime, at_most: u16) -> Result<Vec<OrganizationId>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        let due = sqlx::query_scalar!(
            "SELECT s.org_id FROM subscribers s JOIN organizations o ON o.org_id = s.org_id
              WHERE s.topic = 'checkpoints' AND s.next_at <= $1 AND o.deleted_at IS NULL
              ORDER BY s.next_at LIMIT $2",
            now,
            i64::from(at_most),
        );
        let due = due.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(due.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn put_off(&self, organization: OrganizationId, until: OffsetDateTime) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        let update = sqlx::query!(
            "UPDATE subscribers SET next_at = $2 WHERE org_id = $1 AND topic = 'checkpoints' AND next_at < $2",
            organization.uuid(),
            until,
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}

impl PgStore {
    /// A checkpoint for a witness, if it is still one, and waits for it.
    pub(crate) async fn audit_checkpoint_contents(
        &self,
        organization: OrganizationId,
        delivery: DeliveryId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        let row = sqlx::query!(
            r#"SELECT s.address, o.name, (d.data ->> 'size')::bigint AS "size!", d.data ->> 'checkpoint' AS "note!"
                 FROM deliveries d
                 JOIN subscribers s ON s.org_id = d.org_id AND s.topic = d.topic
                 JOIN organizations o ON o.org_id = d.org_id
                WHERE d.org_id = $1 AND d.delivery_id = $2 AND d.topic = 'checkpoints' AND d.state = 'queued'
                  AND s.kind = 'mail' AND o.deleted_at IS NULL"#,
            organization.uuid(),
            delivery.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Contents::AuditCheckpoint {
            to: value(&row.address)?,
            organization: value(&row.name)?,
            id: organization,
            size: count(row.size)?,
            note: row.note,
        }))
    }
}
