//! Exports of audit logs while they run: what ends one, and who waits for it.

use reqwest::{Method, Response};
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::json;
use sqlx::Executor;
use time::Duration;

use crate::{
    api_keys::make,
    audit_exports::{EXPORT, Files, events, team_with_log},
};

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
    service.database.write_events(team.uuid(), 40_000).await;
    service.database.all_sequenced().await;
    let (_, secret) = make(team.owner(), json!({"scopes": ["audit_log:read"]})).await;
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
    service.database.write_events(team.uuid(), 40_000).await;
    service.database.all_sequenced().await;
    let (_, secret) = make(team.owner(), json!({"scopes": ["audit_log:read"]})).await;
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
    service.database.write_events(team.uuid(), 40_000).await;
    service.database.all_sequenced().await;
    let mut retention = service.database.begin_retention(team.uuid(), 40_000).await;
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
    service.database.write_events(team.uuid(), 40_000).await;
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
