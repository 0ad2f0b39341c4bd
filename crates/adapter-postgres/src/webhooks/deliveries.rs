//! What is on its way to webhooks.
//!
//! What is due is found subscriber by subscriber, from each that has something waiting to the next by the index: how much waits makes no
//! difference. Topics take turns, so that a day's checkpoints of all organizations hold up nothing else, nor the other way round; within a
//! topic the lot decides among those whose turn it is, so nobody's old queue comes before what has just happened elsewhere.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    webhooks::{
        ClaimedDelivery, Deliveries, DeliveryAttempt, DeliveryOutcome, DeliveryRoom, UnreadableDelivery,
    },
};
use rollcall_domain::{OrganizationId, id::DeliveryId, webhooks::ReceiverStanding};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::subscribers::topic;
use crate::{
    error::store_error,
    portions::{self, PORTION},
    row::{count, moment, value},
    store::PgStore,
    transaction::{begin_task, task},
};

/// A statement about `waiting`: each subscriber that has something waiting, found from one to the next by the index, however much that is.
macro_rules! of_those_who_wait {
    ($then:literal, $($argument:expr),* $(,)?) => {
        sqlx::query!(
            "WITH RECURSIVE
             waiting (org_id, topic) AS (
                 (SELECT d.org_id, d.topic FROM deliveries d WHERE d.state = 'queued'
                   ORDER BY d.org_id, d.topic, d.due_at, d.delivery_id LIMIT 1)
                  UNION ALL
                 SELECT n.org_id, n.topic
                   FROM waiting w
                  CROSS JOIN LATERAL (
                        SELECT d.org_id, d.topic FROM deliveries d
                         WHERE d.state = 'queued' AND (d.org_id, d.topic) > (w.org_id, w.topic)
                         ORDER BY d.org_id, d.topic, d.due_at, d.delivery_id LIMIT 1) n)" + $then,
            $($argument),*
        )
    };
}

/// The webhooks that are being sent something, and how much.
fn busy(room: &DeliveryRoom) -> (Vec<Uuid>, Vec<String>, Vec<i64>) {
    let mut busy = (Vec::new(), Vec::new(), Vec::new());
    for (organization, topic, count) in &room.busy {
        busy.0.push(organization.uuid());
        busy.1.push(topic.as_str().to_owned());
        busy.2.push(i64::from(*count));
    }
    busy
}

/// Has the transaction's statements follow the index of what is due. Row-level security hides from the planner how much it would
/// find, so left to itself it sorts all that an organization has. What must be sorted in spite of that looks so dear to it then
/// that it would have the statement compiled first, which takes a second each time: a hundred times as long as the statement
/// does.
async fn by_the_index(connection: &mut PgConnection) -> Result<(), StoreError> {
    let set = sqlx::query!(
        "SELECT set_config('enable_sort', 'off', true) AS sort, set_config('enable_incremental_sort', 'off', true) AS more,
                set_config('enable_bitmapscan', 'off', true) AS bitmaps, set_config('jit', 'off', true) AS compiled"
    );
    set.fetch_one(connection).await.map_err(store_error)?;
    Ok(())
}

#[async_trait]
impl Deliveries for PgStore {
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        room: &DeliveryRoom,
    ) -> Result<Vec<Result<ClaimedDelivery, UnreadableDelivery>>, StoreError> {
        let (organizations, topics, counts) = busy(room);
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        by_the_index(&mut transaction).await?;
        let rows = of_those_who_wait!(
            r#",
               turns AS (
                   SELECT s.org_id, s.topic, d.delivery_id, s.address, s.secret, s.set_at, s.version, s.score, s.misses, d.turn
                     FROM waiting
                     JOIN subscribers s ON s.org_id = waiting.org_id AND s.topic = waiting.topic AND s.kind = 'webhook'
                     JOIN organizations o ON o.org_id = s.org_id AND o.deleted_at IS NULL
                     LEFT JOIN unnest($6::uuid[], $7::text[], $8::bigint[]) AS b (org_id, topic, places)
                            ON b.org_id = s.org_id AND b.topic = s.topic
                    CROSS JOIN LATERAL (
                          SELECT n.delivery_id,
                                 COALESCE(b.places, 0) + row_number() OVER (ORDER BY n.due_at, n.delivery_id) AS turn
                            FROM (SELECT d.delivery_id, d.due_at FROM deliveries d
                                   WHERE d.org_id = s.org_id AND d.topic = s.topic
                                     AND d.state = 'queued' AND d.due_at <= $1
                                   ORDER BY d.due_at, d.delivery_id LIMIT 2) n) d
                    WHERE (s.paused_until IS NULL OR s.paused_until <= $1)
                      AND d.turn <= CASE WHEN s.score > 0 THEN 2 ELSE 1 END),
               by_topic AS (
                   SELECT t.*, row_number() OVER (PARTITION BY t.topic ORDER BY t.turn, random()) AS place FROM turns t),
               by_lane AS (
                   SELECT t.*, row_number() OVER (PARTITION BY sign(t.score) ORDER BY t.place, random()) AS place_in_lane
                     FROM by_topic t),
               due AS MATERIALIZED (
                   SELECT d.org_id, d.delivery_id, l.address, l.secret, l.set_at, l.version, l.score, l.misses
                     FROM by_lane l
                     JOIN deliveries d ON d.org_id = l.org_id AND d.delivery_id = l.delivery_id
                    WHERE l.place_in_lane <= CASE sign(l.score) WHEN 1 THEN $3::bigint WHEN 0 THEN $4::bigint ELSE $5::bigint END
                      -- Said once more of the row as it is once it is locked: another node may have taken it since it was found.
                      AND d.state = 'queued' AND d.due_at <= $1
                    ORDER BY l.place, random() LIMIT $3 FOR UPDATE OF d SKIP LOCKED)
               UPDATE deliveries d SET due_at = $2, attempts = d.attempts + 1
                 FROM due
                WHERE d.org_id = due.org_id AND d.delivery_id = due.delivery_id
            RETURNING d.org_id, d.delivery_id, d.topic, d.action, d.data, d.created_at, d.attempts,
                      due.address AS "address!", due.secret AS "secret!", due.set_at AS "set_at!",
                      due.version AS "version!", due.score AS "score!", due.misses AS "misses!""#,
            now,
            lease_until,
            i64::from(room.places),
            i64::from(room.new),
            i64::from(room.slow),
            &organizations,
            &topics,
            &counts,
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let claimed = rows.into_iter().map(|row| {
            let (organization, id) =
                (OrganizationId::from_uuid(row.org_id), DeliveryId::from_uuid(row.delivery_id));
            // No more attempts are made than that.
            let attempts = u16::try_from(row.attempts - 1).unwrap_or(u16::MAX);
            let read = || {
                Ok::<_, StoreError>(ClaimedDelivery {
                    organization,
                    id,
                    topic: topic(&row.topic)?,
                    url: value(&row.address)?,
                    secret: Sealed(row.secret),
                    chosen_at: moment(row.set_at),
                    choices: row.version,
                    kind: row.action,
                    data: row.data,
                    at: moment(row.created_at),
                    attempts,
                    standing: ReceiverStanding { score: row.score, misses: count(row.misses.into())? },
                })
            };
            read().map_err(|error| UnreadableDelivery { organization, id, attempts, error })
        });
        Ok(claimed.collect())
    }

    async fn settle(&self, delivery: &ClaimedDelivery, attempt: &DeliveryAttempt) -> Result<(), StoreError> {
        let error = attempt.settled.error();
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        // In the order in which whoever chooses another locks them.
        let note = sqlx::query!(
            "UPDATE subscribers
                SET score = $4, misses = $5, paused_until = $6,
                    last_sent_at = CASE WHEN $8::text IS NULL THEN $7 ELSE last_sent_at END,
                    last_failed_at = CASE WHEN $8 IS NULL THEN last_failed_at ELSE $7 END,
                    last_error = COALESCE($8, last_error)
              WHERE org_id = $1 AND topic = $2 AND set_at = $3 AND version = $9",
            delivery.organization.uuid(),
            delivery.topic.as_str(),
            delivery.chosen_at,
            attempt.standing.score,
            i32::from(attempt.standing.misses),
            attempt.paused_until,
            attempt.at,
            error,
            delivery.choices,
        );
        note.execute(&mut *transaction).await.map_err(store_error)?;
        let ClaimedDelivery { organization, id, attempts, .. } = delivery;
        settle(&mut transaction, (*organization, *id, *attempts), attempt.at, &attempt.settled).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn settle_unreadable(
        &self,
        UnreadableDelivery { organization, id, attempts, .. }: &UnreadableDelivery,
        at: OffsetDateTime,
        settled: &DeliveryOutcome,
    ) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        settle(&mut transaction, (*organization, *id, *attempts), at, settled).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn give_up(
        &self,
        now: OffsetDateTime,
        keep: u32,
        error: &str,
    ) -> Result<BTreeMap<OrganizationId, u64>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::DELIVERIES).await?;
        by_the_index(&mut transaction).await?;
        let update = of_those_who_wait!(
            ",
             too_many AS MATERIALIZED (
                 SELECT d.org_id, d.delivery_id
                   FROM waiting w
                  CROSS JOIN LATERAL (SELECT d.org_id, d.delivery_id FROM deliveries d
                                       WHERE d.org_id = w.org_id AND d.topic = w.topic AND d.state = 'queued'
                                       ORDER BY d.created_at DESC, d.delivery_id DESC OFFSET $2) d
                  LIMIT $4),
             locked AS MATERIALIZED (
                 SELECT d.org_id, d.delivery_id
                   FROM too_many t
                   JOIN deliveries d ON d.org_id = t.org_id AND d.delivery_id = t.delivery_id
                  WHERE d.state = 'queued' FOR UPDATE OF d SKIP LOCKED)
             UPDATE deliveries d SET state = 'failed', settled_at = $1, last_error = $3
               FROM locked
              WHERE d.org_id = locked.org_id AND d.delivery_id = locked.delivery_id
             RETURNING d.org_id",
            now,
            i64::from(keep),
            error,
            PORTION,
        );
        let rows = update.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let mut given_up = BTreeMap::new();
        for row in rows {
            *given_up.entry(OrganizationId::from_uuid(row.org_id)).or_default() += 1;
        }
        Ok(given_up)
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let old = || {
            // `OFFSET 0` keeps it to one look-up for each of them: the planner would rather hash all subscribers.
            sqlx::query!(
                "WITH old AS MATERIALIZED (
                     SELECT d.org_id, d.delivery_id FROM deliveries d
                      WHERE d.created_at < $1
                        AND (d.state <> 'queued'
                             OR NOT EXISTS (SELECT FROM subscribers s
                                             WHERE s.org_id = d.org_id AND s.topic = d.topic OFFSET 0))
                      ORDER BY d.created_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED)
                 DELETE FROM deliveries d USING old WHERE d.org_id = old.org_id AND d.delivery_id = old.delivery_id",
                before,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::DELIVERIES, old).await
    }
}

/// How much waits for webhooks, of which at most so much is counted, and when that was due which has been due for longest.
pub(crate) async fn waiting(
    connection: &mut PgConnection,
    at_most: i64,
) -> Result<(u64, Option<OffsetDateTime>), StoreError> {
    by_the_index(connection).await?;
    // Nothing is due before a pause is over, and nothing of an organization that is deleted.
    let waiting = of_those_who_wait!(
        r#",
             told AS MATERIALIZED (
                 SELECT s.org_id, s.topic, GREATEST(f.due_at, s.paused_until) AS due
                   FROM waiting w
                   JOIN subscribers s ON s.org_id = w.org_id AND s.topic = w.topic AND s.kind = 'webhook'
                   JOIN organizations o ON o.org_id = s.org_id AND o.deleted_at IS NULL
                  CROSS JOIN LATERAL (SELECT d.due_at FROM deliveries d
                                       WHERE d.org_id = s.org_id AND d.topic = s.topic AND d.state = 'queued'
                                       ORDER BY d.due_at, d.delivery_id LIMIT 1) f)
             SELECT (SELECT min(t.due) FROM told t) AS due,
                    (SELECT count(*)
                       FROM (SELECT FROM told t
                              CROSS JOIN LATERAL (SELECT FROM deliveries d
                                                   WHERE d.org_id = t.org_id AND d.topic = t.topic AND d.state = 'queued'
                                                   LIMIT $1) d
                              LIMIT $1) q) AS "waiting!""#,
        at_most,
    );
    let waiting = waiting.fetch_one(connection).await.map_err(store_error)?;
    Ok((count(waiting.waiting)?, waiting.due))
}

/// Notes how an attempt ended, unless its lease has run out and another has begun.
async fn settle(
    connection: &mut PgConnection,
    (organization, id, attempts): (OrganizationId, DeliveryId, u16),
    at: OffsetDateTime,
    settled: &DeliveryOutcome,
) -> Result<(), StoreError> {
    let (state, due_at, settled_at) = match settled {
        DeliveryOutcome::Sent => ("sent", None, Some(at)),
        DeliveryOutcome::Later { due_at, .. } => ("queued", Some(*due_at), None),
        DeliveryOutcome::Failed { .. } => ("failed", None, Some(at)),
    };
    // What was given up while it was on its way, and has arrived, has arrived.
    let settle = sqlx::query!(
        "UPDATE deliveries SET state = $3, due_at = COALESCE($4, due_at), settled_at = $5, last_error = $6
          WHERE org_id = $1 AND delivery_id = $2 AND attempts = $7
            AND (state = 'queued' OR (state = 'failed' AND $3 = 'sent'))",
        organization.uuid(),
        id.uuid(),
        state,
        due_at,
        settled_at,
        settled.error(),
        i32::from(attempts) + 1,
    );
    settle.execute(connection).await.map_err(store_error)?;
    Ok(())
}
