//! Whoever changes the audit log behind the service's back is found out, and what they have changed is named.

use rollcall_tests::{Binary, Service, Team, until};
use serde_json::json;
use sqlx::{Connection as _, Executor};

use crate::{
    audit_exports::{CHECKPOINT, Files, checkpoint, export, said, team_with_log},
    audit_reading::all_sketched,
    tokens::{KNOWN, RING},
};

/// What checkpoints call the deployment, whoever of it signs them.
pub(crate) const ORIGIN: &str = "rollcall.example";

/// A node that the program beside it knows by its name, and whose keys it can open.
async fn start() -> Service {
    Service::start_with(&[&KNOWN[..], &[("audit.origin", ORIGIN)]].concat()).await
}

/// The program, on the same database.
fn rollcall(service: &Service) -> std::process::Command {
    Binary::command(&[
        ("ROLLCALL__DATABASE__URL", service.database.url()),
        ("ROLLCALL__KEYS__RING", RING),
        ("ROLLCALL__AUDIT__ORIGIN", ORIGIN),
    ])
}

/// Does what only somebody with every right in the database can do.
async fn tamper(service: &Service, statements: &str) {
    service.database.execute(&format!("SET session_replication_role = replica; {statements}")).await;
}

/// What `rollcall audit check` says of a log.
pub(crate) fn check(service: &Service, team: &Team, seen: &[&str]) -> (i32, String) {
    let files = Files::new();
    let mut command = rollcall(service);
    command.args(["audit", "check", &team.organization]);
    for (n, note) in seen.iter().enumerate() {
        command.arg("--checkpoint").arg(files.with(&format!("seen-{n}"), note));
    }
    said(&command.output().unwrap())
}

/// The event of a place in a log.
fn at(team: &Team, index: u32) -> String {
    format!("(SELECT event_id FROM audit_leaves WHERE org_id = '{}' AND idx = {index})", team.uuid())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_whatever_is_edited_deleted_or_moved_in_the_database_is_named() {
    let service = start().await;
    for (what, code, named) in [
        ("edited", 12, "event 2 "),
        ("another event's text", 12, "event 2 "),
        ("no json", 12, "event 2 "),
        ("personal", 14, "event 2 "),
        ("deleted", 13, "event 2 "),
        ("deleted with its place", 13, "event 2 "),
        ("swapped", 12, "event 2 "),
        ("moved to another log", 13, "event 2 "),
        ("the last deleted", 13, "event 4 "),
        ("edited with its hash", 15, "events from 0 to 4 "),
    ] {
        let team = team_with_log(&service, "Acme").await;
        let org = team.uuid();
        team.owner().patch("/v1/organization", json!({"name": "Four"})).await.expect(200);
        let seen = checkpoint(team.owner()).await;
        let event = format!("org_id = '{org}' AND event_id = {}", at(&team, 2));
        let edit = format!(
            "UPDATE audit_events SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'success', 'refused'), 'UTF8') WHERE {event};"
        );
        let rehash = format!(
            "UPDATE audit_tiles t SET hashes = overlay(t.hashes PLACING sha256('\\x00'::bytea || e.leaf) FROM 65 FOR 32)
               FROM audit_events e WHERE t.org_id = '{org}' AND t.level = 0 AND e.org_id = '{org}' AND e.event_id = {};",
            at(&team, 2)
        );
        let statements = match what {
            "edited" => edit,
            "another event's text" => format!(
                "UPDATE audit_events SET leaf = (SELECT leaf FROM audit_events WHERE org_id = '{org}' AND event_id = {}) WHERE {event}",
                at(&team, 3)
            ),
            "no json" => format!("UPDATE audit_events SET leaf = '\\xff00' WHERE {event}"),
            "personal" => format!(
                "UPDATE audit_events SET personal = jsonb_set(personal, '{{ip,value}}', '\"203.0.113.9\"') WHERE {event}"
            ),
            "deleted" => format!("DELETE FROM audit_events WHERE {event}"),
            "deleted with its place" => format!(
                "DELETE FROM audit_events WHERE {event}; DELETE FROM audit_leaves WHERE org_id = '{org}' AND idx = 2"
            ),
            "swapped" => format!(
                "UPDATE audit_leaves SET idx = 100 WHERE org_id = '{org}' AND idx = 2;
                 UPDATE audit_leaves SET idx = 2 WHERE org_id = '{org}' AND idx = 3;
                 UPDATE audit_leaves SET idx = 3 WHERE org_id = '{org}' AND idx = 100"
            ),
            "moved to another log" => {
                format!("UPDATE audit_events SET org_id = '{}' WHERE {event}", uuid::Uuid::nil())
            }
            "the last deleted" => {
                format!("DELETE FROM audit_events WHERE org_id = '{org}' AND event_id = {}", at(&team, 4))
            }
            _ => edit + &rehash,
        };
        tamper(&service, &statements).await;
        let (found, text) = check(&service, &team, &[&seen]);
        assert!(found == code && text.contains(named), "{what}: {found} {text}");
        if code == 15 {
            // What was signed is not what is there: nothing more is signed.
            team.owner().get(CHECKPOINT).await.problem(500, "internal_error");
        }
        let exported = export(team.owner(), "").await;
        let (found, text) = Files::new().verify(&exported, &[&seen]);
        assert!(found == code && text.contains(named), "{what}: {found} {text}");
    }
}

/// The tables of an audit log, in the order in which they can be filled.
const TABLES: [&str; 5] = ["audit_events", "audit_leaves", "audit_tiles", "audit_trees", "audit_checkpoints"];

/// Keeps a copy of everything about a log.
async fn back_up(service: &Service, team: &Team) {
    for table in TABLES {
        let copy =
            format!("CREATE TABLE old_{table} AS SELECT * FROM {table} WHERE org_id = '{}'", team.uuid());
        tamper(service, &copy).await;
    }
}

/// Brings some of it back.
async fn restore(service: &Service, team: &Team, tables: &[&str]) {
    for table in tables {
        let columns = service
            .database
            .rows(&format!(
                "SELECT string_agg(quote_ident(attname), ', ') AS names FROM pg_attribute
                  WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
            ))
            .await;
        let columns = columns[0]["names"].as_str().unwrap();
        tamper(
            service,
            &format!(
                "DELETE FROM {table} WHERE org_id = '{}'; INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM old_{table}",
                team.uuid()
            ),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_an_old_backup_that_is_restored_is_found_out() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    let early = checkpoint(team.owner()).await;
    back_up(&service, &team).await;
    let size = |note: &str| note.lines().nth(1).unwrap().to_owned();
    for name in ["Four", "Five"] {
        team.owner().patch("/v1/organization", json!({"name": name})).await.expect(200);
    }
    let seen = checkpoint(team.owner()).await;
    assert_eq!((size(&early).as_str(), size(&seen).as_str()), ("4", "6"));

    // All but what was signed: the service itself notices, and the export says it.
    restore(&service, &team, &TABLES[..4]).await;
    let (found, text) = check(&service, &team, &[]);
    assert!(found == 16 && text.contains("event 4 is missing"), "{text}");
    team.owner().get(CHECKPOINT).await.problem(500, "internal_error");
    let exported = export(team.owner(), "").await;
    let (found, text) = Files::new().verify(&exported, &[]);
    assert!(found == 15 || found == 16, "{text}");
    let metrics = service.operations().get("/metrics").await.expect(200).text;
    assert!(metrics.contains("audit_checkpoints_refused"), "{metrics}");

    // With what was signed: whoever has seen more knows, and nobody else can.
    restore(&service, &team, &TABLES).await;
    let (found, text) = check(&service, &team, &[]);
    assert_eq!(found, 0, "{text}");
    let (found, text) = check(&service, &team, &[&early, &seen]);
    assert!(found == 16 && text.contains("there were 6"), "{text}");

    // And when it has grown again, otherwise.
    for name in ["Other", "Another", "Yet another"] {
        team.owner().patch("/v1/organization", json!({"name": name})).await.expect(200);
    }
    let exported = export(team.owner(), "").await;
    assert_eq!(Files::new().verify(&exported, &[&early]).0, 0);
    let (found, text) = Files::new().verify(&exported, &[&early, &seen]);
    assert!(found == 15 && text.contains("events from 4 to 5 "), "{text}");
    let (found, text) = check(&service, &team, &[&early, &seen]);
    assert!(found == 15 && text.contains("events from 4 to 5 "), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_a_log_that_is_gone_and_tiles_that_were_changed_are_found_out() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    service.database.write_events(team.uuid(), 70_000).await;
    service.database.all_sequenced().await;
    let seen = checkpoint(team.owner()).await;
    let org = team.uuid();
    // A tile high up, which no export needs.
    let keep = format!("CREATE TABLE kept_tiles AS SELECT * FROM audit_tiles WHERE org_id = '{org}'");
    tamper(&service, &keep).await;
    tamper(
        &service,
        &format!("UPDATE audit_tiles SET hashes = overlay(hashes PLACING '\\x00'::bytea FROM 7 FOR 1) WHERE org_id = '{org}' AND level = 1 AND tile = 0"),
    )
    .await;
    let (found, text) = check(&service, &team, &[&seen]);
    assert!(found == 15 && text.contains("tile 0 of level 1"), "{text}");
    tamper(
        &service,
        &format!(
            "DELETE FROM audit_tiles WHERE org_id = '{org}'; INSERT INTO audit_tiles SELECT * FROM kept_tiles"
        ),
    )
    .await;
    let (found, text) = check(&service, &team, &[&seen]);
    assert!(found == 0 && text.contains("holds"), "{text}");

    let all = TABLES.map(|table| format!("DELETE FROM {table} WHERE org_id = '{org}';")).concat();
    tamper(&service, &all).await;
    let files = Files::new();
    let mut command = rollcall(&service);
    command.args(["audit", "check", "--checkpoint"]).arg(files.with("seen", &seen));
    let (found, text) = said(&command.output().unwrap());
    assert!(found == 16 && text.contains(&team.organization), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_checkpoint_is_printed_and_all_logs_are_checked_from_the_command_line() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    let run = |arguments: &[&str]| said(&rollcall(&service).args(arguments).output().unwrap());
    let (code, note) = run(&["audit", "checkpoint", &team.organization]);
    assert!(code == 0 && note.starts_with(&format!("rollcall.example/{}\n4\n", team.organization)), "{note}");
    let (code, note) = run(&["audit", "checkpoint"]);
    assert!(code == 0 && note.starts_with("rollcall.example/platform\n"), "{note}");
    let (code, text) = run(&["audit", "check"]);
    assert!(code == 0 && text.contains(&team.organization) && text.contains("platform"), "{text}");
    assert_eq!(run(&["audit", "check", "org_01h455vb4pex5vsknk084sn02q"]).0, 1);
    assert_eq!(run(&["audit", "check", "nonsense"]).0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_an_event_that_is_kept_from_getting_into_the_log_is_named() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    assert_eq!(check(&service, &team, &[]).0, 0);
    // Far more than are looked at together.
    service.database.write_events(team.uuid(), 12_000).await;
    service.database.all_sequenced().await;
    assert_eq!(check(&service, &team, &[]).0, 0);
    let held = service.database.hold_sequencing().await;
    team.owner().patch("/v1/organization", json!({"name": "Kept out"})).await.expect(200);
    let waits = format!("SELECT event_id FROM audit_queue WHERE org_id = '{}'", team.uuid());
    let event = service.database.rows(&waits).await[0]["event_id"].as_str().unwrap().to_owned();
    // The service's own role may do this: whoever has got hold of it, too.
    service.database.execute(&format!("DELETE FROM audit_queue WHERE org_id = '{}'", team.uuid())).await;
    held.close().await.unwrap();
    let event = rollcall_domain::EventId::from_uuid(event.parse().unwrap()).to_string();
    let (found, text) = check(&service, &team, &[]);
    assert!(found == 13 && text.contains(&event), "{found} {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_where_events_have_gone_with_time_the_log_holds_and_its_tiles_are_looked_at_all_the_same() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    let org = team.uuid();
    service.database.write_events(org, 2_000).await;
    service.database.all_sequenced().await;
    let mut retention = service.database.begin_retention(org, 1_200).await;
    retention.execute("COMMIT").await.unwrap();
    let (found, text) = check(&service, &team, &[]);
    assert!(found == 0 && text.contains("from 1200 on"), "{found} {text}");

    let keep = format!("CREATE TABLE kept_tiles AS SELECT * FROM audit_tiles WHERE org_id = '{org}'");
    tamper(&service, &keep).await;
    // Of what has gone, of what is there still; none of them is needed to prove the events.
    for (what, tile, named) in [
        ("changed", 1, "tile 0 of level 1"),
        ("missing", 1, "tile 1 of level 0"),
        ("missing", 5, "tile 5 of level 0"),
    ] {
        let this = format!("org_id = '{org}' AND level = 0 AND tile = {tile}");
        let statement = match what {
            "changed" => format!(
                "UPDATE audit_tiles SET hashes = set_byte(hashes, 6, get_byte(hashes, 6) # 1) WHERE {this}"
            ),
            _ => format!("DELETE FROM audit_tiles WHERE {this}"),
        };
        tamper(&service, &statement).await;
        let (found, text) = check(&service, &team, &[]);
        assert!(found == 15 && text.contains(named), "{what} {tile}: {found} {text}");
        let restore = format!(
            "DELETE FROM audit_tiles WHERE org_id = '{org}'; INSERT INTO audit_tiles SELECT * FROM kept_tiles"
        );
        tamper(&service, &restore).await;
    }
    assert_eq!(check(&service, &team, &[]).0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_from_which_events_go_with_time_while_it_is_checked_is_checked_anew_and_accuses_nobody() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    service.database.write_events(team.uuid(), 1_500).await;
    service.database.all_sequenced().await;
    all_sketched(&service).await;
    let mut retention = service.database.begin_retention(team.uuid(), 1_200).await;
    // Whoever has begun to read the log waits before its first events.
    retention.execute("LOCK TABLE audit_leaves IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut command = rollcall(&service);
    command.args(["audit", "check", &team.organization]);
    let checking = tokio::task::spawn_blocking(move || said(&command.output().unwrap()));
    until("it reads events", async || {
        let waits = "SELECT 1 AS one FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%bytes_to%'";
        (!service.database.rows(waits).await.is_empty()).then_some(())
    })
    .await;
    retention.execute("COMMIT").await.unwrap();
    let (found, text) = checking.await.unwrap();
    assert!(found == 0 && text.contains("from 1200 on"), "{found} {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_goes_with_its_organization_is_not_told_to_have_been_changed() {
    let service = start().await;
    let team = team_with_log(&service, "Acme").await;
    let seen = checkpoint(team.owner()).await;
    let org = team.uuid();
    // Its time is over by the database's clock and not by the node's, which does not go on with it.
    let delete = format!(
        "UPDATE organizations SET deleted_at = '2026-03-05', purge_at = '2026-04-05' WHERE org_id = '{org}'"
    );
    tamper(&service, &delete).await;
    let purge = format!("SELECT purge_rows('{org}', '2026-04-06', 2)");
    let half = format!(
        "SELECT 1 AS one FROM organizations WHERE org_id = '{org}' AND purged ->> 'audit_leaves' = '2'"
    );
    until("its leaves are going", async || {
        service.database.execute(&purge).await;
        (!service.database.rows(&half).await.is_empty()).then_some(())
    })
    .await;
    let (found, text) = check(&service, &team, &[]);
    assert!(found == 1 && text.contains("being purged"), "{found} {text}");
    let run = |arguments: &[&str]| said(&rollcall(&service).args(arguments).output().unwrap());
    let (found, text) = run(&["audit", "check"]);
    assert!(found == 0 && text.contains("being purged"), "{found} {text}");
    // Whoever has seen something of it is told that it is gone.
    let files = Files::new();
    let note = files.with("seen", &seen);
    let (found, text) = run(&["audit", "check", "--checkpoint", note.to_str().unwrap()]);
    assert!(found == 16 && text.contains(&team.organization), "{found} {text}");
}
