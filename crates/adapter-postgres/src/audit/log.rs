//! The audit log as it is searched: events at their places, and sketches of stretches of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use rollcall_application::{
    ErrorChain,
    audit::{LikelyStretch, LogExtent, LogPage, LogView, LoggedEvent, SketchAttempt, Sketches, Stretch},
    ports::StoreError,
};
use rollcall_domain::{
    EventId, OrganizationId,
    audit::search::{ActionFilter, ActorFilter, Filter},
    audit::sketch::{SECTION, SKETCHED, Sketch},
};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Executor, PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    audit::sequencer::signed,
    error::{corrupt, exactly_one, store_error},
    row::count,
    store::PgStore,
    transaction::{NO_ORGANIZATION, Transaction, begin_task, settings, task},
};

/// The oldest and the newest of some events.
type Times = (Option<OffsetDateTime>, Option<OffsetDateTime>);

/// A value that identifies somebody, without its salt.
#[derive(Debug, Deserialize)]
struct Kept {
    value: String,
}

/// An event as it is kept.
struct Row {
    idx: i64,
    leaf: Vec<u8>,
    personal: Json<BTreeMap<String, Kept>>,
}

impl TryFrom<Row> for LoggedEvent {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let personal = row.personal.0.into_iter().map(|(field, kept)| (field, kept.value)).collect();
        Self::read(count(row.idx)?, &row.leaf, personal).map_err(|error| corrupt(ErrorChain(&error)))
    }
}

impl Row {
    fn bytes(&self) -> usize {
        let personal = self.personal.0.iter().map(|(field, kept)| field.len() + kept.value.len());
        self.leaf.len() + personal.sum::<usize>()
    }
}

/// Makes something of rows where nobody else waits for it: there may be many of them, and long ones (attack 35).
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Internal(Box::new(error)))
}

/// Those that can be read. Somebody has changed the others behind the service's back: whoever verifies the log is told, and they are in
/// nobody's way here.
fn readable(rows: Vec<Row>, log: Uuid) -> Vec<LoggedEvent> {
    let read = rows.into_iter().map(|row| (row.idx, LoggedEvent::try_from(row)));
    let read = read.filter_map(|(index, event)| match event {
        Ok(event) => Some(event),
        // What is wrong with it is not told here: the text may quote what identifies somebody.
        Err(_) => {
            tracing::error!(%log, index, "an event of an audit log cannot be read; `rollcall audit check` says why");
            None
        }
    });
    read.collect()
}

#[async_trait]
impl LogView for Transaction {
    async fn log_extent(&mut self, organization: OrganizationId) -> Result<Option<LogExtent>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT t.size, t.offered, COALESCE(r.removed, 0) AS "first!"
                 FROM audit_trees t LEFT JOIN audit_retention r ON r.org_id = t.org_id
                WHERE t.org_id = $1"#,
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(|row| Ok(LogExtent { first: count(row.first)?, size: count(row.size)?, on: row.offered }))
            .transpose()
    }

    async fn log_stretches(
        &mut self,
        organization: OrganizationId,
        filter: &Filter,
        from: u64,
        up_to: u64,
        at_most: u16,
    ) -> Result<Vec<LikelyStretch>, StoreError> {
        // Each is less than 32,000.
        let bits: Vec<i64> = filter.bits().into_iter().map(|bit| bit as i64).collect();
        // In the order of their keys, until there are enough. A stretch whose sketch has yet to be made may hold anything. The first
        // bits are asked for one by one, which rules out nearly all of them for less than going through a list takes.
        let rows = sqlx::query!(
            r#"SELECT s.stretch, s.sections
                 FROM audit_sketches s
                WHERE s.org_id = $1 AND s.stretch <= $2 AND s.stretch >= $3
                  AND (s.sketch IS NULL
                       OR (($4::timestamptz IS NULL OR s.newest >= $4) AND ($5::timestamptz IS NULL OR s.oldest < $5)
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[1]), 1) = 1
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[2]), 1) = 1
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[3]), 1) = 1
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[4]), 1) = 1
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[5]), 1) = 1
                           AND COALESCE(get_bit(s.sketch, ($6::bigint[])[6]), 1) = 1
                           AND NOT EXISTS (SELECT FROM unnest($6::bigint[]) AS b (bit) WHERE get_bit(s.sketch, b.bit) = 0)))
                ORDER BY s.stretch DESC
                LIMIT $7"#,
            organization.uuid(),
            signed(up_to)?,
            signed(from)?,
            filter.since,
            filter.until,
            &bits,
            i64::from(at_most),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let likely = rows.into_iter().map(|row| {
            let sections = filter.sections(row.sections.as_deref());
            Ok(LikelyStretch { number: count(row.stretch)?, sections })
        });
        likely.collect()
    }

    async fn log_events(
        &mut self,
        organization: OrganizationId,
        filter: &Filter,
        from: u64,
        to: u64,
        at_most: u16,
        most_bytes: usize,
    ) -> Result<LogPage, StoreError> {
        let (actor_id, actor_kind) = match &filter.actor {
            Some(ActorFilter::Id(id)) => (Some(id.as_str()), None),
            Some(ActorFilter::Kind(kind)) => (None, Some(*kind)),
            None => (None, None),
        };
        let (action, beginning) = match &filter.action {
            Some(ActionFilter::Named(name)) => (Some(name.as_str()), None),
            Some(ActionFilter::Beginning(beginning)) => (None, Some(beginning.as_str())),
            None => (None, None),
        };
        // `OFFSET 0` keeps it to one event for each leaf: where much has been written since the statistics were made, the
        // planner would rather read all events of the organization, which the policies let it see.
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT l.idx, e.leaf, e.personal AS "personal: _"
                 FROM audit_leaves l CROSS JOIN LATERAL (
                          SELECT * FROM audit_events e WHERE e.org_id = $1 AND e.event_id = l.event_id OFFSET 0) e
                WHERE l.org_id = $1 AND l.idx >= $2 AND l.idx < $3
                  AND ($4::text IS NULL OR e.actor_id = $4) AND ($5::text IS NULL OR e.actor_kind = $5)
                  AND ($6::text IS NULL OR e.action = $6) AND ($7::text IS NULL OR starts_with(e.action, $7))
                  AND ($8::text IS NULL OR e.target_id = $8) AND ($9::text IS NULL OR e.outcome = $9)
                  AND ($10::timestamptz IS NULL OR e.occurred_at >= $10)
                  AND ($11::timestamptz IS NULL OR e.occurred_at < $11)
                ORDER BY l.idx DESC
                LIMIT $12"#,
            organization.uuid(),
            signed(from)?,
            signed(to)?,
            actor_id,
            actor_kind,
            action,
            beginning,
            filter.target.as_ref().map(|id| id.as_str()),
            filter.outcome.map(|outcome| outcome.as_str()),
            filter.since,
            filter.until,
            i64::from(at_most),
        );
        let mut found = rows.fetch(self.connection());
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while bytes < most_bytes
            && let Some(row) = found.try_next().await.map_err(store_error)?
        {
            bytes += row.bytes();
            rows.push(row);
        }
        drop(found);
        let full = rows.len() == usize::from(at_most) || bytes >= most_bytes;
        let down_to = rows.last().filter(|_| full).map(|row| count(row.idx)).transpose()?.unwrap_or(from);
        self.keep_what_may_be_told(organization, &mut rows).await?;
        let log = organization.uuid();
        let events = apart(move || readable(rows, log)).await?;
        Ok(LogPage { events, down_to, bytes })
    }

    async fn log_event(
        &mut self,
        organization: OrganizationId,
        id: EventId,
    ) -> Result<Option<LoggedEvent>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT l.idx, e.leaf, e.personal AS "personal: _"
                 FROM audit_leaves l JOIN audit_events e ON e.org_id = l.org_id AND e.event_id = l.event_id
                WHERE l.org_id = $1 AND e.org_id = $1 AND l.event_id = $2"#,
            organization.uuid(),
            id.uuid(),
        );
        let mut row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        self.keep_what_may_be_told(organization, row.as_mut_slice()).await?;
        row.map(LoggedEvent::try_from).transpose()
    }
}

impl Transaction {
    /// Takes out of events what identifies somebody who has left and is being erased.
    async fn keep_what_may_be_told(
        &mut self,
        organization: OrganizationId,
        rows: &mut [Row],
    ) -> Result<(), StoreError> {
        let places: Vec<i64> = rows.iter().map(|row| row.idx).collect();
        let told = sqlx::query!(
            r#"SELECT l.idx,
                      personal_told(e.personal, e.actor_id, e.target_id, e.occurred_at) AS "personal!: Json<BTreeMap<String, Kept>>"
                 FROM audit_leaves l CROSS JOIN LATERAL (
                          SELECT * FROM audit_events e WHERE e.org_id = $1 AND e.event_id = l.event_id OFFSET 0) e
                WHERE l.org_id = $1 AND l.idx = ANY ($2) AND (SELECT erasing())"#,
            organization.uuid(),
            places.as_slice(),
        );
        let told = told.fetch_all(self.connection()).await.map_err(store_error)?;
        let mut told: BTreeMap<_, _> = told.into_iter().map(|row| (row.idx, row.personal)).collect();
        for row in rows {
            if let Some(personal) = told.remove(&row.idx) {
                row.personal = personal;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Sketches for PgStore {
    async fn sketch_next(&self, after: Option<Stretch>) -> Result<Option<SketchAttempt>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::AUDIT_SKETCHES).await?;
        // Locked in a statement of its own: whoever erases something waits, or is waited for, and the next one sees what is left.
        let next = sqlx::query!(
            "SELECT org_id, stretch FROM audit_sketches WHERE sections IS NULL AND (org_id, stretch) > ($1, $2)
              ORDER BY org_id, stretch LIMIT 1 FOR UPDATE SKIP LOCKED",
            after.map_or(NO_ORGANIZATION, |after| after.log.uuid()),
            after.map_or(Ok(-1), |after| signed(after.number))?,
        );
        let Some(next) = next.fetch_optional(&mut *transaction).await.map_err(store_error)? else {
            return Ok(None);
        };
        let stretch = Stretch { log: OrganizationId::from_uuid(next.org_id), number: count(next.stretch)? };
        let sketched = match sketch(&mut transaction, next.org_id, next.stretch).await {
            Ok(()) => transaction.commit().await.map_err(store_error),
            Err(error) => Err(error),
        };
        Ok(Some(SketchAttempt { stretch, sketched }))
    }
}

/// Sketches a stretch of a log that is locked.
async fn sketch(connection: &mut PgConnection, log: Uuid, stretch: i64) -> Result<(), StoreError> {
    // From here on it is about this organization alone.
    let here = settings(Some(log), None, task::AUDIT_SKETCHES);
    Executor::execute(&mut *connection, AssertSqlSafe(here)).await.map_err(store_error)?;
    let (length, section) = (signed(SKETCHED)?, signed(SECTION)?);
    let (mut sketch, mut times) = (Sketch::default(), Times::default());
    // A few at a time: each has some kilobytes at the most. One event for each leaf, as in `log_events`.
    for number in 0..length / section {
        let (from, times_before) = (stretch * length + number * section, times);
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT l.idx, e.leaf, e.personal AS "personal: _"
                 FROM audit_leaves l CROSS JOIN LATERAL (
                          SELECT * FROM audit_events e WHERE e.org_id = $1 AND e.event_id = l.event_id OFFSET 0) e
                WHERE l.org_id = $1 AND l.idx >= $2 AND l.idx < $3"#,
            log,
            from,
            from + section,
        );
        let rows = rows.fetch_all(&mut *connection).await.map_err(store_error)?;
        let more = apart(move || {
            let events = readable(rows, log);
            events.iter().for_each(|event| event.add_to(&mut sketch));
            let times = events.iter().map(|event| event.occurred_at);
            let times = times.fold(times_before, |(oldest, newest): Times, at| {
                (Some(oldest.map_or(at, |oldest| oldest.min(at))), newest.max(Some(at)))
            });
            (sketch, times)
        });
        (sketch, times) = more.await?;
    }
    // Of a stretch of which nothing is left, nothing is found.
    let oldest = times.0.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let newest = times.1.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let keep = sqlx::query!(
        "UPDATE audit_sketches SET sketch = $3, sections = $4, oldest = $5, newest = $6
          WHERE org_id = $1 AND stretch = $2",
        log,
        stretch,
        sketch.as_bytes(),
        sketch.sections(),
        oldest,
        newest,
    );
    exactly_one(keep.execute(connection).await)
}
