//! What services beside Rollcall are told of a token, and who else is not.

use reqwest::Method;
use rollcall_tests::{Answer, Service, Team};
use serde_json::json;
use time::Duration;

use crate::tokens::{SERVICE_TOKEN, access_token, introspect, read, start, state};

#[tokio::test]
async fn rfc_7662_a_service_learns_what_a_token_is_worth_and_nothing_of_one_that_is_worth_nothing() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let admin = team.caller("admin");
    let session = admin.get("/v1/session").await.expect(200);
    let token = access_token(admin).await;
    let (_, claims) = read(&token);
    let answer = introspect(&service, SERVICE_TOKEN, &token).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let mut expected = claims.clone();
    expected["active"] = json!(true);
    expected["token_type"] = json!("Bearer");
    assert_eq!(answer.body, expected);

    let now = 1_772_355_600;
    let of_session = json!({
        "active": true, "sub": team.id("admin"), "org": team.organization, "role": "admin", "token_type": "Bearer",
        "sid": session.body["session"]["id"], "iss": service.base(), "aud": service.base(),
        "iat": now, "exp": now + 86_400,
    });
    assert_eq!(state(&service, admin.token()).await, of_session);

    // What somebody is told, too, who asks about what is nothing, is too much, or is somebody else's secret.
    let (id, invitation) = service.invite(team.owner(), &Service::new_address("x"), "viewer").await;
    let ended = service.sign_in(team.email("admin")).await;
    ended.delete("/v1/session").await.expect(204);
    for nothing in [
        "",
        "nonsense",
        "a.b.c",
        "rcs_",
        "rcs_0000000000000000000000000000000000000000000000000000",
        &id,
        &invitation,
        ended.token(),
        SERVICE_TOKEN,
        &"x".repeat(100_000),
        "\0",
        "🔑",
    ] {
        let answer = introspect(&service, SERVICE_TOKEN, nothing).await.expect(200);
        assert_eq!(answer.text, r#"{"active":false}"#, "{nothing:.60}");
    }
    service.clock.advance(Duration::minutes(5));
    assert_eq!(state(&service, &token).await, json!({"active": false}));
    service.clock.advance(Duration::hours(24));
    assert_eq!(state(&service, admin.token()).await, json!({"active": false}));
}

#[tokio::test]
async fn asking_about_a_token_is_no_use_of_it_and_leaves_no_trace() {
    let service = start().await;
    let (grace, signed_up) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let organization = signed_up.text_at("/organization/id");
    let token = access_token(&grace).await;
    service.clock.advance(Duration::minutes(2));
    let seen = "SELECT s.last_seen_at AS session, m.last_seen_at AS member FROM sessions s, members m";
    let before = (service.database.rows(seen).await, service.audit_log(Some(organization)).await);
    let platform = service.audit_log(None).await;
    for token in [&token, grace.token(), "nonsense"] {
        state(&service, token).await;
    }
    assert_eq!((service.database.rows(seen).await, service.audit_log(Some(organization)).await), before);
    assert_eq!(service.audit_log(None).await, platform);
    // Working with it is.
    service.anonymous().with_token(&token).get("/v1/session").await.expect(200);
    assert_ne!(service.database.rows(seen).await, before.0);
}

#[tokio::test]
async fn the_credential_of_services_opens_introspection_and_nothing_else_does() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let token = access_token(team.owner()).await;
    let longer = format!("{SERVICE_TOKEN}x");
    for credential in [
        team.owner().token(),
        &token,
        "",
        "nonsense",
        &longer,
        &SERVICE_TOKEN[1..],
        &SERVICE_TOKEN.to_uppercase(),
    ] {
        let refused = introspect(&service, credential, &token).await.problem(401, "unauthenticated");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{credential}");
    }
    let form = |request: reqwest::RequestBuilder| request.form(&[("token", token.as_str())]);
    let bare = || service.anonymous().request(Method::POST, "/v1/introspect");
    Answer::of(form(bare())).await.problem(401, "unauthenticated");
    // A form of another site has no Bearer token, and a cookie is none (attack 20).
    for held in [SERVICE_TOKEN, team.owner().token()] {
        let cookie = bare().header("Cookie", format!("rollcall_session={held}"));
        Answer::of(form(cookie.header("Origin", service.base()))).await.problem(401, "unauthenticated");
    }

    // It is nobody's session.
    let sibling = service.anonymous().with_token(SERVICE_TOKEN);
    for path in ["/v1/session", "/v1/me", "/v1/members", "/v1/organization", "/v1/sessions", "/v1/roles"] {
        sibling.get(path).await.problem(401, "unauthenticated");
    }
    sibling.post("/v1/tokens", json!({})).await.problem(401, "unauthenticated");
    // Where none is configured the answer is the same.
    let without = Service::start().await;
    for credential in ["", "nonsense", SERVICE_TOKEN] {
        introspect(&without, credential, "rcs_x").await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn introspection_reads_a_form_and_keeps_no_answer() {
    let service = start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let request = || service.anonymous().with_token(SERVICE_TOKEN).request(Method::POST, "/v1/introspect");
    let token = grace.token().to_owned();
    let hinted = request().form(&[("token", token.as_str()), ("token_type_hint", "refresh_token")]);
    assert_eq!(Answer::of(hinted).await.expect(200).body["active"], true);
    Answer::of(request().json(&json!({"token": token}))).await.problem(415, "unsupported_media_type");
    Answer::of(request().form(&[("tokn", "x")])).await.invalid("tokn");
    Answer::of(request().form(&[("token_type_hint", "x")])).await.invalid("token");
    Answer::of(request().form(&[("token", "x"), ("token", "y")])).await.invalid("token");
    // What was true once is not true for a day.
    let keyed = || request().header("Idempotency-Key", "k").form(&[("token", token.as_str())]);
    assert_eq!(Answer::of(keyed()).await.expect(200).body["active"], true);
    grace.delete("/v1/session").await.expect(204);
    assert_eq!(Answer::of(keyed()).await.expect(200).body, json!({"active": false}));
}
