//! Taking the audit log along, and checking it offline.

use std::{fs, path::PathBuf, process::Output};

use reqwest::{Method, Response};
use rollcall_domain::OrganizationId;
use rollcall_tests::{Answer, Binary, Caller, Service, Team, until};
use serde_json::{Value, json};
use sqlx::Executor;
use tempfile::TempDir;
use time::Duration;
use uuid::Uuid;

use crate::audit_reports::{EVENTS, event, reporting};

pub(crate) const EXPORT: &str = "/v1/audit/export";
pub(crate) const CHECKPOINT: &str = "/v1/audit/checkpoint";

pub(crate) fn uuid(team: &Team) -> Uuid {
    team.organization.parse::<OrganizationId>().unwrap().uuid()
}

/// A team whose log is on, with something in it.
pub(crate) async fn team_with_log(service: &Service, name: &str) -> Team {
    let team = Team::assemble(service, name).await;
    service.turn_audit_log_on(&team).await;
    for name in ["One", "Two", "Three"] {
        team.owner().patch("/v1/organization", json!({"name": name})).await.expect(200);
    }
    team
}

pub(crate) async fn checkpoint(caller: &Caller) -> String {
    caller.get(CHECKPOINT).await.expect(200).text
}

pub(crate) async fn export(caller: &Caller, query: &str) -> String {
    let answer = caller.get(&format!("{EXPORT}{query}")).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"audit-2026-03-01"));
    answer.text
}

pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn events(text: &str) -> Vec<Value> {
    lines(text).into_iter().filter(|line| line["type"] == "event").collect()
}

/// Files that what checks exports is given.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What `rollcall audit verify` says, with no configuration at all, and checkpoints that were seen before.
    pub(crate) fn verify(&self, export: &str, seen: &[&str]) -> (i32, String) {
        let mut command = Binary::command(&[]);
        command.args(["audit", "verify"]).arg(self.with("export.ndjson", export));
        for (n, note) in seen.iter().enumerate() {
            command.arg("--checkpoint").arg(self.with(&format!("seen-{n}"), note));
        }
        said(&command.output().unwrap())
    }
}

pub(crate) fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output.status.code().unwrap(), text.concat())
}

/// Another program, which shares nothing with this one: none where there is no Python.
fn stranger(export: &PathBuf, seen: &[&PathBuf]) -> Option<(i32, String)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/verify_audit_export.py");
    let mut command = std::process::Command::new("python3");
    command.arg(script).arg(export);
    for note in seen {
        command.arg("--checkpoint").arg(note);
    }
    Some(said(&command.output().ok()?))
}

/// An event that is in the tree of an organization's audit log.
pub(crate) async fn an_event_of(service: &Service, team: &Team) -> String {
    let organization = uuid(team);
    let query = format!(
        "SELECT type_id('evt', event_id) AS id FROM audit_leaves WHERE org_id = '{organization}' ORDER BY idx LIMIT 1"
    );
    service.database.rows(&query).await[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_export_proves_itself_offline_and_to_a_program_that_shares_nothing_with_ours() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let seen = checkpoint(team.owner()).await;
    team.owner().patch("/v1/organization", json!({"name": "\"Ünïcode\" ☃"})).await.expect(200);
    let text = export(team.owner(), "").await;

    // It is in it that it was asked for, and it is whole.
    let (all, events) = (lines(&text), events(&text));
    assert_eq!(events.last().unwrap()["leaf"]["action"], "audit_log.exported");
    assert_eq!(all.last().unwrap(), &json!({"type": "end", "events": events.len()}));
    assert_eq!((&all[0]["type"], &all[0]["events"]), (&json!("begin"), &json!(events.len())));
    assert_eq!(all[0]["log"], team.organization);
    assert!(events.iter().all(|event| event["leaf"]["log"] == team.organization.as_str()));
    let signed: Vec<_> = all.iter().filter(|line| line["type"] == "checkpoint").collect();
    assert_eq!(signed, [&json!({"type": "checkpoint", "note": seen})]);

    let files = Files::new();
    let jwks = files.with("jwks.json", &service.anonymous().get("/.well-known/jwks.json").await.text);
    let (code, text_of_it) = files.verify(&text, &[&seen]);
    assert_eq!(code, 0, "{text_of_it}");
    assert!(text_of_it.contains("holds") && text_of_it.contains("--jwks"), "{text_of_it}");
    let path = files.with("export.ndjson", &text);
    let verify = |arguments: &[&str]| {
        said(&Binary::command(&[]).args(["audit", "verify"]).arg(&path).args(arguments).output().unwrap())
    };
    let (code, of_it) = verify(&["--jwks", jwks.to_str().unwrap()]);
    assert!(code == 0 && !of_it.contains("--jwks"), "{of_it}");
    let key = all[0]["keys"][0].as_str().unwrap();
    assert_eq!(verify(&["--key", key]).0, 0);
    assert_eq!(
        verify(&["--key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]).0,
        17
    );
    assert_eq!(verify(&["--key", "nonsense"]).0, 1);
    assert_eq!(verify(&["--checkpoint", "/nowhere"]).0, 1);

    let Some((code, of_it)) = stranger(&path, &[&files.with("seen", &seen)]) else { return };
    assert_eq!(code, 0, "{of_it}");
    let altered = files.with("altered.ndjson", &text.replace("organization.updated", "organization.deleted"));
    let (code, of_it) = stranger(&altered, &[]).unwrap();
    assert!(code != 0 && of_it.contains("event "), "{of_it}");
}

#[tokio::test]
async fn an_export_of_some_time_holds_what_happened_then_and_proves_itself() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let seen = checkpoint(team.owner()).await;
    team.owner().patch("/v1/organization", json!({"name": "After that"})).await.expect(200);
    service.clock.advance(Duration::hours(1));
    let owner = service.sign_in(team.email("owner")).await;
    owner.patch("/v1/organization", json!({"name": "Later"})).await.expect(200);
    service.clock.advance(Duration::hours(1));
    let owner = service.sign_in(team.email("owner")).await;
    owner.patch("/v1/organization", json!({"name": "Last"})).await.expect(200);
    let files = Files::new();
    let whole = events(&export(&owner, "").await).len();

    let middle = export(&owner, "?since=2026-03-01T09:30:00Z&until=2026-03-01T10:30:00Z").await;
    let some = events(&middle);
    assert!(some.len() < whole && !some.is_empty());
    assert!(some.iter().all(|event| event["leaf"]["at"].as_str().unwrap().starts_with("2026-03-01T10:00")));
    assert!(some.iter().any(|event| event["leaf"]["action"] == "organization.updated"));
    let (code, said) = files.verify(&middle, &[]);
    assert_eq!(code, 0, "{said}");
    // Another time zone is the same moment.
    let same = export(&owner, "?since=2026-03-01T10:30:00%2B01:00&until=2026-03-01T10:30:00Z").await;
    assert_eq!(events(&same), some);
    // What was seen before it begins cannot be compared, and is not passed over.
    let (code, said) = files.verify(&middle, &[&seen]);
    assert!(code == 1 && said.contains("consistency"), "{said}");

    let none = export(&owner, "?until=2020-01-01T00:00:00Z").await;
    assert_eq!((events(&none).len(), files.verify(&none, &[]).0), (0, 0));
    for query in ["since=yesterday", "until=1", "org=x", "organization_id=x", "since=2026-03-01"] {
        owner.get(&format!("{EXPORT}?{query}")).await.invalid(query.split('=').next().unwrap());
    }
    // A time that ends before it begins; one that ends as it begins has nothing in it.
    let backwards = "since=2026-03-01T10:00:00.000001Z&until=2026-03-01T10:00:00Z";
    for path in [EXPORT, "/v1/audit/events"] {
        owner.get(&format!("{path}?{backwards}")).await.invalid("until");
        let member = team.caller("member").get(&format!("{path}?{backwards}")).await;
        member.problem(403, "permission_denied");
    }
    let head = owner.request(Method::HEAD, &format!("{EXPORT}?{backwards}"));
    assert_eq!(Answer::of(head).await.status, 422);
    let empty = "since=2026-03-01T10:00:00Z&until=2026-03-01T10:00:00Z";
    assert_eq!(events(&export(&owner, &format!("?{empty}")).await).len(), 0);
    assert!(owner.get(&format!("/v1/audit/events?{empty}")).await.expect(200).list("data").is_empty());
}

#[tokio::test]
async fn attack_29_what_was_erased_is_marked_and_the_proof_still_holds() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let (before, seen) = (export(team.owner(), "").await, checkpoint(team.owner()).await);
    let viewer = team.caller("viewer");
    viewer.patch("/v1/me", json!({"name": "Gone Soon"})).await.expect(200);
    service.sign_in(team.email("viewer")).await.delete("/v1/me").await.expect(204);
    let text = export(team.owner(), "").await;
    let erased = |text: &str| {
        let personal =
            |event: &Value| event["personal"].as_object().unwrap().values().filter(|v| v.is_null()).count();
        events(text).iter().map(personal).sum::<usize>()
    };
    assert!(erased(&text) > erased(&before), "{text}");
    let files = Files::new();
    let (code, said) = files.verify(&text, &[&seen]);
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn a_log_that_never_was_on_is_not_offered_and_one_that_was_still_is() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let paths = [CHECKPOINT, EXPORT, "/v1/audit/proofs/consistency?from=0", "/v1/audit/proofs/inclusion"];
    for path in paths {
        team.owner().get(path).await.problem(409, "audit_log_disabled");
    }
    service.turn_audit_log_on(&team).await;
    let on = checkpoint(team.owner()).await;
    assert_eq!(on.lines().nth(1), Some("1"), "only what turns it on is in it");
    service.turn_audit_log_off(&team).await;
    let off = checkpoint(team.owner()).await;
    assert_eq!(off.lines().nth(1), Some("2"), "what turns it off is the last");
    let text = export(team.owner(), "").await;
    assert_eq!(events(&text).len(), 2, "that it was asked for while it was off is not offered");
    assert_eq!(Files::new().verify(&text, &[&on, &off]).0, 0);
}

/// An export that has begun, of which as much has been read as one wants.
struct Running(Response);

impl Running {
    async fn begin(caller: &Caller) -> Self {
        let response = caller.request(Method::GET, EXPORT).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self(response)
    }

    /// Reads as long as something comes; what came, and whether it came to a clean end.
    async fn read_all(&mut self) -> (String, bool) {
        let mut text = Vec::new();
        loop {
            match self.0.chunk().await {
                Ok(Some(piece)) => text.extend_from_slice(&piece),
                Ok(None) => return (String::from_utf8(text).unwrap(), true),
                Err(_) => return (String::from_utf8_lossy(&text).into_owned(), false),
            }
        }
    }
}

#[tokio::test]
async fn attack_9_whoever_loses_the_right_or_the_session_while_it_runs_gets_no_more() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    service.database.write_events(uuid(&team), 40_000).await;
    service.database.all_sequenced().await;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["audit_log:read"]})).await;
    let keys = team.owner().get("/v1/api-keys").await.expect(200);
    let key_id = keys.list("data")[0]["id"].as_str().unwrap().to_owned();
    let key = service.anonymous().with_token(&secret);
    for way in ["key", "role", "session"] {
        let caller = if way == "key" { &key } else { team.caller("admin") };
        let mut running = Running::begin(caller).await;
        // One of an organization at a time.
        team.owner().get(EXPORT).await.problem(409, "export_running");
        match way {
            "key" => {
                team.owner().delete(&format!("/v1/api-keys/{key_id}")).await.expect(204);
            }
            "role" => {
                let path = format!("/v1/members/{}", team.id("admin"));
                team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
            }
            _ => {
                caller.delete("/v1/session").await.expect(204);
            }
        }
        let (text, clean) = running.read_all().await;
        assert!(!clean && !text.contains(r#""type":"end""#), "{way}: {} bytes", text.len());
        if way == "role" {
            let path = format!("/v1/members/{}", team.id("admin"));
            team.owner().patch(&path, json!({"role": "admin"})).await.expect(200);
        }
        until("the place of the export is free", async || {
            let answer =
                Answer::of(team.owner().request(Method::GET, "/v1/audit/export?until=2020-01-01T00:00:00Z"))
                    .await;
            (answer.status == 200).then_some(())
        })
        .await;
    }
    let log = service.audit_log(Some(&team.organization)).await;
    assert!(log.contains(&("audit_log.exported".to_owned(), "refused".to_owned())));
}

#[tokio::test]
async fn an_export_is_cut_off_when_it_takes_an_hour_and_not_before() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    service.database.write_events(uuid(&team), 40_000).await;
    service.database.all_sequenced().await;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["audit_log:read"]})).await;
    let key = service.anonymous().with_token(&secret);
    for (after, is_whole) in [(Duration::HOUR - Duration::SECOND, true), (Duration::HOUR, false)] {
        let mut running = Running::begin(&key).await;
        service.clock.advance(after);
        let (text, clean) = running.read_all().await;
        assert_eq!((clean, text.contains(r#""type":"end""#)), (is_whole, is_whole), "{after}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_retention_overtakes_is_cut_off_and_accuses_nobody() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    // More than what is between two sockets takes.
    service.database.write_events(uuid(&team), 40_000).await;
    service.database.all_sequenced().await;
    let mut retention = service.database.begin_retention(uuid(&team), 40_000).await;
    let mut running = Running::begin(team.owner()).await;
    retention.execute("COMMIT").await.unwrap();
    let (text, clean) = running.read_all().await;
    assert!(!clean && !text.contains(r#""type":"end""#), "{} bytes", text.len());
    assert!(!text.contains(r#""leaf":null"#));
    let files = Files::new();
    let (code, said) = files.verify(&text, &[]);
    assert_eq!(code, 11, "{said}");
    // Whoever begins anew gets what is left.
    let text = until("the place of the export is free", async || {
        let answer = team.owner().get(EXPORT).await;
        (answer.status == 200).then_some(answer.text)
    })
    .await;
    assert_eq!(events(&text)[0]["index"], 40_000);
    let (code, said) = files.verify(&text, &[]);
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn a_head_gets_the_headers_and_begins_no_export() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let head = async |caller: &Caller, query: &str| {
        Answer::of(caller.request(Method::HEAD, &format!("{EXPORT}{query}"))).await
    };
    assert_eq!(head(team.owner(), "").await.status, 409, "there is nothing to export");
    service.turn_audit_log_on(&team).await;
    service.database.write_events(uuid(&team), 40_000).await;
    service.database.all_sequenced().await;
    // Also while one runs: it takes nobody's place.
    let running = Running::begin(team.caller("admin")).await;
    for (query, kind) in
        [("", "application/x-ndjson"), ("?format=csv", "text/csv; charset=utf-8; header=present")]
    {
        let answer = head(team.owner(), query).await.expect(200);
        assert_eq!((answer.header("content-type"), answer.text.as_str()), (kind, ""));
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"audit-2026-03-01"));
        assert!(!answer.headers.contains_key("content-length"), "nobody knows how long it would be");
    }
    assert_eq!(head(team.caller("viewer"), "").await.status, 403);
    assert_eq!(head(team.owner(), "?since=yesterday").await.status, 422);
    drop(running);
    let log = service.audit_log(Some(&team.organization)).await;
    let exported = |outcome: &str| {
        log.iter().filter(|(action, of)| action == "audit_log.exported" && of == outcome).count()
    };
    assert_eq!((exported("success"), exported("refused")), (1, 1));
}

#[tokio::test]
async fn a_key_with_the_scope_exports_and_proves() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["audit_log:read"]})).await;
    let key = service.anonymous().with_token(&secret);
    let seen = checkpoint(&key).await;
    let text = export(&key, "").await;
    let (code, said) = Files::new().verify(&text, &[&seen]);
    assert_eq!(code, 0, "{said}");
    let last = events(&text).pop().unwrap();
    assert_eq!(last["leaf"]["actor"]["kind"], "api_key");
}

#[tokio::test]
async fn checkpoints_of_a_key_that_was_replaced_still_count() {
    let service = Service::start().await;
    let team = team_with_log(&service, "Acme").await;
    let old = checkpoint(team.owner()).await;
    service.rotate_checkpoint_key().await;
    service.clock.advance(Duration::minutes(10));
    until("the new key signs", async || {
        team.owner()
            .patch("/v1/organization", json!({"name": Uuid::from_u128(rollcall_tests::random())}))
            .await
            .expect(200);
        let new = checkpoint(team.owner()).await;
        let key_of = |note: &str| note.rsplit(' ').next().unwrap()[..5].to_owned();
        (key_of(&new) != key_of(&old)).then_some(())
    })
    .await;
    let text = export(team.owner(), "").await;
    let files = Files::new();
    let published = service.anonymous().get("/.well-known/jwks.json").await.text;
    let jwks = files.with("jwks.json", &published);
    let (code, of_it) = files.verify(&text, &[&old]);
    assert_eq!(code, 0, "{of_it}");
    let mut command = Binary::command(&[]);
    command.args(["audit", "verify"]).arg(files.with("export", &text)).arg("--jwks").arg(jwks);
    let (code, of_it) = said(&command.output().unwrap());
    assert_eq!(code, 0, "{of_it}");
}

#[tokio::test]
async fn attack_35_an_event_has_a_greatest_size_and_long_ones_are_found_and_exported() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    // The target and the names of the fields count as well.
    let long = |last: usize| {
        let mut long = event(&service, team.id("viewer"));
        let texts: Vec<String> = (0..4).map(|_| "😀".repeat(1_000)).chain(["x".repeat(last)]).collect();
        let change = |(n, text): (usize, &String)| json!({"field": format!("f{n}"), "after": text});
        long["changes"] = texts.iter().enumerate().map(change).collect();
        long["personal"] = json!({"note": "Ada"});
        long
    };
    let most = 16 * 1_024 - 4 * 4_000 - 5 * 2 - "agent".len() - "a1".len() - "note".len() - "Ada".len();
    let batch = [event(&service, team.id("viewer")), long(most + 1)];
    program.post(EVENTS, json!({"events": batch})).await.invalid("events[1]");
    program.post(EVENTS, json!({"events": [long(most)]})).await.expect(200);

    // More than an export holds at once.
    for _ in 0..4 {
        let batch: Vec<Value> = (0..80).map(|_| long(most)).collect();
        program.post(EVENTS, json!({"events": batch})).await.expect(200);
    }
    let (mut found, mut next) = (0, String::new());
    loop {
        let path = format!("/v1/audit/events?limit=200&q=ada&action=agent.created{next}");
        let page = team.owner().get(&path).await.expect(200);
        found += page.list("data").len();
        match page.body["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, 321);
    let exported = export(team.owner(), "").await;
    let long = events(&exported).iter().filter(|event| event["leaf"]["action"] == "agent.created").count();
    assert_eq!(long, 321);
    let (code, said) = Files::new().verify(&exported, &[]);
    assert_eq!(code, 0, "{said}");
}
