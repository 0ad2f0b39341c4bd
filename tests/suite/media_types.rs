//! What an answer is, its type says.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use rollcall_tests::{HookServer, Service, Team};
use serde_json::{Value, json};

use crate::{
    audit_exports::an_event_of,
    contract::{Foreign, Needs, rows},
    recordings::{put, switch_on, wav},
    tokens::SERVICE_TOKEN,
    webhooks::WEBHOOK,
};

/// The type of events that do not end.
const EVENTS: &str = "text/event-stream";

/// An answer: its status, its type and its body. Of what does not end, the beginning.
async fn answered(request: RequestBuilder) -> (u16, String, Vec<u8>) {
    let mut response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body = match kind.as_str() {
        EVENTS => response.chunk().await.unwrap().unwrap(),
        _ => response.bytes().await.unwrap(),
    };
    (status, kind, body.to_vec())
}

/// The type without its parameters.
fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap().trim()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

/// Whether a body is what its type says, and what is text says in which letters.
fn is_so(kind: &str, body: &[u8]) -> bool {
    if kind == "audio/wav" {
        return body.starts_with(b"RIFF");
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let says_letters = kind.contains("; charset=utf-8");
    match essence(kind) {
        // Always UTF-8 (HTML Living Standard, section 9.2.4; RFC 8259 section 8.1).
        EVENTS => text.starts_with(':') || text.starts_with("id: ") || text.starts_with("retry: "),
        "application/json" | "application/problem+json" | "application/jwk-set+json" => is_json(text),
        "application/x-ndjson" => text.lines().all(is_json),
        "text/html" => says_letters && text.starts_with("<!doctype html>"),
        "text/csv" => says_letters && csv::Reader::from_reader(body).records().all(|record| record.is_ok()),
        "text/plain" | "text/css" | "text/javascript" => says_letters && !is_json(text),
        "image/svg+xml" => says_letters && text.trim_start().starts_with('<'),
        "application/openmetrics-text" => says_letters && text.ends_with("# EOF\n"),
        _ => false,
    }
}

#[tokio::test]
async fn asvs_4_1_1_every_answer_with_a_body_says_what_it_is() {
    let beats = ("stream.heartbeat_seconds", "1");
    let service = Service::start_with(&[("service.token", SERVICE_TOKEN), beats]).await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, &["call_recording"]).await;
    let (owner, anonymous, operator) = (team.owner(), service.anonymous(), service.operator());
    let sibling = anonymous.with_token(SERVICE_TOKEN);
    let call = crate::calls::write(owner, "CA1").await;
    put(owner, &call, &wav(1000, 1)).await.expect(201);
    let escalation = crate::escalations::escalate(owner, "CA2", 5).await;
    let (key, _) = crate::api_keys::make(owner, json!({"scopes": ["calls:read"]})).await;
    let (invitation, _) = service.invite(owner, &Service::new_address("ada"), "viewer").await;
    service.turn_audit_log_on(&team).await;
    let event = an_event_of(&service, &team).await;
    let contract = anonymous.get("/openapi.json").await.expect(200).body;
    let mut seen = BTreeSet::new();
    let mut looked = |what: &str, (status, kind, body): (u16, String, Vec<u8>)| {
        if !body.is_empty() {
            let text = String::from_utf8_lossy(&body);
            assert!(is_so(&kind, &body), "{what} {status}: {kind:?} {text}");
        }
        seen.insert(essence(&kind).to_owned());
        (status, kind)
    };
    looked("csv", answered(owner.request(Method::GET, "/v1/audit/export?format=csv")).await);
    // What takes something away, or ends a session, comes last; and a webhook leads to this machine.
    let (mut all, hook) = (rows(), HookServer::start().await);
    let webhook = json!({"url": hook.base()});
    all.sort_by_key(|row| row.method == "delete");
    for row in &all {
        let id: &str = match row.foreign {
            Some(Foreign::Call) => &call,
            Some(Foreign::ApiKey) => &key,
            Some(Foreign::Event) => &event,
            Some(Foreign::Invitation) => &invitation,
            Some(Foreign::Escalation) => &escalation,
            Some(Foreign::Member) => team.id("viewer"),
            None => row.unknown_id(),
        };
        let may = match row.needs {
            Needs::Nothing => &anonymous,
            Needs::Service => &sibling,
            Needs::Operator => &operator,
            Needs::Session | Needs::Permission(_) => owner,
        };
        for caller in [&anonymous, may] {
            let request = caller.request(row.verb(), &row.path(id));
            let request = match &row.body {
                Some(_) if row.path == WEBHOOK => request.json(&webhook),
                Some(body) => request.json(body),
                None => request,
            };
            let what = format!("{} {}", row.method, row.path);
            let (status, kind) = looked(&what, answered(request).await);
            let told = &contract["paths"][row.path][row.method]["responses"][status.to_string()]["content"];
            match (status, kind.as_str()) {
                (204, _) => assert_eq!(kind, "", "{what}"),
                (400.., _) => assert_eq!(kind, "application/problem+json", "{what} {status}"),
                _ => assert!(told.get(essence(&kind)).is_some(), "{what} {status}: {kind:?}, not {told}"),
            }
        }
    }
    // And what is in no contract.
    let page = anonymous.get("/sign-in").await.expect(200).text;
    let assets = page.split('"').filter(|part| part.starts_with("/assets/"));
    let pages =
        ["/sign-in", "/docs", "/problems/not_found", "/openapi.json", "/dev/mailbox", "/dev/mailbox.json"];
    for path in pages.into_iter().chain(assets) {
        let (status, _) = looked(path, answered(anonymous.request(Method::GET, path)).await);
        assert_eq!(status, 200, "{path}");
    }
    looked("/metrics", answered(service.operations().request(Method::GET, "/metrics")).await);
    let kinds = [
        "",
        "application/json",
        "application/jwk-set+json",
        "application/openmetrics-text",
        "application/problem+json",
        "application/x-ndjson",
        "audio/wav",
        "image/svg+xml",
        "text/css",
        "text/csv",
        EVENTS,
        "text/html",
        "text/javascript",
        "text/plain",
    ];
    assert_eq!(seen.iter().collect::<Vec<_>>(), kinds);
}
