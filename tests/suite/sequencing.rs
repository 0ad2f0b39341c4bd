//! The order of audit events: what is in which log's tree, and where, whatever happens meanwhile.

use std::{sync::Arc, time::Instant};

use futures_util::future::join_all;
use rollcall_adapter_postgres::PgStore;
use rollcall_application::{
    audit::{Sequencer, Sequencing, Shard},
    ports::StoreError,
};
use rollcall_domain::OrganizationId;
use rollcall_tests::{Binary, Cut, CutWay, Service, Team, TestDatabase, store_at, until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor};
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-03-01 09:00 UTC);

/// What sequences, on connections of its own.
async fn sequencing_at(url: &str) -> (Sequencing, Arc<PgStore>) {
    let store = Arc::new(store_at(url, 2).await);
    (Sequencing::new(store.clone()), store)
}

/// A log that is on.
async fn new_log(database: &TestDatabase) -> Uuid {
    let log = Uuid::from_u128(rollcall_tests::random());
    database.write_switch(log, true).await;
    log
}

fn shard_of(log: Uuid) -> Shard {
    Shard::of(Some(OrganizationId::from_uuid(log)))
}

async fn queued(database: &TestDatabase) -> u64 {
    database.rows("SELECT count(*) AS n FROM audit_queue").await[0]["n"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_wherever_a_round_is_cut_off_it_is_done_whole_or_not_at_all() {
    let database = TestDatabase::create().await;
    let way = CutWay::to(database.url()).await;
    let (sequencing, store) = sequencing_at(way.url()).await;
    let (log, mut expected) = (new_log(&database).await, 1);
    let (mut done_though_it_failed, mut placed_before) = (0, 0);
    for cut in [Cut::Before as fn(u32) -> Cut, Cut::After] {
        for trip in 1.. {
            database.write_events(log, 300).await;
            expected += 300;
            way.cut(cut(trip));
            let outcome = sequencing.sequence(shard_of(log), NOW).await;
            let over = way.is_still_to_come();
            let placed = database.whole_log(log).await.len();
            assert_eq!(placed as u64 + queued(&database).await, expected, "{:?}", cut(trip));
            match outcome {
                Ok(_) => {}
                Err(StoreError::Unavailable(_)) => {
                    done_though_it_failed += u32::from(placed > placed_before);
                }
                Err(error) => panic!("{:?}: {error:?}", cut(trip)),
            }
            placed_before = placed;
            if over {
                // Each of the round's statements has had its turn.
                assert!(trip > 8, "only {trip} round trips");
                break;
            }
        }
    }
    assert_eq!(done_though_it_failed, 1, "the commit whose answer was lost");
    sequencing.catch_up(Some(OrganizationId::from_uuid(log)), NOW).await.unwrap();
    assert_eq!(database.whole_log(log).await.len() as u64, expected);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_many_writers_and_several_sequencers_make_one_tree_in_the_order_of_commits() {
    let database = Arc::new(TestDatabase::create().await);
    let log = new_log(&database).await;
    let writing = Arc::new(tokio::sync::Semaphore::new(0));
    let sequencers = (0..3).map(|_| {
        let (database, writing) = (database.clone(), writing.clone());
        tokio::spawn(async move {
            let (sequencing, store) = sequencing_at(database.url()).await;
            loop {
                let over = writing.available_permits() == 6;
                let done = sequencing.sequence(shard_of(log), NOW).await.unwrap();
                if over
                    && done.events == 0
                    && store.newest_waiting(Some(OrganizationId::from_uuid(log))).await.unwrap().is_none()
                {
                    break;
                }
            }
            store.close().await;
            sequencing.sequenced()
        })
    });
    let sequencers: Vec<_> = sequencers.collect();
    let writers = (0..6_u32).map(|writer| {
        let (database, writing) = (database.clone(), writing.clone());
        tokio::spawn(async move {
            let mut connection = database.connect().await;
            let mut written = Vec::new();
            for round in 0..40_u32 {
                let event = Uuid::from_u128(rollcall_tests::random());
                let began = Instant::now();
                let mut transaction = connection.begin().await.unwrap();
                let insert = format!(
                    "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
                     VALUES ('{log}', '{event}', '2026-03-01', 'system', 'test', 'nothing', 'success', '{event}', '{{}}')"
                );
                transaction.execute(AssertSqlSafe(insert)).await.unwrap();
                // Some take longer than others, and are overtaken; and some never are.
                for _ in 0..(writer + round) % 4 {
                    transaction.execute("SELECT count(*) FROM audit_events").await.unwrap();
                }
                if round % 7 == 3 {
                    transaction.rollback().await.unwrap();
                } else {
                    transaction.commit().await.unwrap();
                    written.push((began, Instant::now(), event));
                }
            }
            writing.add_permits(1);
            written
        })
    });
    let written: Vec<_> =
        join_all(writers.collect::<Vec<_>>()).await.into_iter().flat_map(|done| done.unwrap()).collect();
    let sequenced: Vec<u64> = join_all(sequencers).await.into_iter().map(|done| done.unwrap()).collect();
    let order = database.whole_log(log).await;
    assert_eq!(order.len(), 1 + written.len());
    assert_eq!(sequenced.iter().sum::<u64>(), order.len() as u64);
    let place = |event: &Uuid| order.iter().position(|other| other == event).expect("it has a place");
    let places: Vec<_> = written.iter().map(|(began, ended, event)| (*began, *ended, place(event))).collect();
    for (_, ended, first) in &places {
        for (began, _, then) in &places {
            assert!(began <= ended || first < then, "{first} was committed before {then} began");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_killed_again_and_again_it_makes_a_tree_without_a_gap_or_a_fork() {
    let database = TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let environment =
        [("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap())];
    let log = new_log(&database).await;
    let total = 40_000;
    database.write_events(log, total).await;
    let mut roots = Vec::new();
    for _ in 0..3 {
        let before = queued(&database).await;
        let server = Binary::serve(&environment);
        until("some more are done", async || (queued(&database).await < before).then_some(())).await;
        server.kill();
        roots.push(database.whole_log(log).await);
    }
    let server = Binary::serve(&environment);
    database.all_sequenced().await;
    let whole = database.whole_log(log).await;
    assert_eq!(whole.len(), 1 + total as usize);
    for before in &roots {
        assert!(whole.starts_with(before), "what was in the tree is where it was");
    }
    assert!(roots[0].len() < whole.len(), "it was killed after everything was done");
    server.kill();
}

#[tokio::test]
async fn what_is_written_at_once_is_in_the_tree_in_the_order_of_writing_however_much() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    database.write_events(log, 70_000).await;
    let mut rounds = 0;
    while sequencing.sequence(shard_of(log), NOW).await.unwrap().more {
        rounds += 1;
    }
    assert_eq!(rounds, 70_001 / 4_096);
    let order = database.whole_log(log).await;
    let written = format!("SELECT event_id FROM audit_events WHERE org_id = '{log}' ORDER BY written");
    let written: Vec<Uuid> =
        sqlx::query_scalar(AssertSqlSafe(written)).fetch_all(&mut database.connect().await).await.unwrap();
    assert!(order == written);
    store.close().await;
}

#[tokio::test]
async fn whoever_catches_up_comes_after_the_sequencer_that_is_at_it_and_writers_wait_for_neither() {
    let database = Arc::new(TestDatabase::create().await);
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    let held = database.hold_sequencing().await;
    let idle = sequencing.sequence(shard_of(log), NOW).await.unwrap();
    assert_eq!((idle.events, idle.more), (0, false));
    let catching = {
        let sequencing = sequencing.clone();
        tokio::spawn(async move { sequencing.catch_up(Some(OrganizationId::from_uuid(log)), NOW).await })
    };
    database.lock_waits(1).await;
    database.write_events(log, 10).await;
    assert!(!catching.is_finished());
    assert_eq!(database.whole_log(log).await.len(), 0);
    held.close().await.unwrap();
    catching.await.unwrap().unwrap();
    assert!(!database.whole_log(log).await.is_empty());
    // Of other logs in the shard nothing was done.
    let neighbour = Uuid::from_u128(rollcall_tests::random() & !15 | u128::from(shard_of(log).number()));
    database.write_events(neighbour, 3).await;
    database.write_events(log, 3).await;
    sequencing.catch_up(Some(OrganizationId::from_uuid(log)), NOW).await.unwrap();
    assert_eq!(queued(&database).await, 3);
    store.close().await;
}

#[tokio::test]
async fn switched_off_and_on_again_a_log_continues_the_same_tree_without_what_was_between() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let log = team.uuid();
    let actions = async || {
        let mut actions = Vec::new();
        for event in service.database.whole_log(log).await {
            let query = format!("SELECT action FROM audit_events WHERE event_id = '{event}'");
            actions.push(service.database.rows(&query).await[0]["action"].as_str().unwrap().to_owned());
        }
        actions
    };
    let rename = async |name: &str| {
        team.owner().patch("/v1/organization", json!({"name": name})).await.expect(200);
        service.database.all_sequenced().await;
    };
    service.database.all_sequenced().await;
    assert_eq!(actions().await, [""; 0], "it is off until somebody turns it on");
    service.turn_audit_log_on(&team).await;
    rename("One").await;
    let first = service.database.whole_log(log).await;
    service.turn_audit_log_off(&team).await;
    rename("Two").await;
    rename("Three").await;
    service.turn_audit_log_on(&team).await;
    rename("Four").await;
    let switch = "security.control_changed";
    let update = "organization.updated";
    assert_eq!(actions().await, [switch, update, switch, switch, update]);
    assert!(service.database.whole_log(log).await.starts_with(&first));
    let unoffered = format!(
        "SELECT action FROM audit_events JOIN audit_unoffered USING (org_id, event_id) WHERE org_id = '{log}'"
    );
    let unoffered = service.database.rows(&unoffered).await;
    assert_eq!(unoffered.iter().filter(|row| row["action"] == update).count(), 2);
    // The platform's own is on.
    assert!(!service.database.whole_log(Uuid::nil()).await.is_empty());
}

#[tokio::test]
async fn what_was_written_while_a_log_was_off_is_forgotten_after_thirty_days_and_nothing_else() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    service.turn_audit_log_on(&ours).await;
    ours.owner().patch("/v1/organization", json!({"name": "Renamed"})).await.expect(200);
    service.clock.advance(time::Duration::days(29));
    service.sign_in(theirs.email("owner")).await;
    service.database.all_sequenced().await;
    let (our_tree, platform) =
        (service.database.whole_log(ours.uuid()).await, service.database.whole_log(Uuid::nil()).await);
    let events_of = async |team: &Team| service.audit_log(Some(&team.organization)).await.len();
    let (ours_before, theirs_before) = (events_of(&ours).await, events_of(&theirs).await);
    assert!(ours_before > our_tree.len() && theirs_before > 2);

    let another =
        async || Service::start_on(service.database.clone(), service.clock.clone(), &[]).await.stop().await;
    another().await;
    assert_eq!(
        (events_of(&ours).await, events_of(&theirs).await),
        (ours_before, theirs_before),
        "it is too early"
    );
    service.clock.advance(time::Duration::days(2));
    let node = Service::start_on(service.database.clone(), service.clock.clone(), &[]).await;
    until("all but the newest are forgotten", async || {
        (events_of(&ours).await == our_tree.len() && events_of(&theirs).await < theirs_before).then_some(())
    })
    .await;
    let left = service.audit_log(Some(&theirs.organization)).await;
    assert!(!left.is_empty() && left.iter().all(|(action, _)| action.starts_with("session.")), "{left:?}");
    assert!(service.database.whole_log(ours.uuid()).await.starts_with(&our_tree));
    assert!(service.database.whole_log(Uuid::nil()).await.starts_with(&platform));
    node.stop().await;
}

#[tokio::test]
async fn attack_32_whoever_has_the_service_s_role_changes_nothing_that_is_in_a_tree() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    database.write_events(log, 300).await;
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    let before = database.whole_log(log).await;
    let as_service = async |statement: &str| {
        let mut connection = database.connect_as_service().await;
        connection.execute("SET rollcall.task = 'audit'").await.unwrap();
        connection.execute(AssertSqlSafe(format!("SET rollcall.org_id = '{log}'"))).await.unwrap();
        connection.execute(AssertSqlSafe(statement.to_owned())).await.map(|done| done.rows_affected())
    };
    for table in ["audit_events", "audit_leaves", "audit_tiles", "audit_trees", "audit_unoffered"] {
        for statement in [format!("DELETE FROM {table}"), format!("TRUNCATE {table}")] {
            let refused = as_service(&statement).await.unwrap_err().to_string();
            assert!(refused.contains("permission denied"), "{statement}: {refused}");
            let refused = database.connect().await.execute(AssertSqlSafe(statement.clone())).await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{statement}: {refused}");
        }
    }
    for (statement, why) in [
        ("UPDATE audit_events SET outcome = 'refused'", "permission denied"),
        ("UPDATE audit_events SET personal = '{}'", "permission denied"),
        ("UPDATE audit_leaves SET idx = idx + 1000", "permission denied"),
        ("UPDATE audit_unoffered SET occurred_at = '2020-01-01'", "permission denied"),
        ("UPDATE audit_tiles SET hashes = substr(hashes, 1, 32)", "append-only"),
        ("UPDATE audit_tiles SET hashes = sha256('') || substr(hashes, 33)", "append-only"),
        ("UPDATE audit_tiles SET level = 3", "permission denied"),
        ("UPDATE audit_trees SET size = size - 1", "append-only"),
        ("UPDATE audit_trees SET root = sha256('')", "append-only"),
        ("UPDATE audit_trees SET org_id = gen_random_uuid()", "permission denied"),
        ("INSERT INTO audit_queue SELECT * FROM audit_queue", "permission denied"),
    ] {
        let refused = as_service(statement).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{statement}: {refused}");
    }
    // Nor by the one function that forgets events, whatever it is told.
    let mut connection = database.connect_as_service().await;
    connection.execute("SET rollcall.task = 'audit'").await.unwrap();
    let forget = "SELECT forget_unoffered_events('2999-01-01', 100000)";
    let forgotten: i64 = sqlx::query_scalar(forget).fetch_one(&mut connection).await.unwrap();
    assert_eq!(forgotten, 0);
    // And its owner sees of events, task or not, what is in no tree.
    let mut as_purge = database.connect().await;
    as_purge.execute("SET ROLE rollcall_purge; SET rollcall.task = 'audit'").await.unwrap();
    assert_eq!(as_purge.execute("DELETE FROM audit_events").await.unwrap().rows_affected(), 0);
    assert_eq!(database.whole_log(log).await, before);
    store.close().await;
}

#[tokio::test]
async fn attack_32_what_is_in_a_tree_is_not_forgotten_whatever_it_is_called() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    database.write_events(log, 300).await;
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    let before = database.whole_log(log).await;
    // The service may say of any event that it is in no tree.
    let mut connection = database.connect_as_service().await;
    connection.execute("SET rollcall.task = 'audit'").await.unwrap();
    let said = "INSERT INTO audit_unoffered (org_id, event_id, occurred_at) SELECT org_id, event_id, '2020-01-01' FROM audit_leaves";
    assert_eq!(connection.execute(said).await.unwrap().rows_affected(), 301);
    let forget = "SELECT forget_unoffered_events('2999-01-01', 100000)";
    let forgotten: i64 = sqlx::query_scalar(forget).fetch_one(&mut connection).await.unwrap();
    assert_eq!(forgotten, 0);
    // Nor does the function's owner see any of them.
    let mut as_purge = database.connect().await;
    as_purge.execute("SET ROLE rollcall_purge; SET rollcall.task = 'audit'").await.unwrap();
    assert_eq!(as_purge.execute("DELETE FROM audit_events").await.unwrap().rows_affected(), 0);
    assert_eq!(database.whole_log(log).await, before);
    store.close().await;
}

#[tokio::test]
async fn what_was_written_within_a_month_is_not_forgotten_whatever_a_node_s_clock_says() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    // Nobody has turned it on.
    let log = Uuid::from_u128(rollcall_tests::random());
    for days in [1, 29, 31] {
        let write = format!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             VALUES ('{log}', gen_random_uuid(), now() - interval '{days} days', 'system', 'test', 'nothing', 'success', '{{}}', '{{}}')"
        );
        database.execute(&write).await;
    }
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    let forgotten = store.forget_unoffered(datetime!(2999-01-01 00:00 UTC), 100).await.unwrap();
    assert_eq!(forgotten, 1);
    let left = format!(
        "SELECT 1 AS one FROM audit_events JOIN audit_unoffered USING (org_id, event_id) WHERE org_id = '{log}'"
    );
    assert_eq!(database.rows(&left).await.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn operators_see_how_many_events_wait_and_how_many_got_their_places() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let metric = async |name: &str| {
        let text = service.operations().get("/metrics").await.expect(200).text;
        let line =
            text.lines().find(|line| line.starts_with(&format!("rollcall_{name} "))).unwrap().to_owned();
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    until("events are counted", async || (metric("audit_sequenced_total").await > 5).then_some(())).await;
    service.database.all_sequenced().await;
    let held = service.database.hold_sequencing().await;
    team.owner().patch("/v1/organization", json!({"name": "Renamed"})).await.expect(200);
    service.clock.advance(time::Duration::seconds(100));
    until("one waits", async || {
        (metric("audit_queued").await == 1 && metric("audit_oldest_seconds").await >= 100).then_some(())
    })
    .await;
    held.close().await.unwrap();
    until("none waits", async || (metric("audit_queued").await == 0).then_some(())).await;
    assert_eq!(metric("audit_broken").await, 0);
}

/// Another log of the same shard, which was just turned on.
async fn new_neighbour(database: &TestDatabase, log: Uuid) -> Uuid {
    let neighbour = Uuid::from_u128(rollcall_tests::random() & !15 | u128::from(shard_of(log).number()));
    database.write_switch(neighbour, true).await;
    neighbour
}

/// How many rows of the queue everybody who has left had looked at.
async fn looked_at(database: &TestDatabase) -> u64 {
    until("everybody has left", async || {
        let there = "SELECT 1 AS one FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name LIKE 'rollcall%'";
        database.rows(there).await.is_empty().then_some(())
    })
    .await;
    let counted = "SELECT COALESCE(idx_tup_fetch, 0) + seq_tup_read AS n FROM pg_stat_user_tables WHERE relname = 'audit_queue'";
    database.rows(counted).await[0]["n"].as_u64().unwrap()
}

#[tokio::test]
async fn a_log_that_is_stopped_is_in_nobody_s_way_however_much_waits_of_it() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    database.execute(&format!("UPDATE audit_trees SET size = size + 1 WHERE org_id = '{log}'")).await;
    let stopped = 60_000;
    database.write_events(log, stopped).await;
    let neighbour = new_neighbour(&database, log).await;
    for _ in 0..5 {
        database.write_events(neighbour, 3).await;
        sequencing.sequence(shard_of(log), NOW).await.unwrap();
        database.write_events(neighbour, 1).await;
        sequencing.catch_up(Some(OrganizationId::from_uuid(neighbour)), NOW).await.unwrap();
    }
    assert_eq!(sequencing.broken(), 1);
    assert_eq!(store.shards_waiting().await.unwrap(), [shard_of(log)]);
    store.close().await;
    // Once, that it is stopped was found out by what waits of it; a round takes 4,096 at the most.
    let looked_at = looked_at(&database).await;
    assert!(
        looked_at < 10_000,
        "{looked_at} rows, though {stopped} of them had to be passed over once at the most"
    );
    assert_eq!(database.whole_log(neighbour).await.len(), 1 + 5 * 4);
    assert_eq!(queued(&database).await, u64::from(stopped));
}

#[tokio::test]
async fn a_tree_that_somebody_holds_keeps_no_other_log_of_its_shard_waiting() {
    let database = TestDatabase::create().await;
    let (sequencing, store) = sequencing_at(database.url()).await;
    let log = new_log(&database).await;
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    let neighbour = new_neighbour(&database, log).await;
    database.write_events(log, 3).await;
    let hold = format!("SELECT FROM audit_trees WHERE org_id = '{log}' FOR UPDATE");
    let held = database.open_transaction(&hold).await;
    sequencing.sequence(shard_of(log), NOW).await.unwrap();
    let sizes = [database.whole_log(log).await.len(), database.whole_log(neighbour).await.len()];
    assert_eq!(sizes, [1, 1]);
    held.roll_back().await;
    // It is tried again after seconds.
    sequencing.sequence(shard_of(log), NOW + time::Duration::seconds(5)).await.unwrap();
    assert_eq!(database.whole_log(log).await.len(), 4);
    store.close().await;
}
