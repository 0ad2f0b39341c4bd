//! Passkeys: adding them, signing in with them, and proving once more who one is.

use rollcall_tests::{Answer, Caller, PASSWORD, SecurityKey, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

/// Asks for a new passkey.
pub(crate) async fn asked(caller: &Caller) -> Value {
    caller.post("/v1/me/mfa/passkeys/options", json!({})).await.expect(200).body
}

/// Adds the passkey of a device.
pub(crate) async fn add(caller: &Caller, credential: Value) -> Answer {
    caller.post("/v1/me/mfa/passkeys", json!({"name": "A phone", "credential": credential})).await
}

/// A device with a passkey of somebody who has just proved who they are; and what adding it answered.
pub(crate) async fn enrolled(service: &Service, caller: &Caller) -> (SecurityKey, Answer) {
    let mut device = SecurityKey::new(&service.base());
    let answer = add(caller, device.create(&asked(caller).await)).await.expect(201);
    (device, answer)
}

/// What a device is asked that is to sign somebody in; with a challenge, as a second step.
pub(crate) async fn asked_to_sign_in(service: &Service, body: Value) -> Value {
    service.anonymous().post("/v1/sessions/passkey/options", body).await.expect(200).body
}

/// Signs in with what a device has answered.
pub(crate) async fn sign_in(service: &Service, credential: Value) -> Answer {
    service.anonymous().post("/v1/sessions/passkey", json!({"credential": credential})).await
}

/// Signs in with a device.
pub(crate) async fn sign_in_with(service: &Service, device: &mut SecurityKey) -> Answer {
    let asked = asked_to_sign_in(service, json!({})).await;
    sign_in(service, device.get(&asked)).await
}

/// A challenge for somebody who has shown the right password.
pub(crate) async fn challenge(service: &Service, email: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD});
    service.anonymous().post("/v1/sessions", body).await.expect(200)
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, signed_up) = service.sign_up(&email, "Acme").await;
    let options = asked(&grace).await;
    let asked = &options["publicKey"];
    assert_eq!(asked["rp"], json!({"id": "localhost", "name": "Rollcall"}));
    assert_eq!(asked["user"]["name"], email);
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(asked["excludeCredentials"], json!([]));
    let mut device = SecurityKey::new(&service.base());
    let added = add(&grace, device.create(&options)).await.expect(201);
    assert!(added.text_at("/id").starts_with("pkey_") && added.body["name"] == "A phone", "{}", added.text);
    assert_eq!(added.body["last_used_at"], Value::Null);
    assert_eq!(added.list("recovery_codes").len(), 10);
    assert_eq!(grace.get("/v1/me").await.expect(200).body["mfa_enabled"], true);
    service.told(&email, "A passkey has been added to your account").await;

    let asked = asked_to_sign_in(&service, json!({})).await;
    assert_eq!(asked["publicKey"]["allowCredentials"], json!([]));
    let answer = sign_in(&service, device.get(&asked)).await.expect(201);
    assert_eq!(answer.body["status"], "authenticated");
    assert_eq!(answer.body["user"]["id"], signed_up.body["user"]["id"]);
    assert_eq!(answer.body["organization"]["id"], signed_up.body["organization"]["id"]);
    let session = service.anonymous().with_token(answer.text_at("/session/token"));
    session.get("/v1/session").await.expect(200);
    let listed = session.get("/v1/me/mfa").await.expect(200);
    assert_eq!(listed.body["passkeys"][0]["id"], added.body["id"]);
    assert_eq!(listed.body["passkeys"][0]["last_used_at"], "2026-03-01T09:00:00Z");
    assert_eq!(
        (&listed.body["recovery_codes_left"], &listed.body["totp"]["enabled"]),
        (&json!(10), &json!(false))
    );

    let organization = signed_up.text_at("/organization/id");
    let log = service.audit_log(Some(organization)).await;
    for action in ["passkey.registration_begun", "passkey.added", "session.created"] {
        assert!(log.contains(&(action.to_owned(), "success".to_owned())), "{action}: {log:?}");
    }
}

#[tokio::test]
async fn asvs_7_4_3_the_first_passkey_ends_the_other_sessions_and_the_next_ones_do_not() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let other = service.sign_in(&email).await;
    let (mut first, _) = enrolled(&service, &grace).await;
    other.get("/v1/session").await.problem(401, "unauthenticated");
    grace.get("/v1/session").await.expect(200);
    let answer = sign_in_with(&service, &mut first).await.expect(201);
    let other = grace.with_token(answer.text_at("/session/token"));
    let options = asked(&grace).await;
    assert_eq!(options["publicKey"]["excludeCredentials"], json!([{"type": "public-key", "id": first.id()}]));
    let (_, second) = enrolled(&service, &grace).await;
    assert_eq!(second.body["recovery_codes"], Value::Null);
    other.get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn passkeys_are_named_and_removed_by_their_owner_alone() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (grace, ada) = (team.owner(), team.caller("admin"));
    let (mut device, added) = enrolled(&service, grace).await;
    let path = format!("/v1/me/mfa/passkeys/{}", added.text_at("/id"));
    ada.patch(&path, json!({"name": "Mine"})).await.problem(404, "not_found");
    ada.delete(&path).await.problem(404, "not_found");
    grace.patch(&path, json!({"name": " "})).await.invalid("name");
    grace.patch(&path, json!({"name": "A key", "id": "x"})).await.invalid("id");
    let renamed = grace.patch(&path, json!({"name": "A key"})).await.expect(200);
    assert_eq!(renamed.body["name"], "A key");
    service.clock.advance(Duration::minutes(10));
    grace.delete(&path).await.problem(403, "elevation_required");
    grace.post("/v1/me/mfa/passkeys/options", json!({})).await.problem(403, "elevation_required");
    add(grace, json!({})).await.problem(403, "elevation_required");
    // A passkey proves once more who one is.
    let asked = grace.post("/v1/session/elevate/options", json!({})).await.expect(200).body;
    assert_eq!(asked["publicKey"]["allowCredentials"][0]["id"], device.id());
    grace.post("/v1/session/elevate", json!({"credential": device.get(&asked)})).await.expect(200);
    grace.delete(&path).await.expect(204);
    grace.delete(&path).await.problem(404, "not_found");
    service.told(team.email("owner"), "A passkey has been removed from your account").await;
    let me = grace.get("/v1/me/mfa").await.expect(200);
    assert_eq!((&me.body["passkeys"], &me.body["recovery_codes_left"]), (&json!([]), &json!(0)));
    assert_eq!(grace.get("/v1/me").await.expect(200).body["mfa_enabled"], false);
    sign_in_with(&service, &mut device).await.problem(401, "invalid_credentials");
    grace.post("/v1/session/elevate/options", json!({})).await.problem(409, "no_passkey");
}

#[tokio::test]
async fn a_passkey_is_a_second_factor() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let (mut device, _) = enrolled(&service, &grace).await;
    let challenged = challenge(&service, &email).await;
    assert_eq!(challenged.body["methods"], json!(["recovery_code", "passkey"]));
    let challenge = challenged.text_at("/challenge");
    let asked = asked_to_sign_in(&service, json!({"challenge": challenge})).await;
    assert_eq!(asked["publicKey"]["allowCredentials"][0]["id"], device.id());
    // It may keep silent about whose it is, as the password has told that.
    device.handle = Some(Vec::new());
    let answer =
        |credential: Value| json!({"challenge": challenge, "method": "passkey", "credential": credential});
    let anonymous = service.anonymous();
    let signed_in = anonymous.post("/v1/sessions/mfa", answer(device.get(&asked))).await.expect(201);
    assert!(signed_in.header("set-cookie").contains("rollcall_device"), "{:?}", signed_in.headers);
    anonymous.with_token(signed_in.text_at("/session/token")).get("/v1/session").await.expect(200);
    anonymous.post("/v1/sessions/mfa", answer(device.get(&asked))).await.problem(401, "invalid_challenge");
    anonymous
        .post("/v1/sessions/passkey/options", json!({"challenge": challenge}))
        .await
        .problem(401, "invalid_challenge");
}

#[tokio::test]
async fn devices_that_do_not_count_and_passkeys_kept_elsewhere_are_good() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let mut device = SecurityKey::new(&service.base());
    (device.counter, device.backup) = (None, (true, false));
    let added = add(&grace, device.create(&asked(&grace).await)).await.expect(201);
    assert_eq!(added.body["backed_up"], false);
    sign_in_with(&service, &mut device).await.expect(201);
    device.backup = (true, true);
    sign_in_with(&service, &mut device).await.expect(201);
    assert_eq!(grace.get("/v1/me/mfa").await.expect(200).body["passkeys"][0]["backed_up"], true);
}

#[tokio::test]
async fn challenges_that_nobody_answers_are_forgotten() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let (mut device, _) = enrolled(&service, &grace).await;
    let asked = asked_to_sign_in(&service, json!({})).await;
    service.clock.advance(Duration::minutes(5));
    sign_in(&service, device.get(&asked)).await.problem(401, "invalid_credentials");
    // A node that starts looks at once.
    let (database, clock) = (service.database.clone(), service.clock.clone());
    service.stop().await;
    let service = Service::start_on(database, clock, &[]).await;
    until("no challenges", async || {
        let left = service.database.rows("SELECT 1 AS one FROM passkey_ceremonies").await;
        left.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_a_domain_name_there_are_no_passkeys() {
    let service = Service::start_with(&[("http.public_url", "http://192.0.2.7:8080")]).await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    for path in ["/v1/me/mfa/passkeys/options", "/v1/session/elevate/options", "/v1/sessions/passkey/options"]
    {
        grace.post(path, json!({})).await.problem(409, "passkeys_unavailable");
    }
}
