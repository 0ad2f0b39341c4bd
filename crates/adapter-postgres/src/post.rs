//! What is on its way to webhooks.
//!
//! What is due is found organization by organization, from each that has something waiting to the next by the index: how much waits makes no
//! difference. Among those whose turn it is, the lot decides, so nobody's old queue comes before what has just happened elsewhere.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    webhooks::{Claimed, Post, Room, Settled, Subscriber},
};
use rollcall_domain::{
    OrganizationId,
    id::DeliveryId,
    webhooks::{Lane, Standing},
};
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::store_error,
    row::{count, moment, value},
    store::PgStore,
    transaction::{begin_task, task},
};

/// How much is given up in one transaction.
const GIVEN_UP_AT_ONCE: i64 = 5_000;

/// Something that is to be sent.
struct DueRow {
    org_id: Uuid,
    delivery_id: Uuid,
    address: String,
    secret: Vec<u8>,
    created_at: OffsetDateTime,
    attempts: i32,
    score: i16,
    misses: i32,
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
            standing: Standing { score: self.score, misses: count(self.misses.into())? },
        })
    }
}

/// The webhooks of a kind that are being sent something, and how much.
fn busy(room: &Room, to: Subscriber) -> (Vec<Uuid>, Vec<i64>) {
    let busy = room.busy.iter().filter(|(_, subscriber, _)| *subscriber == to);
    busy.map(|(organization, _, count)| (organization.uuid(), i64::from(*count))).unzip()
}

/// Half of the room, so that one kind does not take it all; at least a place.
fn half(room: &Room) -> Room {
    let [places, new, slow] = [room.places, room.new, room.slow].map(|places| places.div_ceil(2));
    Room { places, new, slow, busy: room.busy.clone() }
}

/// The room that is left.
fn left(room: &Room, taken: &[Claimed]) -> Room {
    let mut left = room.clone();
    for claimed in taken {
        left.places = left.places.saturating_sub(1);
        match claimed.standing.lane() {
            Lane::Prompt => {}
            Lane::New => left.new = left.new.saturating_sub(1),
            Lane::Slow => left.slow = left.slow.saturating_sub(1),
        }
    }
    left
}

/// Has the transaction's statements follow the index of what is due. Row-level security hides from the planner how much it would find, so left
/// to itself it sorts all that an organization has.
async fn by_the_index(connection: &mut PgConnection) -> Result<(), StoreError> {
    let set = sqlx::query!(
        "SELECT set_config('enable_sort', 'off', true) AS sort, set_config('enable_incremental_sort', 'off', true) AS more,
                set_config('enable_bitmapscan', 'off', true) AS bitmaps"
    );
    set.fetch_one(connection).await.map_err(store_error)?;
    Ok(())
}

async fn claim_checkpoints(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    lease_until: OffsetDateTime,
    room: &Room,
) -> Result<Vec<Claimed>, StoreError> {
    let (organizations, counts) = busy(room, Subscriber::Witness);
    let rows = sqlx::query!(
        r#"WITH RECURSIVE
           waiting (org_id) AS (
               (SELECT d.org_id FROM audit_deliveries d WHERE d.state = 'queued' AND d.kind = 'webhook' ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                UNION ALL
               SELECT (SELECT d.org_id FROM audit_deliveries d
                        WHERE d.state = 'queued' AND d.kind = 'webhook' AND d.org_id > w.org_id ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                 FROM waiting w WHERE w.org_id IS NOT NULL),
           turns AS (
               SELECT w.org_id, d.delivery_id, w.address AS address, w.secret, w.score, w.misses, d.turn
                 FROM waiting
                 JOIN audit_witnesses w ON w.org_id = waiting.org_id AND w.kind = 'webhook'
                 JOIN organizations o ON o.org_id = w.org_id AND o.deleted_at IS NULL
                 LEFT JOIN unnest($6::uuid[], $7::bigint[]) AS b (org_id, places) ON b.org_id = w.org_id
                CROSS JOIN LATERAL (
                      SELECT n.delivery_id, COALESCE(b.places, 0) + row_number() OVER (ORDER BY n.due_at, n.delivery_id) AS turn
                        FROM (SELECT d.delivery_id, d.due_at FROM audit_deliveries d
                               WHERE d.org_id = w.org_id AND d.state = 'queued' AND d.kind = 'webhook' AND d.due_at <= $1
                               ORDER BY d.due_at, d.delivery_id LIMIT 2) n) d
                WHERE (w.paused_until IS NULL OR w.paused_until <= $1)
                  AND d.turn <= CASE WHEN w.score > 0 THEN 2 ELSE 1 END),
           ranked AS (
               SELECT t.*, row_number() OVER (PARTITION BY sign(t.score) ORDER BY t.turn, random()) AS place FROM turns t),
           due AS MATERIALIZED (
               SELECT d.org_id, d.delivery_id, r.address, r.secret, r.score, r.misses
                 FROM ranked r
                 JOIN audit_deliveries d ON d.org_id = r.org_id AND d.delivery_id = r.delivery_id
                WHERE r.place <= CASE sign(r.score) WHEN 1 THEN $3::bigint WHEN 0 THEN $4::bigint ELSE $5::bigint END
                  AND d.state = 'queued' AND d.due_at <= $1
                ORDER BY r.turn, random() LIMIT $3 FOR UPDATE OF d SKIP LOCKED)
           UPDATE audit_deliveries d SET due_at = $2, attempts = d.attempts + 1
             FROM due
            WHERE d.org_id = due.org_id AND d.delivery_id = due.delivery_id
        RETURNING d.org_id, d.delivery_id, d.size, d.note, d.created_at, d.attempts, due.address AS "address!",
                  due.secret AS "secret!", due.score AS "score!", due.misses AS "misses!""#,
        now,
        lease_until,
        i64::from(room.places),
        i64::from(room.new),
        i64::from(room.slow),
        &organizations,
        &counts,
    );
    let rows = rows.fetch_all(connection).await.map_err(store_error)?;
    let claimed = rows.into_iter().map(|row| {
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
            score: row.score,
            misses: row.misses,
        };
        due.claimed(Subscriber::Witness, "audit.checkpoint".to_owned(), data)
    });
    claimed.collect()
}

async fn claim_escalations(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    lease_until: OffsetDateTime,
    room: &Room,
) -> Result<Vec<Claimed>, StoreError> {
    let (organizations, counts) = busy(room, Subscriber::Escalations);
    let rows = sqlx::query!(
        r#"WITH RECURSIVE
           waiting (org_id) AS (
               (SELECT d.org_id FROM escalation_deliveries d WHERE d.state = 'queued' ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                UNION ALL
               SELECT (SELECT d.org_id FROM escalation_deliveries d
                        WHERE d.state = 'queued' AND d.org_id > w.org_id ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                 FROM waiting w WHERE w.org_id IS NOT NULL),
           turns AS (
               SELECT w.org_id, d.delivery_id, w.url AS address, w.secret, w.score, w.misses, d.turn
                 FROM waiting
                 JOIN escalation_webhooks w ON w.org_id = waiting.org_id
                 JOIN organizations o ON o.org_id = w.org_id AND o.deleted_at IS NULL
                 LEFT JOIN unnest($6::uuid[], $7::bigint[]) AS b (org_id, places) ON b.org_id = w.org_id
                CROSS JOIN LATERAL (
                      SELECT n.delivery_id, COALESCE(b.places, 0) + row_number() OVER (ORDER BY n.due_at, n.delivery_id) AS turn
                        FROM (SELECT d.delivery_id, d.due_at FROM escalation_deliveries d
                               WHERE d.org_id = w.org_id AND d.state = 'queued' AND d.due_at <= $1
                               ORDER BY d.due_at, d.delivery_id LIMIT 2) n) d
                WHERE (w.paused_until IS NULL OR w.paused_until <= $1)
                  AND d.turn <= CASE WHEN w.score > 0 THEN 2 ELSE 1 END),
           ranked AS (
               SELECT t.*, row_number() OVER (PARTITION BY sign(t.score) ORDER BY t.turn, random()) AS place FROM turns t),
           due AS MATERIALIZED (
               SELECT d.org_id, d.delivery_id, r.address, r.secret, r.score, r.misses
                 FROM ranked r
                 JOIN escalation_deliveries d ON d.org_id = r.org_id AND d.delivery_id = r.delivery_id
                WHERE r.place <= CASE sign(r.score) WHEN 1 THEN $3::bigint WHEN 0 THEN $4::bigint ELSE $5::bigint END
                  AND d.state = 'queued' AND d.due_at <= $1
                ORDER BY r.turn, random() LIMIT $3 FOR UPDATE OF d SKIP LOCKED)
           UPDATE escalation_deliveries d SET due_at = $2, attempts = d.attempts + 1
             FROM due
            WHERE d.org_id = due.org_id AND d.delivery_id = due.delivery_id
        RETURNING d.org_id, d.delivery_id, d.action, d.data, d.created_at, d.attempts, due.address AS "address!",
                  due.secret AS "secret!", due.score AS "score!", due.misses AS "misses!""#,
        now,
        lease_until,
        i64::from(room.places),
        i64::from(room.new),
        i64::from(room.slow),
        &organizations,
        &counts,
    );
    let rows = rows.fetch_all(connection).await.map_err(store_error)?;
    let claimed = rows.into_iter().map(|row| {
        let due = DueRow {
            org_id: row.org_id,
            delivery_id: row.delivery_id,
            address: row.address,
            secret: row.secret,
            created_at: row.created_at,
            attempts: row.attempts,
            score: row.score,
            misses: row.misses,
        };
        due.claimed(Subscriber::Escalations, row.action, row.data)
    });
    claimed.collect()
}

#[async_trait]
impl Post for PgStore {
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        room: &Room,
    ) -> Result<Vec<Claimed>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        by_the_index(&mut transaction).await?;
        // One a day for each organization: they come first, and leave half.
        let mut claimed = claim_checkpoints(&mut transaction, now, lease_until, &half(room)).await?;
        let room = left(room, &claimed);
        if room.places > 0 {
            claimed.extend(claim_escalations(&mut transaction, now, lease_until, &room).await?);
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(claimed)
    }

    async fn note_standing(
        &self,
        delivery: &Claimed,
        standing: Standing,
        paused_until: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        let (organization, misses) = (delivery.organization.uuid(), i32::from(standing.misses));
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        match delivery.to {
            Subscriber::Witness => sqlx::query!(
                "UPDATE audit_witnesses SET score = $3, misses = $4, paused_until = $5
                  WHERE org_id = $1 AND secret = $2",
                organization,
                delivery.secret.0,
                standing.score,
                misses,
                paused_until,
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?,
            Subscriber::Escalations => sqlx::query!(
                "UPDATE escalation_webhooks SET score = $3, misses = $4, paused_until = $5
                  WHERE org_id = $1 AND secret = $2",
                organization,
                delivery.secret.0,
                standing.score,
                misses,
                paused_until,
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?,
        };
        transaction.commit().await.map_err(store_error)
    }

    async fn give_up(&self, now: OffsetDateTime, keep: u32, error: &str) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::WITNESSES).await?;
        by_the_index(&mut transaction).await?;
        let update = sqlx::query!(
            "WITH RECURSIVE
             waiting (org_id) AS (
                 (SELECT d.org_id FROM escalation_deliveries d WHERE d.state = 'queued' ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                  UNION ALL
                 SELECT (SELECT d.org_id FROM escalation_deliveries d
                          WHERE d.state = 'queued' AND d.org_id > w.org_id ORDER BY d.org_id, d.due_at, d.delivery_id LIMIT 1)
                   FROM waiting w WHERE w.org_id IS NOT NULL),
             too_many AS MATERIALIZED (
                 SELECT d.org_id, d.delivery_id
                   FROM waiting w
                  CROSS JOIN LATERAL (SELECT d.org_id, d.delivery_id FROM escalation_deliveries d
                                       WHERE d.org_id = w.org_id AND d.state = 'queued'
                                       ORDER BY d.due_at DESC, d.delivery_id DESC OFFSET $2) d
                  LIMIT $4),
             locked AS MATERIALIZED (
                 SELECT d.org_id, d.delivery_id
                   FROM too_many t
                   JOIN escalation_deliveries d ON d.org_id = t.org_id AND d.delivery_id = t.delivery_id
                  WHERE d.state = 'queued' FOR UPDATE OF d SKIP LOCKED)
             UPDATE escalation_deliveries d SET state = 'failed', settled_at = $1, last_error = $3
               FROM locked
              WHERE d.org_id = locked.org_id AND d.delivery_id = locked.delivery_id",
            now,
            i64::from(keep),
            error,
            GIVEN_UP_AT_ONCE,
        );
        let given_up = update.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(given_up)
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
