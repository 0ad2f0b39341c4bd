//! What is left of an organization a month after its deletion: nothing.

use rollcall_application::ports::{Clock, Purge};
use rollcall_domain::OrganizationId;
use rollcall_tests::{ManualClock, PASSWORD, Service, Team, TestDatabase, store_at, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor};
use time::{Duration, macros::datetime};

use crate::refusals::everything_of;

const NAME: &str = "Zephyrine Xylophones";

fn uuid(organization: &str) -> uuid::Uuid {
    organization.parse::<OrganizationId>().unwrap().uuid()
}

/// How many rows every table has that says which organization its rows belong to; but for what is told to services, which
/// is forgotten after an hour whoever it is about (`revocations::from_a_place_*`), and for what is to be removed where recordings lie
/// (`recording_retention::a_purged_organization_*`).
async fn rows_by_table(database: &TestDatabase, organization: &str) -> Vec<(String, u64)> {
    let tables = database
        .rows(
            "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('revocations', 'recording_remains') ORDER BY 1",
        )
        .await;
    let mut counts = Vec::new();
    for table in tables {
        let table = table["name"].as_str().unwrap().to_owned();
        let query = format!("SELECT count(*) AS n FROM {table} WHERE org_id = '{}'", uuid(organization));
        counts.push((table, database.rows(&query).await[0]["n"].as_u64().unwrap()));
    }
    counts
}

/// Deletes the organization; its letters are of the kind that is kept until somebody has looked at them.
async fn delete(service: &Service, team: &Team) {
    team.owner().delete_with("/v1/organization", json!({"confirm_name": NAME})).await.expect(204);
    service.all_mail_sent().await;
    service.database.execute("UPDATE mails SET state = 'dead'").await;
}

async fn is_there(service: &Service, organization: &str) -> bool {
    let query = format!("SELECT 1 AS one FROM organizations WHERE org_id = '{}'", uuid(organization));
    !service.database.rows(&query).await.is_empty()
}

/// Another node, whose workers look for what is to be purged as they start.
async fn another_node(service: &Service) -> Service {
    Service::start_on(service.database.clone(), service.clock.clone(), &[]).await
}

async fn purge_events(service: &Service) -> Vec<Value> {
    let query = "SELECT org_id, convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action = 'organization.purged'";
    let rows = service.database.rows(query).await;
    rows.iter()
        .map(|row| {
            assert_eq!(row["org_id"], uuid::Uuid::nil().to_string(), "it is in the platform's log");
            serde_json::from_str(row["leaf"].as_str().unwrap()).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn after_thirty_days_nothing_of_it_is_left_anywhere() {
    let service = Service::start().await;
    let (team, others) = (Team::assemble(&service, NAME).await, Team::assemble(&service, "Others").await);
    let stranger = Service::new_address("stranger");
    service.invite(team.owner(), &stranger, "viewer").await;
    // Somebody is in both.
    let (_, token) = service.invite(team.owner(), others.email("viewer"), "viewer").await;
    others.caller("viewer").post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let rule = json!({"mfa_required": {"enabled": true}});
    team.owner().patch("/v1/security", rule).await.expect(200);
    crate::api_keys::make(team.owner(), json!({})).await;
    let call = crate::calls::write(team.owner(), NAME).await;
    crate::transcripts::store(team.owner(), &call, NAME).await.expect(201);
    let reason = json!({"reason": NAME, "priority": 5});
    team.owner().post(&format!("/v1/calls/{call}/escalations"), reason).await.expect(201);
    crate::agents::choose(team.owner(), "available").await.expect(200);
    let settings = json!({"offer_seconds": 30});
    team.owner().put("/v1/escalations/settings", settings).await.expect(200);
    crate::media_keys::switch_on(&service, &team, "end_to_end_encryption").await;
    team.owner().post(&format!("/v1/calls/{call}/media-keys"), json!({})).await.expect(201);
    crate::recordings::switch_on(&service, &team, &["call_recording"]).await;
    crate::recordings::put(team.owner(), &call, &crate::recordings::wav(1000, 1)).await.expect(201);
    let slug = team.owner().get("/v1/organization").await.expect(200).text_at("/slug").to_owned();
    service.all_mail_sent().await;
    service.turn_audit_log_on(&team).await;
    team.owner().get("/v1/audit/checkpoint").await.expect(200);
    let witness = json!({"email": Service::new_address("auditor")});
    team.owner().put("/v1/audit/witness", witness).await.expect(200);
    until("the first checkpoint is on its way", async || {
        let shown = team.owner().get("/v1/audit/witness").await.expect(200);
        (!shown.list("deliveries").is_empty()).then_some(())
    })
    .await;
    team.owner().put("/v1/escalations/webhook", json!({"url": "https://example.com/hook"})).await.expect(200);
    service.all_mail_sent().await;
    // As of a log that is longer and older than there is time for here.
    for row in [
        "audit_sketches (org_id, stretch) VALUES ('{}', 7)",
        "audit_retention (org_id) VALUES ('{}')",
        "deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
         VALUES ('{}', gen_random_uuid(), 'escalations', 'escalation.created', 'null', now(), 'infinity')",
    ] {
        let row = row.replace("{}", &team.uuid().to_string());
        service.database.execute(&format!("INSERT INTO {row}")).await;
    }
    let held = service.database.hold_sequencing().await;
    service.database.write_events(team.uuid(), 1).await;
    for (table, rows) in rows_by_table(&service.database, &team.organization).await {
        assert!(rows > 0, "the test has no row in {table}, so it does not see whether the purge forgets it");
    }
    for text in [NAME, &stranger, &slug] {
        assert!(!service.database.tables_with(text).await.is_empty(), "{text}");
    }
    delete(&service, &team).await;
    // As the worker forgets them by then.
    let told =
        "DELETE FROM stream_events e USING stream_heads h WHERE h.org_id = e.org_id AND e.sequence < h.last";
    service.database.execute(told).await;
    let left_before = rows_by_table(&service.database, &team.organization).await;
    let others_before = everything_of(&service, &others).await;

    service.clock.advance(Duration::days(30) - Duration::SECOND);
    another_node(&service).await.stop().await;
    assert_eq!(rows_by_table(&service.database, &team.organization).await, left_before);

    service.clock.advance(Duration::SECOND);
    let node = another_node(&service).await;
    until("it is gone", async || (!is_there(&service, &team.organization).await).then_some(())).await;
    for (table, rows) in rows_by_table(&service.database, &team.organization).await {
        assert_eq!(rows, 0, "{table}");
    }
    // What people have received is theirs; in production it never was in the database.
    service.anonymous().delete("/dev/mailbox").await;
    for text in [NAME, &stranger, &slug] {
        assert_eq!(service.database.tables_with(text).await, [""; 0], "{text}");
    }
    let others_after = everything_of(&service, &others).await;
    let missing = others_before.iter().filter(|row| !others_after.contains(row));
    // Their sessions have run out in the meantime.
    let missing: Vec<_> = missing.filter(|row| row.get("user_agent").is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let events = purge_events(&service).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["target"], json!({"kind": "organization", "id": team.organization}));
    assert_eq!(events[0]["actor"]["kind"], "system");
    let told = events[0]["changes"].as_array().unwrap();
    for change in told {
        let table = change["field"].as_str().unwrap();
        let rows = left_before.iter().find(|(name, _)| name == table).unwrap().1;
        assert_eq!(change["before"], rows.to_string(), "{table}");
    }
    let tables: Vec<_> = told.iter().map(|change| change["field"].as_str().unwrap()).collect();
    assert_eq!(
        tables,
        ["members", "invitations", "api_keys", "calls", "recordings", "mails", "audit_events"]
    );
    // Its people are persons: their accounts stay, and are in no organization, or in the other one.
    let sign_in = json!({"email": team.email("owner"), "password": PASSWORD});
    let alone = service.anonymous().post("/v1/sessions", sign_in).await.expect(201);
    assert_eq!(alone.body["organization"], Value::Null);
    let elsewhere = json!({"email": others.email("viewer"), "password": PASSWORD});
    let elsewhere = service.anonymous().post("/v1/sessions", elsewhere).await.expect(201);
    assert_eq!(elsewhere.text_at("/organization/id"), others.organization);
    held.close().await.unwrap();
    node.stop().await;
}

/// Many members and events, made as only a test would.
async fn grow(database: &TestDatabase, organization: &str, members: u32, events: u32) {
    let organization = uuid(organization);
    database
        .execute(&format!(
            "WITH people AS (
                 INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at)
                 SELECT gen_random_uuid(), n || '@many.example', n || '@many.example', 'Person ' || n, '', 'en', 'UTC', '2026-03-01'
                   FROM generate_series(1, {members}) n RETURNING user_id)
             INSERT INTO members (org_id, user_id, role, joined_at) SELECT '{organization}', user_id, 'member', '2026-03-01' FROM people"
        ))
        .await;
    database
        .execute(&format!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             SELECT '{organization}', gen_random_uuid(), '2026-03-01', 'system', 'test', 'nothing', 'success', '{{}}', '{{}}'
               FROM generate_series(1, {events})"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_dies_in_the_middle_is_finished_by_others_and_two_at_once_count_right() {
    let service = Service::start().await;
    let team = Team::assemble(&service, NAME).await;
    grow(&service.database, &team.organization, 12_000, 12_000).await;
    // Many of one person: a step is bounded however alike the rows are.
    let changes = format!(
        "INSERT INTO availability_changes SELECT org_id, user_id, '2026-03-01', n, 'away', 'chosen'
           FROM (SELECT * FROM members WHERE org_id = '{}' LIMIT 1) m, generate_series(1, 350) n",
        team.uuid()
    );
    service.database.execute(&changes).await;
    delete(&service, &team).await;
    service.database.all_sequenced().await;
    let before = rows_by_table(&service.database, &team.organization).await;
    service.clock.advance(Duration::days(30));

    // A node that dies after some steps.
    let store = store_at(service.database.url(), 4).await;
    let organization: OrganizationId = team.organization.parse().unwrap();
    let now = service.clock.now();
    assert_eq!(Purge::due(&store, now, 10).await.unwrap(), [organization]);
    for _ in 0..12 {
        let removed = store.remove_some(organization, now, 100).await.unwrap().unwrap();
        assert!((1..=100).contains(&removed), "{removed}");
    }
    // What is not whole any more is not restored, whatever the operator's clock says.
    let refused = service.restore_at(&team.organization, &ManualClock::default()).await;
    assert!(refused.is_err());

    let (one, two) = tokio::join!(another_node(&service), another_node(&service));
    until("it is gone", async || (!is_there(&service, &team.organization).await).then_some(())).await;
    let events = purge_events(&service).await;
    assert_eq!(events.len(), 1, "{events:?}");
    let told = events[0]["changes"].as_array().unwrap();
    for change in told {
        let table = change["field"].as_str().unwrap();
        let rows = before.iter().find(|(name, _)| name == table).unwrap().1;
        assert_eq!(change["before"], rows.to_string(), "{table}: those that went before the crash count too");
    }
    for (table, rows) in rows_by_table(&service.database, &team.organization).await {
        assert_eq!(rows, 0, "{table}");
    }
    for node in [one, two] {
        node.stop().await;
    }
    store.close().await;
}

#[tokio::test]
async fn what_belongs_to_organizations_has_its_place_in_the_order_of_the_purge() {
    let database = TestDatabase::create().await;
    let names = async |query: &str| -> Vec<String> {
        let rows = database.rows(query).await;
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let order = names("SELECT name FROM purge_order ORDER BY position").await;
    let seen = names(
        "SELECT tablename::text AS name FROM pg_policies
          WHERE policyname = 'purge' AND roles = '{rollcall_purge}' AND tablename <> 'organizations' ORDER BY 1",
    )
    .await;
    let mut listed = order.clone();
    listed.sort();
    assert_eq!(listed, seen, "what a purge may see has a row in purge_order, and nothing else has");
    // What is on no list goes with what it refers to.
    let left = names(
        "SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relname NOT IN ('organizations', 'revocations', 'recording_remains')
            AND c.relname NOT IN (SELECT name FROM purge_order)
            AND NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
                             WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confdeltype = 'c' AND r.relname IN (SELECT name FROM purge_order))",
    )
    .await;
    assert!(left.is_empty(), "a purge does not find {left:?}");
    // Rows are told apart by where they lie, so none may be spread over several tables; and what refers to something comes before it.
    let spread = names(
        "SELECT c.relname::text AS name FROM pg_class c JOIN purge_order p ON p.name = c.relname
          WHERE c.relkind <> 'r' OR NOT has_column_privilege('rollcall_purge', c.oid, 'ctid', 'SELECT')",
    )
    .await;
    assert!(spread.is_empty(), "{spread:?}");
    let place = |name: &str| order.iter().position(|listed| listed == name);
    let references = "SELECT c.relname::text AS name, r.relname::text AS of FROM pg_constraint k
           JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid WHERE k.contype = 'f' AND c.oid <> r.oid";
    for row in database.rows(references).await {
        let (name, of) = (row["name"].as_str().unwrap(), row["of"].as_str().unwrap());
        if let (Some(place), Some(later)) = (place(name), place(of)) {
            assert!(place < later, "{name} refers to {of}, and goes after it");
        }
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_ahead_purges_nothing_before_its_time() {
    // By the database's clock it is long before that.
    let clock = ManualClock::at(datetime!(2100-01-01 00:00 UTC));
    let service = Service::start_on(TestDatabase::create().await.into(), clock, &[]).await;
    let team = Team::assemble(&service, NAME).await;
    delete(&service, &team).await;
    service.database.all_sequenced().await;
    let before = rows_by_table(&service.database, &team.organization).await;
    let ahead = service.clock.now() + Duration::days(31);
    let store = store_at(service.database.url(), 2).await;
    let organization: OrganizationId = team.organization.parse().unwrap();
    assert_eq!(Purge::due(&store, ahead, 10).await.unwrap(), [organization]);
    assert_eq!(store.remove_some(organization, ahead, 100).await.unwrap(), None);
    let mut as_service = service.database.connect_as_service().await;
    let whole = sqlx::query("SELECT purge_organization($1, $2) IS NULL").bind(uuid(&team.organization));
    let row = whole.bind(ahead).fetch_one(&mut as_service).await.unwrap();
    assert!(sqlx::Row::get::<bool, _>(&row, 0));
    assert_eq!(rows_by_table(&service.database, &team.organization).await, before);
    service.restore(&team.organization).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn the_database_itself_purges_nothing_but_what_is_deleted_and_over() {
    let service = Service::start().await;
    let (deleted, alive) = (Team::assemble(&service, NAME).await, Team::assemble(&service, "Alive").await);
    service.turn_audit_log_on(&alive).await;
    delete(&service, &deleted).await;
    service.database.all_sequenced().await;
    let count = async || {
        let mut rows = rows_by_table(&service.database, &deleted.organization).await;
        rows.extend(rows_by_table(&service.database, &alive.organization).await);
        rows
    };
    let before = count().await;
    let mut as_service = service.database.connect_as_service().await;
    let early = service.clock.now() + Duration::days(30) - Duration::SECOND;
    let never = service.clock.now() + Duration::days(10_000);
    for (team, as_of) in [(&deleted, early), (&alive, never)] {
        for call in ["purge_rows($1, $2, 1000)", "to_jsonb(purge_organization($1, $2))"] {
            let query = sqlx::query(AssertSqlSafe(format!("SELECT ({call}) IS NULL")));
            let query = query.bind(team.uuid()).bind(as_of);
            let row = query.fetch_one(&mut as_service).await.unwrap();
            assert!(sqlx::Row::get::<bool, _>(&row, 0), "{call}");
        }
    }
    // The rule that leaves time to think again is the database's too.
    let organization = alive.uuid();
    as_service.execute(AssertSqlSafe(format!("SET rollcall.org_id = '{organization}'"))).await.unwrap();
    let at_once = "UPDATE organizations SET deleted_at = '2026-03-01', purge_at = '2026-03-30'";
    let refused = as_service.execute(at_once).await.unwrap_err().to_string();
    assert!(refused.contains("organizations_purge_later"), "{refused}");
    assert_eq!(count().await, before);

    // Even whoever had the role could remove nothing of the living, whose log is append-only for ever.
    let mut as_purge = service.database.connect().await;
    as_purge.execute("SET ROLE rollcall_purge").await.unwrap();
    for table in [
        "audit_checkpoints",
        "audit_events",
        "audit_leaves",
        "audit_tiles",
        "audit_trees",
        "audit_unoffered",
        "mails",
        "invitations",
        "members",
        "organizations",
    ] {
        as_purge.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await.unwrap();
    }
    let after = rows_by_table(&service.database, &alive.organization).await;
    assert_eq!(after, before[before.len() - after.len()..]);
    let changed =
        as_purge.execute("UPDATE audit_events SET outcome = 'refused'").await.unwrap_err().to_string();
    assert!(changed.contains("permission denied"), "{changed}");
}
