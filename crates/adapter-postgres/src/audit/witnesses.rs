//! Witnesses of the audit logs, and the checkpoints that are on their way to them.

use async_trait::async_trait;
use rollcall_application::{
    audit::witness::{
        KeptWitness, NewDelivery, NewWitness, ShownDelivery, WitnessPost, Witnesses, WitnessesView,
    },
    mail::Contents,
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, UserId, audit::witnesses::Witness, id::DeliveryId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    audit::sequencing::signed,
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    store::PgStore,
    transaction::{Purpose, Transaction, begin, begin_task, task},
    webhooks::state,
};

/// A witness as it is kept.
struct Row {
    kind: String,
    address: String,
    set_at: OffsetDateTime,
    set_by: Option<Uuid>,
    next_at: OffsetDateTime,
}

impl TryFrom<Row> for KeptWitness {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let witness = match row.kind.as_str() {
            "mail" => Witness::Mail(value(&row.address)?),
            "webhook" => Witness::Webhook(value(&row.address)?),
            other => return Err(corrupt(format!("a witness of the kind {other}"))),
        };
        Ok(Self {
            witness,
            set_at: moment(row.set_at),
            set_by: row.set_by.map(UserId::from_uuid),
            next_at: moment(row.next_at),
        })
    }
}

#[async_trait]
impl WitnessesView for Transaction {
    async fn witness_find(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWitness>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT kind, address, set_at, set_by, next_at FROM audit_witnesses WHERE org_id = $1",
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(KeptWitness::try_from).transpose()
    }

    async fn witness_deliveries(
        &mut self,
        organization: OrganizationId,
        at_most: u16,
    ) -> Result<Vec<ShownDelivery>, StoreError> {
        let rows = sqlx::query!(
            "SELECT delivery_id, size, created_at, state, attempts, settled_at, last_error FROM audit_deliveries
              WHERE org_id = $1 ORDER BY created_at DESC, delivery_id DESC LIMIT $2",
            organization.uuid(),
            i64::from(at_most),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                Ok(ShownDelivery {
                    id: DeliveryId::from_uuid(row.delivery_id),
                    size: count(row.size)?,
                    at: moment(row.created_at),
                    state: state(&row.state)?,
                    attempts: count(row.attempts.into())?,
                    settled_at: row.settled_at.map(moment),
                    error: row.last_error,
                })
            })
            .collect()
    }

    async fn witness_deliveries_since(
        &mut self,
        organization: OrganizationId,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let row = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM audit_deliveries WHERE org_id = $1 AND created_at > $2"#,
            organization.uuid(),
            since,
        );
        count(row.fetch_one(self.connection()).await.map_err(store_error)?)
    }
}

impl Transaction {
    /// Nobody waits any more for what is on its way.
    async fn deliveries_are_moot(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE audit_deliveries SET state = 'moot', settled_at = $2
              WHERE org_id = $1 AND state = 'queued'",
            organization.uuid(),
            at,
        );
        update.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Witnesses for Transaction {
    async fn witness_lock(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<KeptWitness>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT kind, address, set_at, set_by, next_at FROM audit_witnesses WHERE org_id = $1 FOR UPDATE",
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(KeptWitness::try_from).transpose()
    }

    async fn witness_set(
        &mut self,
        organization: OrganizationId,
        witness: &NewWitness,
    ) -> Result<(), StoreError> {
        self.deliveries_are_moot(organization, witness.at).await?;
        let delete = sqlx::query!("DELETE FROM audit_witnesses WHERE org_id = $1", organization.uuid());
        delete.execute(self.connection()).await.map_err(store_error)?;
        let insert = sqlx::query!(
            "INSERT INTO audit_witnesses (org_id, kind, address, secret, set_at, set_by, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $5)",
            organization.uuid(),
            witness.witness.kind(),
            witness.witness.address(),
            witness.secret.as_ref().map(|secret| secret.0.as_slice()),
            witness.at,
            witness.by.uuid(),
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn witness_remove(
        &mut self,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.deliveries_are_moot(organization, at).await?;
        let delete = sqlx::query!("DELETE FROM audit_witnesses WHERE org_id = $1", organization.uuid());
        exactly_one(delete.execute(self.connection()).await)
    }

    async fn witness_deliver(
        &mut self,
        organization: OrganizationId,
        delivery: &NewDelivery,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO audit_deliveries (org_id, delivery_id, kind, size, note, created_at, due_at)
             SELECT w.org_id, $2, w.kind, $3, $4, $5, $5 FROM audit_witnesses w WHERE w.org_id = $1",
            organization.uuid(),
            delivery.id.uuid(),
            signed(delivery.size)?,
            delivery.note,
            delivery.at,
        );
        exactly_one(insert.execute(self.connection()).await)?;
        let next = sqlx::query!(
            "UPDATE audit_witnesses SET next_at = $2 WHERE org_id = $1",
            organization.uuid(),
            delivery.next_at,
        );
        exactly_one(next.execute(self.connection()).await)
    }
}

#[async_trait]
impl WitnessPost for PgStore {
    async fn due(&self, now: OffsetDateTime, at_most: u16) -> Result<Vec<OrganizationId>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        let due = sqlx::query_scalar!(
            "SELECT w.org_id FROM audit_witnesses w JOIN organizations o ON o.org_id = w.org_id
              WHERE w.next_at <= $1 AND o.deleted_at IS NULL
              ORDER BY w.next_at LIMIT $2",
            now,
            i64::from(at_most),
        );
        let due = due.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(due.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn put_off(&self, organization: OrganizationId, until: OffsetDateTime) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        let update = sqlx::query!(
            "UPDATE audit_witnesses SET next_at = $2 WHERE org_id = $1 AND next_at < $2",
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
        let mut transaction = begin(&self.pool, Purpose::Look, Some(organization.uuid()), None, "").await?;
        let row = sqlx::query!(
            "SELECT w.address, o.name, d.size, d.note
               FROM audit_deliveries d
               JOIN audit_witnesses w ON w.org_id = d.org_id AND w.kind = d.kind
               JOIN organizations o ON o.org_id = d.org_id
              WHERE d.org_id = $1 AND d.delivery_id = $2 AND d.state = 'queued' AND w.kind = 'mail'
                AND o.deleted_at IS NULL",
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
