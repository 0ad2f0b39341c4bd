//! Access tokens that API keys ask for, and what services are told of keys.

use rollcall_tests::{Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    api_keys::{make, path},
    tokens::{access_token, introspect, published, read, start, state, verified},
};

#[tokio::test]
async fn a_key_gets_access_tokens_that_say_its_scopes_and_die_with_it() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["calls:write", "organization:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    let token = access_token(&program).await;
    let claims = verified(&token, &published(&program).await).expect("a signature");
    let now = 1_772_355_600;
    let expected = json!({
        "iss": service.base(), "aud": service.base(), "sub": id, "org": team.organization,
        "scope": "organization:read calls:write", "jti": claims["jti"], "iat": now, "exp": now + 300,
        "asked_with": claims["asked_with"],
    });
    assert_eq!(claims, expected);
    // Which secret it was is told to nobody but Rollcall, and otherwise in each token.
    let (_, again) = read(&access_token(&program).await);
    assert_eq!(claims["asked_with"].as_str().map(str::len), Some(22));
    assert_ne!(claims["asked_with"], again["asked_with"]);
    let bearer = service.anonymous().with_token(&token);
    assert_eq!(bearer.get("/v1/session").await.expect(200).body["api_key"]["id"], id.as_str());
    bearer.get("/v1/organization").await.expect(200);
    bearer.post("/v1/tokens", json!({})).await.problem(403, "session_required");
    let mut told = claims.clone();
    told["active"] = json!(true);
    told["token_type"] = json!("Bearer");
    told.as_object_mut().unwrap().remove("asked_with");
    assert_eq!(state(&service, &token).await, told);
    // Its scopes are those that the key has now.
    team.owner().patch(&path(&id), json!({"scopes": ["calls:write"]})).await.expect(200);
    bearer.get("/v1/organization").await.problem(403, "permission_denied");
    assert_eq!(state(&service, &token).await["scope"], "calls:write");
    team.owner().delete(&path(&id)).await.expect(204);
    bearer.get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(state(&service, &token).await, json!({"active": false}));
}

#[tokio::test]
async fn a_token_does_not_outlive_the_secret_that_it_was_asked_for_with() {
    let service = start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, old) = make(&owner, json!({})).await;
    let body = json!({"overlap_seconds": 60});
    owner.post(&format!("{}/rotate", path(&id)), body).await.expect(200);
    let token = access_token(&service.anonymous().with_token(&old)).await;
    let (_, claims) = read(&token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    service.clock.advance(Duration::MINUTE);
    service.anonymous().with_token(&token).get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_10_a_token_ends_with_its_secret_though_that_be_replaced_after_it_was_made() {
    let service = start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, first) = make(&owner, json!({})).await;
    let rotate = async |overlap: u32| {
        let body = json!({"overlap_seconds": overlap});
        let rotated = owner.post(&format!("{}/rotate", path(&id)), body).await.expect(200);
        rotated.text_at("/secret").to_owned()
    };
    let by = async |secret: &str| access_token(&service.anonymous().with_token(secret)).await;
    let status = async |token: &str| service.anonymous().with_token(token).get("/v1/session").await.status;
    let of_first = by(&first).await;
    let end = read(&of_first).1["exp"].as_i64().unwrap();
    // Both go on while both secrets do, and services are told of the nearer end.
    let second = rotate(60).await;
    let of_second = by(&second).await;
    assert_eq!((status(&of_first).await.as_u16(), status(&of_second).await.as_u16()), (200, 200));
    assert_eq!(state(&service, &of_first).await["exp"], end - 240);
    assert_eq!(state(&service, &of_second).await["exp"], end);
    service.clock.advance(Duration::MINUTE);
    assert_eq!((status(&of_first).await.as_u16(), status(&of_second).await.as_u16()), (401, 200));
    assert_eq!(state(&service, &of_first).await, json!({"active": false}));
    // Without an overlap it is over at once, and the new secret's tokens are not.
    let third = rotate(0).await;
    let of_third = by(&third).await;
    assert_eq!((status(&of_second).await.as_u16(), status(&of_third).await.as_u16()), (401, 200));
    assert_eq!(state(&service, &of_second).await, json!({"active": false}));
    assert_eq!(state(&service, &of_third).await["active"], true);
}

#[tokio::test]
async fn rfc_7662_a_service_learns_what_a_key_is_worth_and_from_where() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let more = json!({"scopes": ["calls:write", "calls:read"], "allowed_cidrs": ["192.0.2.0/24"],
                      "rate_limit": {"requests": 1, "per_seconds": 60}});
    let (id, secret) = make(team.owner(), more).await;
    let now = 1_772_355_600;
    let mut expected = json!({
        "active": true, "sub": id, "org": team.organization, "scope": "calls:read calls:write",
        "allowed_cidrs": ["192.0.2.0/24"], "token_type": "Bearer", "iss": service.base(), "aud": service.base(),
        "iat": now,
    });
    // Asking is no use, however often.
    for _ in 0..3 {
        assert_eq!(state(&service, &secret).await, expected);
    }
    let shown = team.owner().get(&path(&id)).await.expect(200);
    assert_eq!(shown.body["last_used_at"], Value::Null);
    let change = json!({"expires_at": "2026-03-01T09:01:00Z", "allowed_cidrs": null});
    team.owner().patch(&path(&id), change).await.expect(200);
    expected["exp"] = json!(now + 60);
    expected.as_object_mut().unwrap().remove("allowed_cidrs");
    assert_eq!(state(&service, &secret).await, expected);
    service.clock.advance(Duration::MINUTE);
    assert_eq!(state(&service, &secret).await, json!({"active": false}));
    // A key is not the credential of a service.
    introspect(&service, &secret, team.owner().token()).await.problem(401, "unauthenticated");
}
