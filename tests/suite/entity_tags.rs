//! What is one thing has a tag, and whoever has it already is told so.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, HookServer, Service, Team, until};
use serde_json::json;

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
        // The first look at the audit log is an event in it.
        caller.get(&path).await;
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
async fn what_has_become_something_else_by_itself_is_sent_again_and_can_be_changed_by_whoever_saw_it_before()
{
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
