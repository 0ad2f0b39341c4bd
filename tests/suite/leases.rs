//! What is told of calls that wait: again, by status, and while PHI protection is on.

use reqwest::Method;
use rollcall_domain::{
    CallId, EscalationId, UserId,
    availability::Skills,
    escalations::{Escalation, EscalationSettings, EscalationStatus, Hold, Priority},
    secret::TokenHash,
};
use rollcall_tests::{Answer, Caller, Service, Team, TestDatabase};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    agents::{choose, seen},
    escalations::{by_lease, claim, escalate, shown},
};

const ROLE: &str = "customer_support_agent";

async fn keyed(caller: &Caller, path: &str, key: &str) -> Answer {
    Answer::of(caller.request(Method::POST, path).header("Idempotency-Key", key)).await
}

#[tokio::test]
async fn a_claim_that_is_told_again_is_told_as_it_is_now() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, next) = (team.caller(ROLE), "/v1/escalations/claim-next");
    choose(agent, "available").await.expect(200);
    // That none waits is true at that moment only.
    keyed(agent, next, "next").await.expect(204);
    let id = escalate(team.owner(), "CA1", 5).await;
    let taken = keyed(agent, next, "next").await.expect(200);
    service.clock.advance(Duration::seconds(30));
    Answer::of(agent.request(Method::POST, "/v1/availability/me/heartbeat")).await.expect(204);
    let again = keyed(agent, next, "next").await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body["lease"]["token"], taken.body["lease"]["token"]);
    assert_eq!(again.body["lease"]["fence"], taken.body["lease"]["fence"]);
    // The heartbeat has renewed it since.
    assert_eq!(again.body["lease"]["expires_at"], "2026-03-01T09:01:30Z");
    by_lease(agent, &id, "release", taken.text_at("/lease/token")).await.expect(200);
    keyed(agent, next, "next").await.problem(409, "lease_lost");
    // One that has run out, or that somebody else has by now, is no better.
    let path = format!("/v1/escalations/{id}/claim");
    keyed(agent, &path, "this").await.expect(200);
    service.clock.advance(Duration::seconds(60));
    keyed(agent, &path, "this").await.problem(409, "lease_lost");
    choose(team.caller("admin"), "available").await.expect(200);
    claim(team.caller("admin"), &id).await.expect(200);
    keyed(agent, &path, "this").await.problem(409, "lease_lost");
    assert_eq!(shown(team.owner(), &id).await["agent_id"], team.id("admin"));
}

#[tokio::test]
async fn a_list_by_status_holds_what_is_so_whether_or_not_it_is_written_down() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    choose(agent, "available").await.expect(200);
    let held = escalate(owner, "CA1", 5).await;
    claim(agent, &held).await.expect(200);
    service.clock.advance(Duration::SECOND);
    let waiting = escalate(owner, "CA2", 5).await;
    service.clock.advance(Duration::SECOND);
    let late = escalate(owner, "CA3", 5).await;
    let by_status = async |status: &str| {
        let listed = owner.get(&format!("/v1/escalations?status={status}")).await.expect(200);
        let ids = listed.list("data").iter().map(|one| {
            assert_eq!(one["status"], status);
            one["id"].as_str().unwrap().to_owned()
        });
        ids.collect::<Vec<_>>()
    };
    // Nobody can write anything down.
    let rows = "SELECT FROM human_agents FOR UPDATE; SELECT FROM escalations FOR UPDATE";
    let locked = service.database.open_transaction(rows).await;
    assert_eq!(by_status("claimed").await, [held.as_str()]);
    service.clock.advance(Duration::seconds(60));
    assert!(by_status("claimed").await.is_empty());
    assert_eq!(by_status("waiting").await, [held.as_str(), waiting.as_str(), late.as_str()]);
    service.clock.advance(Duration::seconds(540));
    // What was lost with an agent waits on; the others have waited for long enough.
    assert_eq!(by_status("unanswered").await, [late.as_str(), waiting.as_str()]);
    assert_eq!(by_status("waiting").await, [held.as_str()]);
    assert_eq!(shown(owner, &held).await["position"], 1);
    locked.roll_back().await;
}

#[tokio::test]
async fn reasons_and_notes_are_on_one_line_and_errors_say_which_and_how_much_of_what() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let call = crate::calls::write(owner, "CA1").await;
    let path = format!("/v1/calls/{call}/escalations");
    let body = |reason: &str, skills: Value| json!({"reason": reason, "priority": 5, "skills": skills});
    owner.post(&path, body("x", json!(["billing", " "]))).await.invalid("skills[1]");
    let made = owner.post(&path, body("Asks for a human.\r\n\tIs upset.", json!([]))).await.expect(201);
    assert_eq!(made.body["reason"], "Asks for a human. Is upset.");
    let note = json!({"status": "away", "note": "Back\nat three"});
    let set = team.caller(ROLE).put("/v1/availability/me", note).await.expect(200);
    assert_eq!(set.body["note"], "Back at three");
    let wrong = owner.put("/v1/escalations/settings", json!({"offer_seconds": 4})).await;
    assert_eq!(
        wrong.invalid("offer_seconds").body["errors"][0]["message"],
        "must be between 5 and 300 seconds"
    );
    // To a platform it says nothing of what only agents can do.
    owner.patch(&crate::calls::path(&call), json!({"ended_at": "2026-03-01T09:00:00Z"})).await.expect(200);
    let ended = owner.post(&path, body("again", json!([]))).await.problem(409, "call_ended");
    assert!(ended.body["detail"].as_str().unwrap().contains("it cannot be escalated"), "{}", ended.text);
}

#[tokio::test]
async fn attack_30_while_phi_protection_is_on_notes_are_masked_and_skills_name_nobody() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, id) = (team.owner(), team.caller(ROLE), team.id(ROLE));
    let note = async || {
        let note = json!({"status": "away", "note": "Call me at +1 415 555 0100"});
        agent.put("/v1/availability/me", note).await.expect(200)
    };
    assert!(note().await.text.contains("555 0100"));
    let skills = json!({"skills": ["billing", "knows grace@navy.example"]});
    let path = format!("/v1/availability/{id}");
    owner.put(&path, skills.clone()).await.expect(200);
    let before = owner.get(&path).await.expect(200);
    crate::recordings::switch_on(&service, &team, &["phi_protection"]).await;
    // What was written before is gone with it.
    let after = owner.get(&path).await.expect(200);
    assert_eq!(after.body["note"], Value::Null);
    assert_ne!(after.header("etag"), before.header("etag"));
    let masked = note().await;
    assert!(masked.text.contains("Call me at") && !masked.text.contains("555 0100"), "{}", masked.text);
    assert_eq!(seen(owner, id).await["note"], masked.body["note"]);
    let kept = Value::from(service.database.rows("SELECT note FROM human_agents").await).to_string();
    assert!(!kept.contains("555 0100"), "{kept}");
    owner.put(&path, skills).await.invalid("skills");
    owner.put(&path, json!({"skills": ["billing"]})).await.expect(200);
    let call = crate::calls::write(owner, "CA1").await;
    let body = json!({"reason": "x", "priority": 5, "skills": ["4111 1111 1111 1111"]});
    owner.post(&format!("/v1/calls/{call}/escalations"), body).await.invalid("skills");
    // And it is told.
    let effects = owner.get("/v1/security").await.expect(200).body["phi_protection"]["effects"].to_string();
    assert!(effects.contains("notes that agents write") && effects.contains("Skills"), "{effects}");
}

#[tokio::test]
async fn the_database_and_the_domain_agree_on_what_time_has_made_of_an_escalation() {
    let database = TestDatabase::create().await;
    let mut connection = database.connect().await;
    let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
    let (past, future) = (now - Duration::SECOND, now + Duration::SECOND);
    for status in EscalationStatus::ALL {
        for callback in [false, true] {
            for ends in [past, now, future] {
                for waits_until in [past, now, future] {
                    let mut escalation = Escalation::waiting(
                        EscalationId::from_parts(0, &[1; 10]),
                        CallId::from_parts(0, &[1; 10]),
                        "asks for a human".parse().unwrap(),
                        Priority::new(5).unwrap(),
                        Skills::default(),
                        &EscalationSettings::default(),
                        now,
                    );
                    (escalation.status, escalation.callback) = (status, callback);
                    escalation.waits_until = waits_until;
                    if matches!(status, EscalationStatus::Offered | EscalationStatus::Claimed) {
                        escalation.agent = Some(UserId::from_parts(0, &[1; 10]));
                        escalation.hold = Some(match status {
                            EscalationStatus::Offered => Hold::Offer { generation: 1, until: ends },
                            _ => Hold::Lease { token: TokenHash([1; 32]), until: ends },
                        });
                    }
                    let seen: String = sqlx::query_scalar("SELECT escalation_seen($1, $2, $3, $4, $5)")
                        .bind(status.as_str())
                        .bind(callback)
                        .bind(escalation.hold.map(Hold::until))
                        .bind(waits_until)
                        .bind(now)
                        .fetch_one(&mut connection)
                        .await
                        .unwrap();
                    let case = format!(
                        "{status:?}, callback {callback}, held until {ends}, waits until {waits_until}"
                    );
                    assert_eq!(seen, escalation.seen_at(now).status.as_str(), "{case}");
                }
            }
        }
    }
}
