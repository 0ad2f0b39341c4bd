//! What is one thing has a tag, and whoever has it already is told so.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, HookServer, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    agents::choose,
    audit_exports::an_event_of,
    contract::{Foreign, Needs, rows},
    recordings,
};

/// What never stays as it was, or is no thing: how the service is, streams and exports.
const MOMENTARY: [&str; 7] = [
    "/healthz",
    "/readyz",
    "/v1/service/revocations",
    "/v1/stream",
    "/v1/me/export",
    "/v1/organization/export",
    "/v1/audit/export",
];

async fn known(caller: &Caller, path: &str, tag: &str) -> Answer {
    Answer::of(caller.request(Method::GET, path).header("If-None-Match", tag)).await
}

#[tokio::test]
async fn every_thing_that_is_shown_alone_has_a_tag_and_is_not_sent_twice() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    recordings::switch_on(&service, &team, &["audit_log", "call_recording"]).await;
    let (owner, operator) = (team.owner(), service.operator());
    owner.put("/v1/audit/witness", json!({"email": Service::new_address("auditor")})).await.expect(200);
    // That its first checkpoint is sent is an event, which would change the next checkpoint while it is looked at.
    until("the witness is sent its first checkpoint", async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().any(|(action, _)| action == "audit_log.checkpoint_sent").then_some(())
    })
    .await;
    let (invitation, _) = service.invite(owner, &Service::new_address("invited"), "viewer").await;
    let (api_key, _) = crate::api_keys::make(owner, json!({})).await;
    let escalation = crate::escalations::escalate(owner, "escalated", 5).await;
    let call = crate::calls::write(owner, "recorded").await;
    crate::transcripts::store(owner, &call, "Good morning").await.expect(201);
    recordings::put(owner, &call, &recordings::wav(1_000, 1)).await.expect(201);
    choose(team.caller("admin"), "away").await.expect(200);
    let (event, hook) = (an_event_of(&service, &team).await, HookServer::start().await);
    owner.put("/v1/escalations/webhook", json!({"url": hook.base()})).await.expect(200);
    service.all_mail_sent().await;

    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let mut tagged = 0;
    for row in rows().iter().filter(|row| row.method == "get" && !MOMENTARY.contains(&row.path)) {
        let caller = if matches!(row.needs, Needs::Operator) { &operator } else { owner };
        let path = row.path(match row.foreign {
            Some(Foreign::Member) => team.id("admin"),
            Some(Foreign::Invitation) => &invitation,
            Some(Foreign::ApiKey) => &api_key,
            Some(Foreign::Event) => &event,
            Some(Foreign::Call) => &call,
            Some(Foreign::Escalation) => &escalation,
            None => &team.organization,
        });
        // The first look at the audit log is an event in it, which changes its checkpoint.
        caller.get(&path).await;
        service.database.all_sequenced().await;
        let shown = Answer::of(caller.request(Method::GET, &path)).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text);
        let described = &contract["paths"][row.path]["get"];
        let is_a_list = shown.body.get("data").is_some();
        let promised = described["responses"]["200"]["headers"]["ETag"].is_object();
        assert_eq!(promised, !is_a_list, "{path}: what is promised");
        assert_eq!(described["responses"]["304"].is_object(), promised, "{path}");
        if is_a_list {
            continue;
        }
        let tag = shown.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag}");
        for tags in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let unchanged = known(caller, &path, &tags).await;
            assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""), "{path} {tags}");
            assert_eq!(unchanged.header("etag"), tag, "{path}");
        }
        assert_eq!(known(caller, &path, "\"other\"").await.status, 200, "{path}");
        tagged += 1;
    }
    assert!(tagged >= 25, "{tagged}");
}

#[tokio::test]
async fn what_time_alone_has_changed_is_sent_again_and_can_be_changed_by_whoever_saw_it_before() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller("customer_support_agent"));
    choose(agent, "available").await.expect(200);
    let path = format!("/v1/availability/{}", team.id("customer_support_agent"));
    let seen = owner.get(&path).await.expect(200);
    let tag = seen.header("etag");
    assert_eq!(known(owner, &path, tag).await.status, 304);
    // They have sent no heartbeat.
    service.clock.advance(time::Duration::seconds(45));
    let gone = known(owner, &path, tag).await.expect(200);
    assert_eq!(gone.body["status"], "offline");
    assert_ne!(gone.header("etag"), tag);
    let change = |tag: &str, capacity: u8| {
        let request = owner.request(Method::PUT, &path).header("If-Match", tag);
        Answer::of(request.json(&json!({"capacity": capacity})))
    };
    // Unless it was written down meanwhile: that is a change.
    until("what is shown to stand still", async || {
        let again = owner.get(&path).await.expect(200).header("etag").to_owned();
        (change(&again, 3).await.status == 200).then_some(())
    })
    .await;
    change(tag, 4).await.problem(412, "precondition_failed");
}

async fn on(caller: &Caller, method: &str, path: &str, tag: &str, body: Option<&Value>) -> Answer {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = caller.request(method, path).header("If-Match", tag);
    Answer::of(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn the_tag_of_an_earlier_membership_is_none_of_a_later_one() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, user) = (team.owner(), team.id("customer_support_agent"));
    let (member, agent) = (format!("/v1/members/{user}"), format!("/v1/availability/{user}"));
    let seen = owner.get(&member).await.expect(200).header("etag").to_owned();
    owner.put(&agent, json!({"capacity": 2})).await.expect(200);
    let seen_there = owner.get(&agent).await.expect(200).header("etag").to_owned();
    owner.delete(&member).await.expect(204);
    service.clock.advance(Duration::SECOND);
    let email = team.email("customer_support_agent");
    let back = service.sign_in(email).await;
    let (_, token) = service.invite(owner, email, "customer_support_agent").await;
    back.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    owner.put(&agent, json!({"capacity": 2})).await.expect(200);

    // As often changed as the one before, and somebody else all the same.
    let (role, capacity) = (json!({"role": "viewer"}), json!({"capacity": 3}));
    on(owner, "patch", &member, &seen, Some(&role)).await.problem(412, "precondition_failed");
    on(owner, "delete", &member, &seen, None).await.problem(412, "precondition_failed");
    on(owner, "put", &agent, &seen_there, Some(&capacity)).await.problem(412, "precondition_failed");
    let now = owner.get(&agent).await.expect(200).header("etag").to_owned();
    on(owner, "put", &agent, &now, Some(&capacity)).await.expect(200);
    let now = owner.get(&member).await.expect(200).header("etag").to_owned();
    on(owner, "patch", &member, &now, Some(&role)).await.expect(200);
    on(owner, "delete", &member, &now, None).await.problem(412, "precondition_failed");
}

/// What is asked: how, where, and with which body.
type Asked = (&'static str, String, Option<Value>);

/// Things with everything that is done to them: where they are shown, and what is asked, in this order. Each changes them.
fn changes(ids: &Ids) -> Vec<(String, Vec<Asked>)> {
    let member = format!("/v1/members/{}", ids.member);
    let key = format!("/v1/api-keys/{}", ids.key);
    let invitation = format!("/v1/invitations/{}", ids.invitation);
    let call = format!("/v1/calls/{}", ids.call);
    let escalation = format!("/v1/escalations/{}", ids.escalation);
    let said = json!({"segments": [{"speaker": "caller", "start_ms": 0, "end_ms": 9, "text": "Hello?"}]});
    let (hook, other_hook) = (json!({"url": "http://127.0.0.1:9/"}), json!({"url": "http://127.0.0.1:9/2"}));
    vec![
        (key.clone(), vec![("post", format!("{key}/rotate"), Some(json!({}))), ("delete", key, None)]),
        (
            invitation.clone(),
            vec![("post", format!("{invitation}/resend"), None), ("delete", invitation, None)],
        ),
        (
            "/v1/escalations/webhook".to_owned(),
            vec![
                ("post", "/v1/escalations/webhook/resend".to_owned(), None),
                ("put", "/v1/escalations/webhook".to_owned(), Some(other_hook)),
                ("delete", "/v1/escalations/webhook".to_owned(), None),
            ],
        ),
        (
            "/v1/audit/witness".to_owned(),
            vec![
                ("put", "/v1/audit/witness".to_owned(), Some(hook)),
                ("delete", "/v1/audit/witness".to_owned(), None),
            ],
        ),
        (format!("{call}/transcript"), vec![("post", format!("{call}/transcript"), Some(said))]),
        (format!("{call}/recording"), vec![("delete", format!("{call}/recording"), None)]),
        (escalation.clone(), vec![("post", format!("{escalation}/callback"), None)]),
        (member.clone(), vec![("delete", member, None)]),
        (
            "/v1/billing".to_owned(),
            vec![("put", "/v1/billing/plan".to_owned(), Some(json!({"plan": "enterprise"})))],
        ),
    ]
}

struct Ids {
    member: String,
    key: String,
    invitation: String,
    call: String,
    escalation: String,
}

/// An organization in which there is one of everything that is changed.
async fn furnished(service: &Service, team: &Team) -> Ids {
    recordings::switch_on(service, team, &["audit_log", "call_recording"]).await;
    let owner = team.owner();
    owner.put("/v1/audit/witness", json!({"email": Service::new_address("auditor")})).await.expect(200);
    owner.put("/v1/escalations/webhook", json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    let (invitation, _) = service.invite(owner, &Service::new_address("invited"), "viewer").await;
    let (key, _) = crate::api_keys::make(owner, json!({})).await;
    let call = crate::calls::write(owner, "recorded").await;
    crate::transcripts::store(owner, &call, "Good morning").await.expect(201);
    recordings::put(owner, &call, &recordings::wav(1_000, 1)).await.expect(201);
    let escalation = crate::escalations::escalate(owner, "escalated", 5).await;
    service.all_mail_sent().await;
    Ids { member: team.id("viewer").to_owned(), key, invitation, call, escalation }
}

#[tokio::test]
async fn whatever_has_a_tag_is_changed_by_whoever_has_seen_it_last_and_by_nobody_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let ids = furnished(&service, &team).await;
    let owner = team.owner();
    for (shown, asked) in changes(&ids) {
        let mut seen = Vec::new();
        for (method, path, body) in asked {
            let tag = owner.get(&shown).await.expect(200).header("etag").to_owned();
            seen.push("\"another\"".to_owned());
            for old in &seen {
                let refused = on(owner, method, &path, old, body.as_ref()).await;
                assert_eq!(
                    (refused.status.as_u16(), refused.text_at("/code")),
                    (412, "precondition_failed"),
                    "{method} {path}"
                );
            }
            let unchanged = owner.get(&shown).await.expect(200).header("etag").to_owned();
            assert_eq!(version(&unchanged), version(&tag), "{method} {path}");
            let done = on(owner, method, &path, &format!("\"another\", {tag}"), body.as_ref()).await;
            assert!(done.status.is_success(), "{method} {path}: {}", done.text);
            // To send once more what was given up changes nothing about where it goes.
            if !path.ends_with("webhook/resend") {
                seen.push(tag);
            }
        }
    }
    // Whoever holds a call says so, besides.
    let escalation = format!("/v1/escalations/{}", ids.escalation);
    let tag = async || owner.get(&escalation).await.expect(200).header("etag").to_owned();
    choose(owner, "available").await.expect(200);
    let before = tag().await;
    let claim = format!("{escalation}/claim");
    on(owner, "post", &claim, "\"another\"", None).await.problem(412, "precondition_failed");
    let taken = on(owner, "post", &claim, &before, None).await.expect(200);
    let lease = json!({"lease_token": taken.text_at("/lease/token")});
    for what in ["release", "resolve"] {
        let path = format!("{escalation}/{what}");
        on(owner, "post", &path, &before, Some(&lease)).await.problem(412, "precondition_failed");
    }
    on(owner, "post", &format!("{escalation}/resolve"), &tag().await, Some(&lease)).await.expect(200);
    // Of what is not there, there is no version at all.
    for (method, path, body) in [
        ("put", "/v1/escalations/webhook", json!({"url": "http://127.0.0.1:9/"})),
        ("put", "/v1/audit/witness", json!({"url": "http://127.0.0.1:9/"})),
    ] {
        on(owner, method, path, "*", Some(&body)).await.problem(412, "precondition_failed");
        owner.put(path, body.clone()).await.expect(200);
        on(owner, method, path, "*", Some(&body)).await.expect(200);
    }
    let recording = format!("/v1/calls/{}/recording", ids.call);
    let upload = owner.request(Method::PUT, &recording).header("If-Match", "*");
    Answer::of(upload.header("Content-Type", "audio/wav").body(recordings::wav(1_000, 1)))
        .await
        .problem(412, "precondition_failed");
    on(owner, "delete", &recording, "*", None).await.problem(404, "not_found");

    let operator = service.operator();
    let tenant = format!("/operator/v1/organizations/{}", team.organization);
    let mut seen = vec!["\"another\"".to_owned()];
    for (verb, method, body) in [
        ("plan", "put", Some(json!({"plan": "enterprise"}))),
        ("suspend", "post", None),
        ("restore", "post", None),
    ] {
        let (path, tag) = (format!("{tenant}/{verb}"), operator.get(&tenant).await.expect(200));
        for old in &seen {
            on(&operator, method, &path, old, body.as_ref()).await.problem(412, "precondition_failed");
        }
        on(&operator, method, &path, tag.header("etag"), body.as_ref()).await.expect(200);
        if verb != "plan" {
            seen.push(tag.header("etag").to_owned());
        }
    }

    let admin = team.caller("admin");
    for (shown, path) in [("/v1/me", "/v1/me"), ("/v1/session", "/v1/session")] {
        let admin =
            if path == "/v1/me" { admin.clone() } else { service.sign_in(team.email("member")).await };
        on(&admin, "delete", path, "\"another\"", None).await.problem(412, "precondition_failed");
        let tag = admin.get(shown).await.expect(200).header("etag").to_owned();
        on(&admin, "delete", path, &tag, None).await.expect(204);
    }
}

/// A tag without the digest of what was shown, which time alone changes.
fn version(tag: &str) -> &str {
    tag.rsplit_once('.').map_or(tag, |(version, _)| version)
}

/// What asks, and changes nothing.
const ASKS: [&str; 5] = [
    "/v1/authorize",
    "/v1/redactions/preview",
    "/v1/introspect",
    "/access/v1/evaluation",
    "/access/v1/evaluations",
];

#[tokio::test]
async fn nothing_is_done_that_was_meant_for_another_version() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let ids = furnished(&service, &team).await;
    let (owner, operator) = (team.owner(), service.operator());
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let mut without_a_tag = 0;
    for row in rows() {
        let is_open = matches!(row.needs, Needs::Nothing | Needs::Service);
        if row.method == "get" || is_open || ASKS.contains(&row.path) {
            continue;
        }
        let caller = if matches!(row.needs, Needs::Operator) { &operator } else { owner };
        let path = row.path(match row.foreign {
            Some(Foreign::Member) => &ids.member,
            Some(Foreign::Invitation) => &ids.invitation,
            Some(Foreign::ApiKey) => &ids.key,
            Some(Foreign::Call) => &ids.call,
            Some(Foreign::Escalation) => &ids.escalation,
            Some(Foreign::Event) | None => match row.path {
                path if path.contains("{session_id}") => "sess_01h455vb4pex5vsknk084sn02q",
                path if path.contains("{passkey_id}") => "pkey_01h455vb4pex5vsknk084sn02q",
                _ => &team.organization,
            },
        });
        let (method, what) = (row.method, format!("{} {}", row.method, row.path));
        let refused = on(caller, method, &path, "\"another\"", row.body.as_ref()).await;
        let mut parameters =
            contract["paths"][row.path][method]["parameters"].as_array().into_iter().flatten();
        if parameters.any(|parameter| parameter["name"] == "If-Match") {
            // Something else may be in the way before.
            assert!(refused.status.is_client_error(), "{what}: {}", refused.text);
        } else {
            // Only a program may do it.
            if refused.text_at("/code") == "permission_denied" {
                continue;
            }
            assert_eq!(refused.text_at("/code"), "precondition_failed", "{what}: {}", refused.text);
            // That there is something is all that it can be asked for.
            let there = on(caller, method, &path, "*", Some(&json!({"unknown": 1}))).await;
            assert_ne!(there.status, 412, "{what}");
            without_a_tag += 1;
        }
    }
    assert!(without_a_tag >= 20, "{without_a_tag}");
    let (viewer, id) = (team.caller("viewer"), &ids.invitation);
    on(viewer, "post", "/v1/invitations", "\"another\"", None).await.problem(403, "permission_denied");
    on(viewer, "delete", &format!("/v1/invitations/{id}"), "\"another\"", None)
        .await
        .problem(403, "permission_denied");
}
