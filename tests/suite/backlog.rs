//! How much waits, as operators are told: counted up to a bound, so that counting does not take longer the more that is, and exact in what
//! has waited for longest.

use rollcall_application::{
    audit::{QueueState, Sequencer},
    mail::{Outbox, OutboxState},
    ports::{Backlog, BacklogState, MOST_COUNTED},
};
use rollcall_tests::{TestDatabase, store_at};
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-03-01 09:00 UTC);

/// More of everything than is counted. What is due first is one that comes last, and nothing is of an organization that is paused or
/// deleted, or of a witness that is sent mails.
const WAITING: &str = "
    SET session_replication_role = replica;
    CREATE TEMPORARY TABLE many AS SELECT n FROM generate_series(1, 10005) n;
    INSERT INTO organizations (org_id, name, slug, plan, created_at, deleted_at, purge_at)
    SELECT md5(o.name)::uuid, o.name, o.name || '-1', 'pro', '2026-01-01', o.deleted_at, o.deleted_at + interval '720 hours'
      FROM (VALUES ('paused', NULL::timestamptz), ('due', NULL), ('mailed', NULL), ('deleted', '2026-01-15T00:00Z')) o (name, deleted_at);
    INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, next_at, paused_until)
    VALUES (md5('paused')::uuid, 'escalations', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01', NULL, '2026-02-20'),
           (md5('due')::uuid, 'escalations', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01', NULL, NULL),
           (md5('mailed')::uuid, 'checkpoints', 'mail', 'witness@example.com', NULL, '2026-02-01', '2040-01-01', NULL),
           (md5('deleted')::uuid, 'escalations', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01', NULL, NULL);
    INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
    SELECT md5(w.name)::uuid, gen_random_uuid(), w.topic, 'escalation.created', '{}', '2026-02-01', w.due_at
      FROM (VALUES ('mailed', 'checkpoints', timestamptz '2026-02-02'), ('deleted', 'escalations', '2026-02-02'),
                   ('due', 'escalations', '2026-02-11'), ('due', 'escalations', '2026-02-10T00:00Z')) w (name, topic, due_at);
    INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
    SELECT md5('paused')::uuid, gen_random_uuid(), 'escalations', 'escalation.created', '{}', '2026-02-01', '2026-02-02' FROM many;
    INSERT INTO deliveries (org_id, delivery_id, topic, action, data, state, created_at, due_at, settled_at)
    SELECT md5('due')::uuid, gen_random_uuid(), 'escalations', 'escalation.created', '{}', 'failed', '2026-02-01', '2026-02-01', '2026-02-01'
      FROM many;
    INSERT INTO recording_remains (org_id, recording_id, due_at) SELECT md5('due')::uuid, gen_random_uuid(), '2026-02-01' FROM many;
    INSERT INTO mails (org_id, mail_id, kind, subject, locale, state, created_at, due_at, settled_at)
    SELECT md5('due')::uuid, gen_random_uuid(), 'confirm_signup', gen_random_uuid(), 'en', s.state,
           CASE n WHEN 10005 THEN timestamptz '2026-02-02T00:00Z' ELSE '2026-02-03' END, '2026-02-03',
           CASE s.state WHEN 'dead' THEN timestamptz '2026-02-04' END
      FROM many, (VALUES ('queued'), ('dead')) s (state);
    INSERT INTO audit_queue (shard, written, org_id, event_id, occurred_at, leaf_hash)
    SELECT 3, n, md5('due')::uuid, gen_random_uuid(), '2026-02-05', sha256('x') FROM many;
    INSERT INTO audit_queue (shard, written, org_id, event_id, occurred_at, leaf_hash)
    VALUES (7, 20000, md5('paused')::uuid, gen_random_uuid(), '2026-02-04T00:00Z', sha256('x'));";

#[tokio::test]
async fn however_much_waits_it_is_counted_to_a_bound_and_what_has_waited_longest_is_exact() {
    let database = TestDatabase::create().await;
    database.execute(WAITING).await;
    let store = store_at(database.url(), 1).await;
    let most = u64::from(MOST_COUNTED);
    let expected = BacklogState {
        deliveries: most,
        given_up: most,
        delivery_due: Some(datetime!(2026-02-10 00:00 UTC)),
        purge_due: Some(datetime!(2026-02-14 00:00 UTC)),
        erasure_due: None,
        remains: most,
    };
    assert_eq!(store.waiting(NOW).await.unwrap(), expected);
    let letters = OutboxState { queued: most, dead: most, oldest: Some(datetime!(2026-02-02 00:00 UTC)) };
    assert_eq!(Outbox::state(&store).await.unwrap(), letters);
    let events = QueueState { queued: most, oldest: Some(datetime!(2026-02-04 00:00 UTC)) };
    assert_eq!(Sequencer::state(&store).await.unwrap(), events);

    // What is less than that is counted.
    database
        .execute(
            "SET session_replication_role = replica;
             DELETE FROM deliveries WHERE org_id = md5('paused')::uuid OR state = 'failed';
             DELETE FROM recording_remains; DELETE FROM mails WHERE state = 'dead'; DELETE FROM audit_queue WHERE shard = 3",
        )
        .await;
    let few = BacklogState { deliveries: 2, given_up: 0, remains: 0, ..expected };
    assert_eq!(store.waiting(NOW).await.unwrap(), few);
    assert_eq!(Outbox::state(&store).await.unwrap(), OutboxState { dead: 0, ..letters });
    assert_eq!(Sequencer::state(&store).await.unwrap(), QueueState { queued: 1, ..events });
    store.close().await;
}
