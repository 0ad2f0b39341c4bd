//! Every change writes its event, in the same transaction.

use rollcall_tests::{Service, Team};
use serde_json::{Value, json};

#[tokio::test]
async fn an_event_tells_who_from_where_what_on_what_and_what_changed() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let path = format!("/v1/members/{}", team.id("viewer"));
    let answer = team.caller("admin").patch(&path, json!({"role": "member"})).await.expect(200);
    let rows = service.database.rows("SELECT convert_from(leaf, 'UTF8') AS leaf, personal FROM audit_events WHERE action = 'member.role_changed'").await;
    let leaf: Value = serde_json::from_str(rows[0]["leaf"].as_str().unwrap()).unwrap();
    assert_eq!(leaf["v"], 1);
    assert_eq!(leaf["log"], team.organization);
    assert_eq!(leaf["actor"], json!({"kind": "user", "id": team.id("admin")}));
    assert_eq!(leaf["target"], json!({"kind": "user", "id": team.id("viewer")}));
    assert_eq!(leaf["changes"], json!([{"field": "role", "before": "viewer", "after": "member"}]));
    assert_eq!(leaf["request_id"], answer.header("x-request-id"));
    assert_eq!(rows[0]["personal"]["ip"]["value"], "127.0.0.1");
    // What identifies a person is only promised in the leaf, and can be shown to be what was promised.
    let salt = rows[0]["personal"]["ip"]["salt"].as_str().unwrap();
    let salt: Vec<u8> = (0..16).map(|n| u8::from_str_radix(&salt[2 * n..2 * n + 2], 16).unwrap()).collect();
    assert_ne!(salt, [0; 16]);
    assert!(
        leaf["personal"]["ip"].as_str().unwrap().len() == 64
            && !rows[0]["leaf"].as_str().unwrap().contains("127.0.0.1")
    );
}

#[tokio::test]
async fn every_change_leaves_its_event_and_every_refusal_its_own() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, _) = service.invite(team.owner(), &Service::new_address("x"), "viewer").await;
    team.owner().post(&format!("/v1/invitations/{id}/resend"), json!({})).await.expect(200);
    team.owner().delete(&format!("/v1/invitations/{id}")).await.expect(204);
    team.owner().patch("/v1/organization", json!({"name": "Renamed"})).await.expect(200);
    team.owner().patch("/v1/me", json!({"name": "Renamed"})).await.expect(200);
    team.owner().delete(&format!("/v1/members/{}", team.id("viewer"))).await.expect(204);
    team.caller("member").delete("/v1/members/me").await.expect(204);
    team.caller("admin")
        .delete(&format!("/v1/members/{}", team.id("owner")))
        .await
        .problem(403, "permission_denied");
    team.caller("customer_support_agent").get("/v1/members").await.problem(403, "permission_denied");
    team.owner().delete("/v1/session").await.expect(204);
    let log = service.audit_log(Some(&team.organization)).await;
    let log: Vec<(&str, &str)> =
        log.iter().map(|(action, outcome)| (action.as_str(), outcome.as_str())).collect();
    for expected in [
        ("invitation.created", "success"),
        ("invitation.resent", "success"),
        ("invitation.revoked", "success"),
        ("organization.updated", "success"),
        ("account.updated", "success"),
        ("member.removed", "success"),
        ("member.left", "success"),
        ("member.removed", "refused"),
        ("permission.denied", "refused"),
        ("session.ended", "success"),
        ("invitation.accepted", "success"),
    ] {
        assert!(log.contains(&expected), "{expected:?} in {log:?}");
    }
}

#[tokio::test]
async fn reading_and_changing_nothing_leave_no_event() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let before = service.audit_log(Some(&team.organization)).await;
    team.owner().get("/v1/members").await.expect(200);
    team.owner().patch("/v1/organization", json!({})).await.expect(200);
    team.owner().patch("/v1/organization", json!({"name": "Acme"})).await.expect(200);
    team.owner()
        .patch(&format!("/v1/members/{}", team.id("viewer")), json!({"role": "viewer"}))
        .await
        .expect(200);
    team.owner().patch("/v1/me", json!({})).await.expect(200);
    assert_eq!(service.audit_log(Some(&team.organization)).await, before);
}
