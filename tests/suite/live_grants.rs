//! Being let into a call that goes on: by role, for a minute, and by nothing else that is signed.

use rollcall_domain::Role;
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{calls, media_keys::switch_on, tokens};

async fn grant(caller: &Caller, call: &str, mode: &str) -> Answer {
    caller.post(&format!("/v1/calls/{call}/live-grants"), json!({"mode": mode})).await
}

/// The published keys that are for one purpose.
async fn keys_for(service: &Service, purpose: &str) -> Vec<Value> {
    let keys = service.anonymous().get("/.well-known/jwks.json").await.expect(200);
    keys.list("keys").iter().filter(|key| key["purpose"] == purpose).cloned().collect()
}

#[tokio::test]
async fn each_role_is_let_in_as_far_as_the_table_says_and_programs_may_listen() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = calls::write(team.owner(), "CA1").await;
    let mut granted = 0;
    for role in Role::ALL {
        for mode in ["monitor", "whisper", "barge"] {
            let answer = grant(team.caller(role.as_str()), &call, mode).await;
            let permission = format!("live_space:{mode}");
            if role.grants(permission.parse().unwrap()) {
                assert_eq!(answer.expect(201).body["mode"], mode);
                granted += 1;
            } else {
                let refused = answer.problem(403, "permission_denied");
                assert_eq!(refused.text_at("/required_permission"), permission);
            }
        }
    }
    let program = calls::platform(&service, &team, &["live_space:monitor"]).await;
    let listening = grant(&program, &call, "monitor").await.expect(201);
    let (_, claims) = tokens::read(listening.text_at("/grant"));
    assert!(claims["sub"].as_str().unwrap().starts_with("key_") && claims.get("sid").is_none(), "{claims}");
    for mode in ["whisper", "barge"] {
        grant(&program, &call, mode).await.problem(403, "permission_denied");
    }
    grant(team.owner(), &call, "listen").await.invalid("mode");
    grant(team.owner(), "call_01h455vb4pex5vsknk084sn02q", "monitor").await.problem(404, "not_found");
    let log = service.audit_log(Some(&team.organization)).await;
    let given = log.iter().filter(|event| event.0 == "live_grant.issued" && event.1 == "success").count();
    assert_eq!(given, granted + 1);
}

#[tokio::test]
async fn rfc_8725_a_grant_says_what_it_is_for_and_passes_for_nothing_else() {
    let service = tokens::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = calls::write(team.owner(), "CA1").await;
    let agent = team.caller("customer_support_agent");
    let given = grant(agent, &call, "whisper").await.expect(201);
    assert_eq!((&given.body["media_key"], given.header("cache-control")), (&Value::Null, "no-store"));
    assert_eq!(given.text_at("/expires_at"), "2026-03-01T09:01:00Z");
    let token = given.text_at("/grant");
    let (header, claims) = tokens::read(token);
    let keys = keys_for(&service, "live_grant").await;
    assert_eq!(keys.len(), 1);
    assert_eq!(header, json!({"typ": "live-grant+jwt", "alg": "EdDSA", "kid": keys[0]["kid"]}));
    let issued = 1_772_355_600;
    for (claim, expected) in [
        ("org", json!(team.organization)),
        ("call", json!(call)),
        ("mode", json!("whisper")),
        ("sub", json!(team.id("customer_support_agent"))),
        ("iat", json!(issued)),
        ("exp", json!(issued + 60)),
    ] {
        assert_eq!(claims[claim], expected, "{claim}");
    }
    assert!(
        claims["sid"].as_str().unwrap().starts_with("sess_")
            && claims["jti"].as_str().unwrap().starts_with("live_")
    );
    assert_eq!(signed_by(token, &keys), Some(true));
    // The key of access tokens has not signed it, and a grant is no access token; nor the other way round.
    let of_access = keys_for(&service, "access_token").await;
    assert_eq!(signed_by(token, &of_access), None);
    service.anonymous().with_token(token).get("/v1/session").await.problem(401, "unauthenticated");
    let asked = tokens::introspect(&service, tokens::SERVICE_TOKEN, token).await.expect(200);
    assert_eq!(asked.body, json!({"active": false}));
    let access = tokens::access_token(agent).await;
    assert_eq!(signed_by(&access, &keys), None);
    // What makes a token out of a token would let it live on.
    grant(&service.anonymous().with_token(&access), &call, "monitor").await.problem(403, "session_required");
    // No two are one: each is for one entrance.
    let again = grant(agent, &call, "whisper").await.expect(201);
    assert_ne!(tokens::read(again.text_at("/grant")).1["jti"], claims["jti"]);
}

/// Whether a token is signed by one of these keys; none if none of them is named by it.
fn signed_by(token: &str, keys: &[Value]) -> Option<bool> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::signature::{ED25519, UnparsedPublicKey};
    let (header, _) = tokens::read(token);
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    Some(UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).is_ok())
}

#[tokio::test]
async fn attack_31_whoever_has_gone_and_whoever_comes_too_late_is_not_let_in() {
    let service = Service::start().await;
    let (team, others) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Others").await);
    let call = calls::write(team.owner(), "CA1").await;
    grant(others.owner(), &call, "barge").await.problem(404, "not_found");
    let member = team.caller("member");
    grant(member, &call, "monitor").await.expect(201);
    let path = format!("/v1/members/{}", team.id("member"));
    team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
    grant(member, &call, "monitor").await.problem(403, "permission_denied");
    team.owner().delete(&path).await.expect(204);
    grant(member, &call, "monitor").await.problem(401, "unauthenticated");
    let agent = team.caller("customer_support_agent");
    agent.delete("/v1/session").await.expect(204);
    grant(agent, &call, "monitor").await.problem(401, "unauthenticated");
    service.clock.advance(Duration::MINUTE);
    team.owner().patch(&calls::path(&call), json!({"ended_at": "2026-03-01T09:01:00Z"})).await.expect(200);
    grant(team.owner(), &call, "monitor").await.problem(409, "call_ended");
}

#[tokio::test]
async fn a_grant_brings_the_call_s_key_only_while_it_is_encrypted_from_end_to_end() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = calls::write(team.owner(), "CA1").await;
    let admin = team.caller("admin");
    assert_eq!(grant(admin, &call, "barge").await.expect(201).body["media_key"], Value::Null);
    switch_on(&service, &team, "end_to_end_encryption").await;
    let first = grant(admin, &call, "barge").await.expect(201).body["media_key"].clone();
    let second = grant(team.caller("member"), &call, "monitor").await.expect(201).body["media_key"].clone();
    assert_eq!(first["cipher_suite"], "AES_128_GCM_SHA256_128");
    assert!(first["key_id"] != second["key_id"] && first["base_key"] != second["base_key"]);
    let holders =
        service.database.rows("SELECT permission FROM media_key_holders ORDER BY issued_at, sender").await;
    assert_eq!(
        holders,
        [json!({"permission": "live_space:barge"}), json!({"permission": "live_space:monitor"})]
    );
    team.owner()
        .patch("/v1/security", json!({"end_to_end_encryption": {"enabled": false}}))
        .await
        .expect(200);
    // What has a key keeps to it; what has none gets none any more.
    assert!(grant(admin, &call, "barge").await.expect(201).body["media_key"].is_object());
    let plain = calls::write(team.owner(), "CA2").await;
    assert_eq!(grant(admin, &plain, "barge").await.expect(201).body["media_key"], Value::Null);
}
