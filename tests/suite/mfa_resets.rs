//! Turning off a lost second factor: by an Owner, or by the platform's operator.

use rollcall_tests::{PASSWORD, Service, Team, until};
use serde_json::json;
use time::Duration;

use crate::{
    mfa_rule::{late_viewer, set_mfa},
    passkeys::{enrolled, sign_in_with},
};

#[tokio::test]
async fn attack_25_enrolling_opens_everything_and_a_reset_finds_the_same_deadline() {
    let service = Service::start().await;
    let team = late_viewer(&service).await;
    let viewer = team.caller("viewer");
    service.enrol(viewer).await;
    viewer.get("/v1/organization").await.expect(200);
    let path = format!("/v1/members/{}/mfa-reset", team.id("viewer"));
    team.owner().post(&path, json!({})).await.expect(200);
    let anew = service.sign_in(team.email("viewer")).await;
    let left = anew.get("/v1/me/mfa").await.expect(200);
    assert_eq!(
        (&left.body["totp"]["enabled"], &left.body["recovery_codes_left"]),
        (&json!(false), &json!(0))
    );
    anew.get("/v1/organization").await.problem(403, "mfa_required");
}

#[tokio::test]
async fn a_passkey_alone_satisfies_the_rule_until_it_is_reset() {
    let service = Service::start().await;
    let team = late_viewer(&service).await;
    let viewer = team.caller("viewer");
    let (mut device, _) = enrolled(&service, viewer).await;
    viewer.get("/v1/organization").await.expect(200);
    let signed_in = sign_in_with(&service, &mut device).await.expect(201);
    viewer.with_token(signed_in.text_at("/session/token")).get("/v1/organization").await.expect(200);
    let path = format!("/v1/members/{}/mfa-reset", team.id("viewer"));
    team.owner().post(&path, json!({})).await.expect(200);
    sign_in_with(&service, &mut device).await.problem(401, "invalid_credentials");
    let anew = service.sign_in(team.email("viewer")).await;
    assert_eq!(anew.get("/v1/me/mfa").await.expect(200).body["passkeys"], json!([]));
    anew.get("/v1/organization").await.problem(403, "mfa_required");
}

#[tokio::test]
async fn an_owner_turns_off_the_second_factor_of_a_member_who_has_lost_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, viewer) = (team.owner(), team.caller("viewer"));
    let reset = async |id: &str| owner.post(&format!("/v1/members/{id}/mfa-reset"), json!({})).await;
    reset(team.id("viewer")).await.problem(409, "mfa_not_enabled");
    set_mfa(&service, team.id("viewer"), true).await;
    set_mfa(&service, team.id("owner"), true).await;
    reset(team.id("owner")).await.problem(409, "own_mfa");
    reset("user_01h455vb4pex5vsknk084sn02q").await.problem(404, "not_found");
    service.clock.advance(Duration::minutes(10));
    reset(team.id("viewer")).await.problem(403, "elevation_required");
    owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);

    let done = reset(team.id("viewer")).await.expect(200);
    assert_eq!(done.body["mfa_enabled"], false);
    assert_eq!(done.text_at("/user/id"), team.id("viewer"));
    viewer.get("/v1/session").await.problem(401, "unauthenticated");
    let told = service.told(team.email("viewer"), "Your second factor has been turned off").await;
    assert!(told["text"].as_str().unwrap().contains("rollcall@localhost.localdomain"), "{told}");
    let anew = service.sign_in(team.email("viewer")).await;
    assert_eq!(anew.get("/v1/me").await.expect(200).body["mfa_enabled"], false);
    let log = service.audit_log(Some(&team.organization)).await;
    let of_resets = log.iter().filter(|(action, _)| action == "mfa.reset");
    let outcomes: Vec<&str> = of_resets.map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(outcomes, ["refused", "refused", "refused", "success"]);
}

#[tokio::test]
async fn asvs_6_4_4_whoever_is_elsewhere_too_is_reset_by_the_platform_s_operator_alone() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (other, _) = service.sign_up(&Service::new_address("other"), "Elsewhere").await;
    let (_, token) = service.invite(&other, team.email("viewer"), "viewer").await;
    let viewer = team.caller("viewer");
    let there = viewer.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let there = viewer.with_token(there.text_at("/session/token"));
    set_mfa(&service, team.id("viewer"), true).await;
    let path = format!("/v1/members/{}/mfa-reset", team.id("viewer"));
    let refused = team.owner().post(&path, json!({})).await.problem(409, "mfa_reset_by_operator");
    assert!(!refused.text.contains("Elsewhere"), "{}", refused.text);
    there.get("/v1/session").await.expect(200);
    // A deleted organization can come back, so it counts.
    other.delete_with("/v1/organization", json!({"confirm_name": "Elsewhere"})).await.expect(204);
    team.owner().post(&path, json!({})).await.problem(409, "mfa_reset_by_operator");

    service.reset_mfa(team.id("viewer")).await.unwrap();
    // The command is another process, so this node hears of it.
    until("the end of every session", async || (viewer.get("/v1/session").await.status == 401).then_some(()))
        .await;
    service.told(team.email("viewer"), "Your second factor has been turned off").await;
    assert!(service.audit_log(None).await.contains(&("mfa.reset".to_owned(), "success".to_owned())));
    let nothing = service.reset_mfa(team.id("viewer")).await.unwrap_err().to_string();
    assert!(nothing.contains("has no second factor"), "{nothing}");
    let nobody = service.reset_mfa("user_01h455vb4pex5vsknk084sn02q").await.unwrap_err().to_string();
    assert!(nobody.contains("is no account"), "{nobody}");
}
