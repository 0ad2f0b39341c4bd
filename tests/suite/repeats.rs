//! What a repeat of a keyed request is told: nothing that whoever sends it would not be told now.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    agents::choose,
    escalations::{claim, shown},
    recordings::switch_on,
};

async fn keyed(caller: &Caller, path: &str, body: &Value) -> Answer {
    // One key is for one request, so each path has its own.
    Answer::of(caller.request(Method::POST, path).header("Idempotency-Key", path).json(body)).await
}

fn is_repeated(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn attack_30_what_was_said_before_phi_protection_came_on_is_masked_when_it_is_told_again() {
    const NUMBER: &str = "415 555 0132";
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller("customer_support_agent"));
    let call = crate::calls::write(owner, "CA1").await;
    let path = format!("/v1/calls/{call}/escalations");
    let body = json!({"reason": format!("Call back at {NUMBER}"), "priority": 5});
    let made = keyed(owner, &path, &body).await.expect(201);
    choose(agent, "available").await.expect(200);
    let id = made.text_at("/id");
    let lease = claim(agent, id).await.expect(200);
    let resolve = format!("/v1/escalations/{id}/resolve");
    let by_lease = json!({"lease_token": lease.text_at("/lease/token")});
    let resolved = keyed(agent, &resolve, &by_lease).await.expect(200);
    // While it is off they are told to the letter.
    for (caller, path, body, first) in [(owner, &path, &body, &made), (agent, &resolve, &by_lease, &resolved)]
    {
        let again = keyed(caller, path, body).await.expect(first.status.as_u16());
        assert!(first.text.contains(NUMBER) && is_repeated(&again), "{path}");
        assert_eq!(again.text, first.text);
    }

    switch_on(&service, &team, &["phi_protection"]).await;
    for (caller, path, body, first) in [(owner, &path, &body, &made), (agent, &resolve, &by_lease, &resolved)]
    {
        let again = keyed(caller, path, body).await.expect(first.status.as_u16());
        assert!(is_repeated(&again) && !again.text.contains("555"), "{}", again.text);
        // Of everything else it is the answer that it was.
        let mut expected = first.body.clone();
        expected["reason"] = json!("Call back at [phone]");
        assert_eq!(again.body, expected);
        assert_eq!(again.header("location"), first.header("location"));
    }
    // What a platform has called so is its own, and is never masked.
    let mut noted = crate::calls::body("CA2");
    noted["metadata"] = json!({"reason": format!("Call back at {NUMBER}")});
    let first = keyed(owner, "/v1/calls", &noted).await.expect(201);
    let again = keyed(owner, "/v1/calls", &noted).await.expect(201);
    assert!(is_repeated(&again) && again.text.contains(NUMBER), "{}", again.text);
    assert_eq!(again.text, first.text);
    // What is kept is not changed by that, as the effects of the control say.
    assert_eq!(shown(owner, id).await["reason"], made.body["reason"]);
}

#[tokio::test]
async fn attack_34_with_another_version_in_if_match_it_is_another_request() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let (id, _) = service.invite(owner, &Service::new_address("ada"), "viewer").await;
    let path = format!("/v1/invitations/{id}");
    let resend = async |key: &str, if_match: Option<&str>| {
        let request = owner.request(Method::POST, &format!("{path}/resend")).header("Idempotency-Key", key);
        let request = if_match.into_iter().fold(request, |request, tag| request.header("If-Match", tag));
        Answer::of(request.json(&json!({}))).await
    };
    let tag = owner.get(&path).await.expect(200).header("etag").to_owned();
    let first = resend("with", Some(&tag)).await.expect(200);
    let again = resend("with", Some(&tag)).await.expect(200);
    assert!(is_repeated(&again) && again.text == first.text, "{}", again.text);
    for other in [None, Some("*"), Some(""), Some("\"another\"")] {
        resend("with", other).await.problem(422, "idempotency_key_reused");
    }
    resend("without", None).await.expect(200);
    for other in [Some(tag.as_str()), Some("*"), Some("")] {
        resend("without", other).await.problem(422, "idempotency_key_reused");
    }
    // What would not be done is not, and gives its key back.
    resend("late", Some(&tag)).await.problem(412, "precondition_failed");
    assert!(!is_repeated(&resend("late", Some("*")).await.expect(200)));

    // A node of the last release has not said what it was meant for: its request is repeated as it was there.
    service.database.execute("UPDATE idempotency_keys SET precondition = NULL").await;
    for any in [Some(tag.as_str()), Some("*"), None] {
        let again = resend("with", any).await.expect(200);
        assert!(is_repeated(&again) && again.text == first.text, "{}", again.text);
    }
}

#[tokio::test]
async fn attack_3_no_repeat_opens_a_session_by_what_works_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, token) = service.invite(team.owner(), &Service::new_address("grace"), "viewer").await;
    let body = json!({"token": token, "name": "Grace", "password": PASSWORD});
    let accept = "/v1/invitations/accept";
    keyed(&service.anonymous(), accept, &body).await.expect(201);
    keyed(&service.anonymous(), accept, &body).await.problem(410, "invitation_gone");

    let email = Service::new_address("ada");
    let body = json!({"email": email, "name": "Ada", "organization_name": "Own"});
    service.anonymous().post("/v1/signup", body).await.expect(202);
    let token = service.token_for(&email, "/signup/complete").await;
    let body = json!({"token": token, "password": PASSWORD});
    let complete = "/v1/signup/complete";
    keyed(&service.anonymous(), complete, &body).await.expect(201);
    let again = keyed(&service.anonymous(), complete, &body).await;
    assert!(again.status.is_client_error() && !again.text.contains("rs_"), "{}", again.text);
}

#[tokio::test]
async fn attack_24_no_repeat_spares_anybody_the_proof_of_who_they_are() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    service.enrol(team.caller("viewer")).await;
    let (key, _) = crate::api_keys::make(owner, json!({})).await;
    let rotate = format!("/v1/api-keys/{key}/rotate");
    let reset = format!("/v1/members/{}/mfa-reset", team.id("viewer"));
    let proven = [
        ("/v1/api-keys", json!({"name": "Importer", "scopes": ["calls:read"]})),
        (rotate.as_str(), json!({"overlap_seconds": 60})),
        (reset.as_str(), json!({})),
        ("/v1/me/email", json!({"new_email": "grace.hopper@example.com"})),
    ];
    let mut first = Vec::new();
    for (path, body) in &proven {
        let answer = keyed(owner, path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        assert!(is_repeated(&keyed(owner, path, body).await), "{path}");
        first.push(answer);
    }
    // Somebody sits down at the device, or has come by its cookie, and knows or guesses the key.
    service.clock.advance(Duration::minutes(11));
    for (path, body) in &proven {
        keyed(owner, path, body).await.problem(403, "elevation_required");
    }
    owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    for ((path, body), first) in proven.iter().zip(&first) {
        let again = keyed(owner, path, body).await;
        assert!(is_repeated(&again), "{path}: {}", again.text);
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{path}");
    }
}

#[tokio::test]
async fn what_is_true_for_a_moment_only_is_answered_anew_though_the_request_is_keyed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let invite = json!({"email": "ada@example.com", "role": "viewer"});
    let made = owner.post("/v1/invitations", invite).await.expect(201);
    let token = json!({"token": service.token_for("ada@example.com", "/invitations/accept").await});
    let preview = "/v1/invitations/preview";
    keyed(&service.anonymous(), preview, &token).await.expect(200);
    owner.delete(&format!("/v1/invitations/{}", made.text_at("/id"))).await.expect(204);
    keyed(&service.anonymous(), preview, &token).await.problem(410, "invitation_gone");

    // What a program may do follows the plan.
    let (_, secret) = crate::api_keys::make(owner, json!({"scopes": ["media_keys:issue"]})).await;
    let program = service.anonymous().with_token(&secret);
    let asked = json!({"checks": [{"permission": "media_keys:issue"}]});
    for allowed in [false, true] {
        let told = keyed(&program, "/v1/authorize", &asked).await.expect(200);
        assert_eq!(told.body["results"][0]["allowed"], allowed, "{}", told.text);
        service.set_plan(&team.organization, "enterprise").await;
    }

    // A heartbeat beats, and a lease is renewed, each time.
    let agent = team.caller("customer_support_agent");
    choose(agent, "available").await.expect(200);
    let id = crate::escalations::escalate(owner, "CA1", 5).await;
    let lease = claim(agent, &id).await.expect(200);
    let (renew, token) =
        (format!("/v1/escalations/{id}/renew"), json!({"lease_token": lease.text_at("/lease/token")}));
    let before = keyed(agent, &renew, &token).await.expect(200);
    service.clock.advance(Duration::seconds(20));
    let after = keyed(agent, &renew, &token).await.expect(200);
    assert_ne!(after.text_at("/lease/expires_at"), before.text_at("/lease/expires_at"));
    for _ in 0..3 {
        keyed(agent, "/v1/availability/me/heartbeat", &json!({})).await.expect(204);
        service.clock.advance(Duration::seconds(40));
    }
    assert_eq!(crate::agents::seen(owner, team.id("customer_support_agent")).await["status"], "busy");
}
