//! Webhooks of one organization that hang, and of others that do not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use rollcall_adapter_postgres::PgStore;
use rollcall_application::webhooks::{
    ClaimedDelivery, Deliveries, DeliveryAttempt, DeliveryOutcome, DeliveryRoom, Patience, Topic,
};
use rollcall_domain::OrganizationId;
use rollcall_tests::{HookServer, Service, Team, TestDatabase, store_at, until};
use serde_json::{Value, json};
use sqlx::Connection as _;
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::webhooks::{WEBHOOK, deliveries};

/// Takes connections, and says nothing for ever.
struct Hangs {
    base: String,
    came: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Hangs {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (base, came) =
            (format!("http://{}", listener.local_addr().unwrap()), Arc::<AtomicUsize>::default());
        let count = came.clone();
        let accepting = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { base, came, accepting }
    }

    async fn has(&self, count: usize) {
        until(&format!("{count} connections"), async || {
            (self.came.load(Ordering::SeqCst) >= count).then_some(())
        })
        .await;
    }
}

impl Drop for Hangs {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Waits for ever, until it is told that time is up.
#[derive(Clone)]
struct UntilTold(watch::Sender<bool>);

#[async_trait]
impl Patience for UntilTold {
    async fn end(&self) {
        // Whoever could tell is there for as long as this is.
        let _ = self.0.subscribe().wait_for(|is_over| *is_over).await;
    }
}

fn id(team: &Team) -> OrganizationId {
    team.organization.parse().unwrap()
}

async fn queue(service: &Service, team: &Team, count: usize, due: &str) {
    let organization = team.uuid();
    service
        .database
        .execute(&format!(
            "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
             SELECT '{organization}', gen_random_uuid(), 'escalations', 'escalation.created', '{{}}', '2026-02-01',
                    '{due}'::timestamptz + n * interval '1 millisecond'
               FROM generate_series(1, {count}) n"
        ))
        .await;
}

async fn number(service: &Service, query: &str) -> i64 {
    service.database.rows(query).await[0]["number"].as_i64().unwrap()
}

#[tokio::test]
async fn a_webhook_that_hangs_delays_nobody_else_s_and_all_that_goes_to_it_waits() {
    let patience = UntilTold(watch::Sender::new(false));
    let service = Service::start_with_patience(Arc::new(patience.clone())).await;
    let (hangs, hook) = (Hangs::start().await, HookServer::start().await);
    let (one, other) = (Team::assemble(&service, "Hangs").await, Team::assemble(&service, "Too").await);
    let team = Team::assemble(&service, "Acme").await;
    for hanging in [&one, &other] {
        hanging.owner().put(WEBHOOK, json!({"url": hangs.base})).await.expect(200);
        queue(&service, hanging, 30, "2026-02-01").await;
    }
    team.owner().put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    hangs.has(2).await;
    crate::escalations::escalate(team.owner(), "ours", 5).await;
    hook.next(1).await;
    deliveries(team.owner(), "sent", 1).await;
    // Nobody has given up the others meanwhile.
    let of_hanging = format!("org_id IN ('{}', '{}')", one.uuid(), other.uuid());
    let given_up =
        format!("SELECT count(*) AS number FROM deliveries WHERE {of_hanging} AND last_error IS NOT NULL");
    assert_eq!(number(&service, &given_up).await, 0);
    patience.0.send_replace(true);
    until("both are given up", async || (number(&service, &given_up).await == 2).then_some(())).await;
    patience.0.send_replace(false);
    // Whoever chose them sees why nothing comes.
    let health = one.owner().get(WEBHOOK).await.expect(200).body["health"].clone();
    assert_eq!(
        (&health["last_error"], &health["last_sent_at"], &health["waiting"], &health["given_up"]),
        (&json!("it gives no answer in time"), &Value::Null, &json!(30), &json!(0))
    );
    assert!(health["paused_until"].as_str() > health["last_failed_at"].as_str(), "{health}");
    // What else goes there waits with them, while others are sent theirs.
    for sent in 2..=4 {
        crate::escalations::escalate(team.owner(), &format!("ours {sent}"), 5).await;
        hook.next(sent).await;
    }
    assert_eq!(hangs.came.load(Ordering::SeqCst), 2);
    service.clock.advance(Duration::seconds(6));
    let health = one.owner().get(WEBHOOK).await.expect(200).body["health"].clone();
    assert_eq!(health["paused_until"], Value::Null, "it is over");
    hangs.has(4).await;
    // One for each: it is only tried whether they answer by now.
    crate::escalations::escalate(team.owner(), "ours again", 5).await;
    hook.next(5).await;
    assert_eq!(hangs.came.load(Ordering::SeqCst), 4);
    deliveries(team.owner(), "sent", 5).await;
}

/// Later than the service's clock, so that it leaves alone what is due by then.
const DUE: &str = "2030-01-01";
const NOW: OffsetDateTime = datetime!(2030-01-02 00:00:00 UTC);

struct Taking {
    store: PgStore,
    room: DeliveryRoom,
}

impl Taking {
    async fn from(service: &Service) -> Self {
        let store = store_at(service.database.url(), 1).await;
        Self { store, room: DeliveryRoom { places: 20, new: 8, slow: 4, busy: Vec::new() } }
    }

    /// What is taken with so much room. It is due again at once.
    async fn with(&self, room: DeliveryRoom) -> Vec<ClaimedDelivery> {
        let claimed = self.store.claim(NOW, NOW, &room).await.unwrap();
        claimed.into_iter().map(Result::unwrap).collect()
    }

    async fn of(&self, room: DeliveryRoom, team: &Team) -> usize {
        self.with(room).await.iter().filter(|claimed| claimed.organization == id(team)).count()
    }

    fn room(&self) -> DeliveryRoom {
        self.room.clone()
    }
}

#[tokio::test]
async fn however_much_waits_an_organization_has_two_places_and_one_until_it_has_answered_and_none_in_a_pause()
{
    let service = Service::start().await;
    let (many, few) = (Team::assemble(&service, "Many").await, Team::assemble(&service, "Few").await);
    for team in [&many, &few] {
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    }
    queue(&service, &many, 500, DUE).await;
    queue(&service, &few, 1, DUE).await;
    let taking = Taking::from(&service).await;
    let set = async |what: &str| {
        let statement = format!("UPDATE subscribers SET {what} WHERE org_id = '{}'", many.uuid());
        service.database.execute(&statement).await;
    };
    let both = taking.with(taking.room()).await;
    assert_eq!(both.len(), 2, "{both:?}");
    assert_ne!(both[0].organization, both[1].organization);
    assert_eq!(taking.with(DeliveryRoom { new: 1, ..taking.room() }).await.len(), 1);
    assert!(taking.with(DeliveryRoom { new: 0, ..taking.room() }).await.is_empty());
    set("score = 1").await;
    assert_eq!(taking.of(DeliveryRoom { new: 0, ..taking.room() }, &many).await, 2);
    for (count, left) in [(1, 1), (2, 0), (3, 0)] {
        let busy = vec![(id(&many), Topic::Escalations, count)];
        assert_eq!(taking.of(DeliveryRoom { busy, ..taking.room() }, &many).await, left, "{count}");
        // What goes to its witness is somebody else's.
        let busy = vec![(id(&many), Topic::Checkpoints, count)];
        assert_eq!(taking.of(DeliveryRoom { busy, ..taking.room() }, &many).await, 2);
    }
    set("score = -3, misses = 2").await;
    assert_eq!(taking.of(taking.room(), &many).await, 1);
    assert_eq!(taking.of(DeliveryRoom { slow: 0, ..taking.room() }, &many).await, 0);
    set("paused_until = '2030-01-02 00:00:01Z'").await;
    assert_eq!(taking.of(taking.room(), &many).await, 0);
    set("paused_until = '2030-01-02'").await;
    let slow = taking.with(taking.room()).await.into_iter().find(|claimed| claimed.organization == id(&many));
    let slow = slow.unwrap();
    assert_eq!((slow.standing.score, slow.standing.misses), (-3, 2));
    // What is noted is what the next time goes by, unless the webhook was chosen anew meanwhile.
    let until = Some(NOW + Duration::HOUR);
    let attempt = DeliveryAttempt {
        at: NOW,
        settled: DeliveryOutcome::Later { due_at: NOW, error: "no answer".to_owned() },
        standing: slow.standing,
        paused_until: until,
    };
    taking.store.settle(&slow, &attempt).await.unwrap();
    assert_eq!(taking.of(taking.room(), &many).await, 0);
    many.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    queue(&service, &many, 5, DUE).await;
    taking.store.settle(&slow, &attempt).await.unwrap();
    assert_eq!(taking.of(taking.room(), &many).await, 1);
    // Whoever was slow is not new for that.
    assert_eq!(taking.of(DeliveryRoom { slow: 0, ..taking.room() }, &many).await, 0);
    taking.store.close().await;
}

#[tokio::test]
async fn there_are_never_more_taken_than_there_are_places_of_checkpoints_and_escalations_together() {
    let service = Service::start().await;
    let taking = Taking::from(&service).await;
    for name in ["One", "Two", "Three"] {
        let team = Team::assemble(&service, name).await;
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
        queue(&service, &team, 5, DUE).await;
        let organization = team.uuid();
        for statement in [
            format!(
                "INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, next_at)
                 VALUES ('{organization}', 'checkpoints', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01', '2040-01-01')"
            ),
            format!(
                "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
                 SELECT '{organization}', gen_random_uuid(), 'checkpoints', 'audit.checkpoint', '{{}}', '2026-02-01', '{DUE}'
                   FROM generate_series(1, 5)"
            ),
        ] {
            service.database.execute(&statement).await;
        }
    }
    for places in 1..=7_u16 {
        let taken = taking.with(DeliveryRoom { places, ..taking.room() }).await;
        assert_eq!(taken.len(), usize::from(places.min(6)), "{taken:?}");
    }
    let taken = taking.with(taking.room()).await;
    // One of each for each.
    for topic in [Topic::Checkpoints, Topic::Escalations] {
        let mut of: Vec<_> = taken
            .iter()
            .filter(|claimed| claimed.topic == topic)
            .map(|claimed| claimed.organization)
            .collect();
        of.sort();
        of.dedup();
        assert_eq!((of.len(), taken.len()), (3, 6));
    }
    taking.store.close().await;
}

#[tokio::test]
async fn where_too_much_waits_what_has_waited_longest_is_given_up_and_shown_so() {
    let service = Service::start().await;
    let (many, few) = (Team::assemble(&service, "Many").await, Team::assemble(&service, "Few").await);
    for team in [&many, &few] {
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    }
    queue(&service, &many, 10, DUE).await;
    queue(&service, &many, 2, "2029-01-01").await;
    queue(&service, &few, 10, "2029-01-01").await;
    // What is due soon has come last: the others are being tried again and again.
    service
        .database
        .execute(
            "UPDATE deliveries SET created_at = created_at + interval '1 day' WHERE due_at < '2030-01-01'",
        )
        .await;
    let taking = Taking::from(&service).await;
    let whose = BTreeMap::from([(many.organization.parse::<OrganizationId>().unwrap(), 2)]);
    assert_eq!(taking.store.give_up(NOW, 10, "too much").await.unwrap(), whose);
    assert!(taking.store.give_up(NOW, 10, "too much").await.unwrap().is_empty());
    let failed = deliveries(many.owner(), "failed", 2).await;
    let failed: Vec<_> = failed.iter().filter(|delivery| delivery["state"] == "failed").collect();
    assert!(failed.iter().all(|delivery| delivery["error"] == "too much"), "{failed:?}");
    let late = "SELECT count(*) AS number FROM deliveries WHERE state = 'failed' AND due_at >= '2030-01-01'";
    assert_eq!((failed.len(), number(&service, late).await), (2, 2));
    taking.store.close().await;
}

/// Organizations with nothing but a webhook for a topic, and something waiting for it.
async fn subscribers(service: &Service, topic: &str, count: usize) {
    service
        .database
        .execute(&format!(
            "SET session_replication_role = replica;
             WITH o AS (INSERT INTO organizations (org_id, name, slug, plan, created_at)
                        SELECT gen_random_uuid(), 'Acme', '{topic}-' || n, 'pro', '2026-02-01' FROM generate_series(1, {count}) n
                     RETURNING org_id),
                  s AS (INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, next_at)
                        SELECT org_id, '{topic}', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01',
                               CASE '{topic}' WHEN 'checkpoints' THEN '2040-01-01'::timestamptz END FROM o)
             INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
             SELECT org_id, gen_random_uuid(), '{topic}', 'escalation.created', '{{}}', '2026-02-01', '{DUE}' FROM o"
        ))
        .await;
}

#[tokio::test]
async fn a_day_s_checkpoints_of_everybody_hold_up_no_escalations_nor_the_other_way_round() {
    for (many, few) in [("checkpoints", "escalations"), ("escalations", "checkpoints")] {
        let service = Service::start().await;
        subscribers(&service, many, 60).await;
        subscribers(&service, few, 3).await;
        let taking = Taking::from(&service).await;
        let taken = taking.with(DeliveryRoom { places: 6, ..taking.room() }).await;
        let of_few = taken.iter().filter(|claimed| claimed.topic.as_str() == few).count();
        assert_eq!((taken.len(), of_few), (6, 3), "{few}");
        taking.store.close().await;
    }
}

#[tokio::test]
async fn what_another_node_is_taking_is_passed_over_and_nobody_waits_for_that() {
    let service = Service::start().await;
    subscribers(&service, "escalations", 2).await;
    let taking = Taking::from(&service).await;
    let mut connection = service.database.connect().await;
    let mut other = connection.begin().await.unwrap();
    let hold = "SELECT org_id FROM deliveries ORDER BY org_id LIMIT 1 FOR UPDATE";
    let held: uuid::Uuid = sqlx::query_scalar(hold).fetch_one(&mut *other).await.unwrap();
    let taken = taking.with(taking.room()).await;
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_ne!(taken[0].organization.uuid(), held);
    let given_up = taking.store.give_up(NOW, 0, "too much").await.unwrap();
    assert_eq!(given_up.into_values().collect::<Vec<_>>(), [1]);
    // Once the other node has come to nothing, the rest is there for whoever comes.
    other.rollback().await.unwrap();
    assert_eq!(taking.with(taking.room()).await[0].organization.uuid(), held);
    taking.store.close().await;
}

/// Does something that reads what waits, and while that has begun and gone no further, something else.
async fn in_between<T: Send + 'static>(
    database: &TestDatabase,
    reads: impl Future<Output = T> + Send + 'static,
    meanwhile: &str,
) -> T {
    // Whoever reads a row stops there, with what they see of all others decided.
    database
        .execute(
            "CREATE OR REPLACE FUNCTION may_go_on() RETURNS boolean LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END';
             GRANT EXECUTE ON FUNCTION may_go_on() TO rollcall_app;
             DROP POLICY IF EXISTS held_up ON deliveries;
             CREATE POLICY held_up ON deliveries AS RESTRICTIVE TO rollcall_app USING (may_go_on())",
        )
        .await;
    let held = database.open_transaction("SELECT pg_advisory_xact_lock(1)").await;
    let reading = tokio::spawn(reads);
    database.lock_waits(1).await;
    database.execute(meanwhile).await;
    held.roll_back().await;
    reading.await.unwrap()
}

#[tokio::test]
async fn what_another_node_has_taken_since_it_was_found_is_not_taken_again() {
    let service = Service::start().await;
    subscribers(&service, "escalations", 1).await;
    let taking = Taking::from(&service).await;
    let (database, store) = (service.database.clone(), taking.store.clone());
    // Nobody else is held up.
    service.stop().await;
    let taken_meanwhile = "UPDATE deliveries SET due_at = '2040-01-01', attempts = attempts + 1";
    let (room, claiming) = (taking.room(), store.clone());
    let claim = async move { claiming.claim(NOW, NOW, &room).await.unwrap() };
    let taken = in_between(&database, claim, taken_meanwhile).await;
    assert!(taken.is_empty(), "{taken:?}");
    let sent_meanwhile = "UPDATE deliveries SET state = 'sent', settled_at = now()";
    let give_up = async move { store.give_up(NOW, 0, "too much").await.unwrap() };
    assert!(in_between(&database, give_up, sent_meanwhile).await.is_empty());
    let left = database.rows("SELECT state, attempts FROM deliveries").await;
    assert_eq!(left, [json!({"state": "sent", "attempts": 1})]);
    taking.store.close().await;
}

#[tokio::test]
async fn what_an_attempt_tells_is_noted_of_its_receiver_whatever_has_become_of_the_secret_and_of_no_other() {
    let service = Service::start().await;
    subscribers(&service, "escalations", 1).await;
    let taking = Taking::from(&service).await;
    let claimed = taking.with(taking.room()).await.remove(0);
    let attempt = |error: &str| DeliveryAttempt {
        at: NOW,
        settled: DeliveryOutcome::Later { due_at: NOW, error: error.to_owned() },
        standing: claimed.standing,
        paused_until: None,
    };
    let noted = async || service.database.rows("SELECT last_error FROM subscribers").await.remove(0);
    // Sealed with another key of the ring meanwhile.
    service.database.execute("UPDATE subscribers SET secret = 'y'").await;
    taking.store.settle(&claimed, &attempt("the first")).await.unwrap();
    assert_eq!(noted().await["last_error"], "the first");
    // Chosen anew at the very same moment.
    service.database.execute("UPDATE subscribers SET version = version + 1").await;
    taking.store.settle(&claimed, &attempt("the second")).await.unwrap();
    assert_eq!(noted().await["last_error"], "the first");
    taking.store.close().await;
}

#[tokio::test]
async fn all_that_is_old_is_forgotten_however_much_it_is_and_what_waits_stays() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    queue(&service, &team, 5_003, DUE).await;
    let settle = "UPDATE deliveries SET state = 'sent', settled_at = created_at
                   WHERE delivery_id <> (SELECT max(delivery_id::text)::uuid FROM deliveries)";
    service.database.execute(settle).await;
    let taking = Taking::from(&service).await;
    assert_eq!(taking.store.forget(NOW).await.unwrap(), 5_002);
    assert_eq!(number(&service, "SELECT count(*) AS number FROM deliveries").await, 1);
    taking.store.close().await;
}
