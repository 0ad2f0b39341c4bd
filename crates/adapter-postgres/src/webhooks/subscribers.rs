//! Who is told something, and what became of it: one pair of tables, whatever they are told.

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    webhooks::{DeliveriesView, DeliveryFailure, DeliveryHealth, DeliveryState, ShownDelivery, Topic},
};
use rollcall_domain::{OrganizationId, id::DeliveryId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment},
    stream::NoticeRows,
    transaction::Transaction,
};

/// How much is counted of what waits, and of what was given up.
const COUNTED: i64 = 10_000;

/// A subscriber as it is kept.
pub(crate) struct SubscriberRow {
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) set_at: OffsetDateTime,
    pub(crate) set_by: Option<Uuid>,
    pub(crate) next_at: Option<OffsetDateTime>,
    pub(crate) version: i32,
}

/// A subscriber that is chosen.
pub(crate) struct NewSubscriber<'a> {
    pub(crate) topic: Topic,
    pub(crate) kind: &'a str,
    pub(crate) address: &'a str,
    pub(crate) secret: Option<&'a [u8]>,
    pub(crate) at: OffsetDateTime,
    pub(crate) by: Uuid,
    pub(crate) next_at: Option<OffsetDateTime>,
}

pub(super) fn topic(text: &str) -> Result<Topic, StoreError> {
    Topic::ALL.into_iter().find(|topic| topic.as_str() == text).ok_or_else(|| corrupt("no known topic"))
}

fn state(text: &str) -> Result<DeliveryState, StoreError> {
    let state = DeliveryState::ALL.into_iter().find(|state| state.as_str() == text);
    state.ok_or_else(|| corrupt("a delivery in no known state"))
}

impl Transaction {
    pub(crate) async fn subscriber_find(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
    ) -> Result<Option<SubscriberRow>, StoreError> {
        let row = sqlx::query_as!(
            SubscriberRow,
            "SELECT kind, address, set_at, set_by, next_at, version FROM subscribers WHERE org_id = $1 AND topic = $2",
            organization.uuid(),
            topic.as_str(),
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)
    }

    pub(crate) async fn subscriber_lock(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
    ) -> Result<Option<SubscriberRow>, StoreError> {
        let row = sqlx::query_as!(
            SubscriberRow,
            "SELECT kind, address, set_at, set_by, next_at, version FROM subscribers
              WHERE org_id = $1 AND topic = $2 FOR UPDATE",
            organization.uuid(),
            topic.as_str(),
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)
    }

    /// Nobody waits any more for what is on its way.
    async fn deliveries_are_moot(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE deliveries SET state = 'moot', settled_at = $3
              WHERE org_id = $1 AND topic = $2 AND state = 'queued'",
            organization.uuid(),
            topic.as_str(),
            at,
        );
        update.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    /// Puts a subscriber in the place of the one before. Whoever was slow is not new for that.
    pub(crate) async fn subscriber_set(
        &mut self,
        organization: OrganizationId,
        chosen: &NewSubscriber<'_>,
    ) -> Result<(), StoreError> {
        self.deliveries_are_moot(organization, chosen.topic, chosen.at).await?;
        let set = sqlx::query!(
            "INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, set_by, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (org_id, topic) DO UPDATE
                SET kind = EXCLUDED.kind, address = EXCLUDED.address, secret = EXCLUDED.secret,
                    set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by, next_at = EXCLUDED.next_at,
                    version = subscribers.version + 1, score = LEAST(subscribers.score, 0), misses = 0,
                    paused_until = NULL, last_sent_at = NULL, last_failed_at = NULL, last_error = NULL",
            organization.uuid(),
            chosen.topic.as_str(),
            chosen.kind,
            chosen.address,
            chosen.secret,
            chosen.at,
            chosen.by,
            chosen.next_at,
        );
        exactly_one(set.execute(self.connection()).await)
    }

    pub(crate) async fn subscriber_remove(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.deliveries_are_moot(organization, topic, at).await?;
        let delete = sqlx::query!(
            "DELETE FROM subscribers WHERE org_id = $1 AND topic = $2",
            organization.uuid(),
            topic.as_str(),
        );
        exactly_one(delete.execute(self.connection()).await)
    }

    /// Puts what was given up on its way once more.
    pub(crate) async fn deliveries_resend(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let update = sqlx::query!(
            "UPDATE deliveries SET state = 'queued', attempts = 0, due_at = $3, settled_at = NULL
              WHERE org_id = $1 AND topic = $2 AND state = 'failed'",
            organization.uuid(),
            topic.as_str(),
            at,
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected())
    }
}

#[async_trait]
impl DeliveriesView for Transaction {
    async fn deliveries(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        at_most: u16,
    ) -> Result<Vec<ShownDelivery>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT delivery_id, action, CASE topic WHEN 'checkpoints' THEN (data ->> 'size')::bigint END AS size,
                      created_at, state, attempts, settled_at, last_error
                 FROM deliveries
                WHERE org_id = $1 AND topic = $2 ORDER BY created_at DESC, delivery_id DESC LIMIT $3"#,
            organization.uuid(),
            topic.as_str(),
            i64::from(at_most),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let shown = rows.into_iter().map(|row| {
            Ok(ShownDelivery {
                id: DeliveryId::from_uuid(row.delivery_id),
                kind: row.action,
                size: row.size.map(count).transpose()?,
                at: moment(row.created_at),
                state: state(&row.state)?,
                attempts: count(row.attempts.into())?,
                settled_at: row.settled_at.map(moment),
                error: row.last_error,
            })
        });
        shown.collect()
    }

    async fn deliveries_since(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let row = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM deliveries WHERE org_id = $1 AND topic = $2 AND created_at > $3"#,
            organization.uuid(),
            topic.as_str(),
            since,
        );
        count(row.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn health(
        &mut self,
        organization: OrganizationId,
        topic: Topic,
    ) -> Result<DeliveryHealth, StoreError> {
        let row = sqlx::query!(
            r#"SELECT s.last_sent_at AS "last_sent_at?", s.last_failed_at AS "last_failed_at?", s.last_error AS "last_error?",
                      s.paused_until AS "paused_until?",
                      (SELECT count(*)
                         FROM (SELECT FROM deliveries d
                                WHERE d.org_id = $1 AND d.topic = $2 AND d.state = 'queued' LIMIT $3) q) AS "waiting!",
                      (SELECT count(*)
                         FROM (SELECT FROM deliveries d
                                WHERE d.org_id = $1 AND d.topic = $2 AND d.state = 'failed' LIMIT $3) f) AS "given_up!"
                 FROM (SELECT) one LEFT JOIN subscribers s ON s.org_id = $1 AND s.topic = $2"#,
            organization.uuid(),
            topic.as_str(),
            COUNTED,
        );
        let row = row.fetch_one(self.connection()).await.map_err(store_error)?;
        let last_failure = row.last_failed_at.zip(row.last_error);
        Ok(DeliveryHealth {
            last_sent_at: row.last_sent_at.map(moment),
            last_failure: last_failure.map(|(at, error)| DeliveryFailure { at: moment(at), error }),
            paused_until: row.paused_until.map(moment),
            waiting: count(row.waiting)?,
            given_up: count(row.given_up)?,
        })
    }
}

/// Queues what becomes of escalated calls for whoever is told it, if anybody is, with the transaction's commit. A delivery is called by
/// what the event is, so that nothing is sent twice as something else.
///
/// The subscriber is read without a lock. Each attempt at a delivery changes it, and so would every commit that tells something wait for
/// those. Whoever chooses another at the same moment comes before or after: what was queued meanwhile goes to where it is told now, and if
/// nobody is, it waits for nobody: it is moot as soon as somebody is chosen, and forgotten with what is as old.
pub(crate) async fn queue(
    connection: &mut PgConnection,
    organization: Uuid,
    told: &NoticeRows,
) -> Result<(), StoreError> {
    let queue = sqlx::query!(
        "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
         SELECT s.org_id, n.event_id, s.topic, n.action, n.data, n.occurred_at, n.occurred_at
           FROM subscribers s,
                unnest($2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[]) AS n (event_id, action, data, occurred_at)
          WHERE s.org_id = $1 AND s.topic = 'escalations' AND n.action LIKE 'escalation.%'",
        organization,
        &told.ids,
        &told.actions,
        &told.data,
        &told.at,
    );
    queue.execute(connection).await.map_err(store_error)?;
    Ok(())
}
