//! Access tokens: made, taken, and checked by others.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use ring::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use rollcall_application::keyring::Keyring;
use rollcall_tests::{Answer, Caller, ManualClock, PASSWORD, Service, Team, TestDatabase};
use serde_json::{Value, json};
use time::Duration;

pub(crate) const SERVICE_TOKEN: &str = "a credential of services that is long enough";
pub(crate) const RING: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A node whose keyring and service credential the tests know.
pub(crate) const KNOWN: [(&str, &str); 2] = [("keys.ring", RING), ("service.token", SERVICE_TOKEN)];

pub(crate) async fn start() -> Service {
    Service::start_with(&KNOWN).await
}

pub(crate) async fn access_token(caller: &Caller) -> String {
    caller.post("/v1/tokens", json!({})).await.expect(201).text_at("/access_token").to_owned()
}

/// The published keys for access tokens.
pub(crate) async fn published(caller: &Caller) -> Vec<Value> {
    let all = caller.get("/.well-known/jwks.json").await.expect(200).list("keys").clone();
    all.into_iter().filter(|key| key["purpose"] == "access_token").collect()
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header and claims of a token, without a look at its signature.
pub(crate) fn read(token: &str) -> (Value, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    (decoded(parts[0]), decoded(parts[1]))
}

/// What a service beside Rollcall does with a token, by another implementation of Ed25519 and the published keys alone.
pub(crate) fn verified(token: &str, keys: &[Value]) -> Option<Value> {
    let (header, claims) = read(token);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).ok().map(|()| claims)
}

/// The private key of a node, as only its keyring opens it.
pub(crate) async fn seed(service: &Service) -> Vec<u8> {
    let keys =
        service.database.rows("SELECT kid, encode(private_key, 'hex') AS sealed FROM signing_keys WHERE purpose = 'access_token'").await;
    let [key] = keys.as_slice() else { panic!("{} keys", keys.len()) };
    let hex = key["sealed"].as_str().unwrap();
    let sealed: Vec<u8> =
        (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
    let context = format!("access_token/{}", key["kid"].as_str().unwrap());
    RING.parse::<Keyring>().unwrap().open("signing-key/v1", context.as_bytes(), &sealed).unwrap()
}

fn joined(header: &Value, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = URL_SAFE_NO_PAD.encode(signature(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn with(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[member] = value;
    object
}

pub(crate) async fn introspect(service: &Service, credential: &str, token: &str) -> Answer {
    let caller = service.anonymous().with_token(credential);
    Answer::of(caller.request(Method::POST, "/v1/introspect").form(&[("token", token)])).await
}

pub(crate) async fn state(service: &Service, token: &str) -> Value {
    introspect(service, SERVICE_TOKEN, token).await.expect(200).body
}

#[tokio::test]
async fn rfc_7517_a_token_is_checked_with_the_published_keys_alone() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let set = service.anonymous().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(set.header("content-type"), "application/jwk-set+json");
    assert_eq!(set.header("cache-control"), "public, max-age=300");
    let unchanged = service.anonymous().request(Method::GET, "/.well-known/jwks.json");
    Answer::of(unchanged.header("If-None-Match", set.header("etag"))).await.expect(304);
    let keys = set.list("keys");
    // One for each purpose; public members only.
    let purposes: BTreeSet<&str> = keys.iter().map(|key| key["purpose"].as_str().unwrap()).collect();
    assert_eq!((keys.len(), purposes), (3, ["access_token", "audit_checkpoint", "live_grant"].into()));
    for key in keys {
        let members: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "purpose", "use", "x"]);
    }
    let keys: &[Value] =
        &keys.iter().filter(|key| key["purpose"] == "access_token").cloned().collect::<Vec<_>>();

    let mut ids = BTreeSet::new();
    for (role, (caller, user, _)) in &team.members {
        let issued = caller.post("/v1/tokens", json!({})).await.expect(201);
        assert_eq!((&issued.body["token_type"], &issued.body["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert_eq!(issued.header("cache-control"), "no-store");
        let claims = verified(issued.text_at("/access_token"), keys).expect("a good signature");
        let session = caller.get("/v1/session").await.expect(200);
        let now = 1_772_355_600;
        let expected = json!({
            "iss": service.base(), "aud": service.base(), "sub": user, "org": team.organization, "role": role,
            "sid": session.body["session"]["id"], "jti": claims["jti"], "iat": now, "exp": now + 300,
        });
        assert_eq!(claims, expected);
        ids.insert(claims["jti"].to_string());
    }
    assert_eq!(ids.len(), team.members.len(), "each token has an id of its own");
}

#[tokio::test]
async fn rfc_8725_3_1_3_9_and_3_11_only_tokens_exactly_as_we_sign_them_are_taken() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let genuine = access_token(team.owner()).await;
    let (header, claims) = read(&genuine);
    let own = Ed25519KeyPair::from_seed_unchecked(&seed(&service).await).unwrap();
    let other = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let ours =
        |header: &Value, claims: &Value| joined(header, claims, |signed| own.sign(signed).as_ref().to_vec());
    let x = published(&service.anonymous()).await[0]["x"].as_str().unwrap().to_owned();
    let public = URL_SAFE_NO_PAD.decode(&x).unwrap();
    let hs256 = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        joined(&with(&header, "alg", json!("HS256")), &claims, |signed| {
            hmac::sign(&key, signed).as_ref().to_vec()
        })
    };
    let theirs = |header: &Value| joined(header, &claims, |signed| other.sign(signed).as_ref().to_vec());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": URL_SAFE_NO_PAD.encode(other.public_key())});
    let none = with(&header, "alg", json!("none"));
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let (first, second) = signed.split_once('.').unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());

    let mut forged = vec![
        ("alg none, unsigned", joined(&none, &claims, |_| Vec::new())),
        ("alg none, signed", ours(&none, &claims)),
        ("alg none, the old signature", format!("{}.{second}.{signature}", part(&none))),
        ("no signature", format!("{signed}.")),
        ("HS256 with the public key", hs256(&public)),
        ("HS256 with the public key's text", hs256(x.as_bytes())),
        ("HS256 with the thumbprint", hs256(header["kid"].as_str().unwrap().as_bytes())),
        ("another deployment's key", theirs(&header)),
        ("another key in jwk", theirs(&with(&header, "jwk", jwk.clone()))),
        ("another key in jwk, without kid", theirs(&json!({"typ": "at+jwt", "alg": "EdDSA", "jwk": jwk}))),
        ("another key at jku", theirs(&with(&header, "jku", json!("http://127.0.0.1:1/jwks.json")))),
        ("another key at x5u", theirs(&with(&header, "x5u", json!("http://127.0.0.1:1/x5u")))),
        ("an unknown kid", ours(&with(&header, "kid", json!("unknown")), &claims)),
        ("a kid of nothing", ours(&with(&header, "kid", json!("")), &claims)),
        ("a critical extension", ours(&with(&header, "crit", json!(["b64"])), &claims)),
        ("white space", format!("{first}. {second}.{signature}")),
        ("padding", format!("{genuine}=")),
        ("four parts", format!("{genuine}.{signature}")),
        ("too long", ours(&header, &with(&claims, "more", json!("x".repeat(4_000))))),
    ];
    for typ in [json!("JWT"), json!("jwt"), json!("logout+jwt"), json!("live-grant+jwt"), json!(null)] {
        forged.push(("another typ", ours(&with(&header, "typ", typ), &claims)));
    }
    for (what, member, value) in [
        ("another issuer", "iss", json!("https://evil.example")),
        ("another audience", "aud", json!("https://evil.example")),
        ("several audiences", "aud", json!([service.base(), "https://evil.example"])),
        ("run out", "exp", json!(claims["iat"])),
        ("from the future", "iat", json!(claims["iat"].as_i64().unwrap() + 120)),
        ("for ever", "exp", json!(i64::MAX)),
        ("no end", "exp", json!(null)),
        ("an end in words", "exp", json!("tomorrow")),
        ("another person", "sub", json!(team.id("viewer"))),
        ("another session", "sid", json!("sess_01h455vb4pex5vsknk084sn02q")),
        ("another organization", "org", json!("org_01h455vb4pex5vsknk084sn02q")),
        ("no organization", "org", json!(null)),
    ] {
        // Signed by our key, so that nothing but what it says is wrong; and as somebody without the key would try.
        forged.push((what, ours(&header, &with(&claims, member, value.clone()))));
        forged.push(("altered", format!("{first}.{}.{signature}", part(&with(&claims, member, value)))));
    }
    for (what, token) in &forged {
        let answer = service.anonymous().with_token(token).get("/v1/session").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        answer.problem(401, "unauthenticated");
        assert_eq!(state(&service, token).await, json!({"active": false}), "{what}");
    }
    // The tools are good: what they sign as it should be is taken.
    service.anonymous().with_token(&ours(&header, &claims)).get("/v1/session").await.expect(200);
    service.anonymous().with_token(&genuine).get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn asvs_9_2_3_a_token_of_another_issuer_or_audience_is_not_taken_whatever_key_has_signed_it() {
    let database = Arc::new(TestDatabase::create().await);
    let clock = ManualClock::default();
    let node = async |more: &[(&str, &str)]| {
        let values: Vec<_> = KNOWN.iter().chain(more).copied().collect();
        Service::start_on(database.clone(), clock.clone(), &values).await
    };
    let here = ("http.public_url", "http://rollcall.test");
    let one = node(&[here]).await;
    let (grace, _) = one.sign_up(&Service::new_address("grace"), "Acme").await;
    let session = |node: &Service| node.anonymous().with_token(grace.token());
    for other in [
        node(&[here, ("tokens.audience", "others")]).await,
        node(&[("http.public_url", "http://elsewhere.test"), ("tokens.audience", "http://rollcall.test")])
            .await,
    ] {
        let theirs = access_token(&session(&other)).await;
        other.anonymous().with_token(&theirs).get("/v1/session").await.expect(200);
        one.anonymous().with_token(&theirs).get("/v1/session").await.problem(401, "unauthenticated");
        let ours = access_token(&session(&one)).await;
        other.anonymous().with_token(&ours).get("/v1/session").await.problem(401, "unauthenticated");
        assert_eq!(state(&one, &theirs).await, json!({"active": false}));
    }
    // A node like the first takes what the first has made.
    let ours = access_token(&session(&one)).await;
    node(&[here]).await.anonymous().with_token(&ours).get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn asvs_9_2_1_a_token_ends_after_five_minutes_and_with_its_session() {
    let service = Service::start_with(&[("sessions.absolute_days", "1")]).await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let token = access_token(&grace).await;
    let bearer = service.anonymous().with_token(&token);
    service.clock.advance(Duration::seconds(299));
    bearer.get("/v1/session").await.expect(200);
    service.clock.advance(Duration::SECOND);
    bearer.get("/v1/session").await.problem(401, "unauthenticated");
    // Less than that is left of the session.
    service.clock.advance(Duration::DAY - Duration::seconds(300 + 90));
    let last = grace.post("/v1/tokens", json!({})).await.expect(201);
    assert_eq!(last.body["expires_in"], 90);
    let short = Service::start_with(&[("tokens.lifetime_seconds", "30")]).await;
    let (ada, _) = short.sign_up(&Service::new_address("ada"), "Acme").await;
    assert_eq!(ada.post("/v1/tokens", json!({})).await.expect(201).body["expires_in"], 30);
}

#[tokio::test]
async fn attack_8_a_token_is_worth_nothing_as_soon_as_its_session_membership_or_account_has_gone() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("admin"));
    for role in ["viewer", "member", "customer_support_agent", "admin"] {
        let token = access_token(team.caller(role)).await;
        let bearer = service.anonymous().with_token(&token);
        bearer.get("/v1/session").await.expect(200);
        assert_eq!(state(&service, &token).await["active"], true);
        match role {
            "viewer" => team.caller(role).delete("/v1/session").await.expect(204).status,
            "member" => {
                team.owner().delete(&format!("/v1/members/{}", team.id(role))).await.expect(204).status
            }
            "customer_support_agent" => {
                let change =
                    json!({"current_password": PASSWORD, "new_password": "another horse, another battery"});
                let other = service.sign_in(team.email(role)).await;
                other.post("/v1/me/password", change).await.expect(204).status
            }
            _ => {
                service.database.execute(&suspend).await;
                reqwest::StatusCode::OK
            }
        };
        bearer.get("/v1/session").await.problem(401, "unauthenticated");
        assert_eq!(state(&service, &token).await, json!({"active": false}), "{role}");
        assert_eq!(state(&service, team.caller(role).token()).await, json!({"active": false}), "{role}");
    }
}

#[tokio::test]
async fn whoever_comes_with_a_token_acts_as_its_session_with_the_role_of_that_moment() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let token = access_token(team.caller("admin")).await;
    let bearer = service.anonymous().with_token(&token);
    let session = bearer.get("/v1/session").await.expect(200);
    assert_eq!(
        session.body["session"]["id"],
        team.caller("admin").get("/v1/session").await.body["session"]["id"]
    );
    assert_eq!((&session.body["role"], &session.body["elevated_until"]), (&json!("admin"), &json!(null)));
    bearer.get("/v1/members").await.expect(200);
    let demote = json!({"role": "viewer"});
    team.owner().patch(&format!("/v1/members/{}", team.id("admin")), demote).await.expect(200);
    bearer.get("/v1/members").await.problem(403, "permission_denied");
    let now = state(&service, &token).await;
    assert_eq!((&now["active"], &now["role"]), (&json!(true), &json!("viewer")));
    assert_eq!(read(&token).1["role"], "admin");
}

#[tokio::test]
async fn attack_24_a_token_makes_no_more_of_itself() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (other_owner, other) = service.sign_up(&Service::new_address("owner"), "Other").await;
    let (_, invitation) = service.invite(&other_owner, team.email("owner"), "viewer").await;
    let token = access_token(team.owner()).await;
    let bearer = service.anonymous().with_token(&token);
    let before = service.audit_log(Some(&team.organization)).await.len();
    for (method, path, body) in [
        ("POST", "/v1/tokens", json!({})),
        ("POST", "/v1/session/elevate", json!({"password": PASSWORD})),
        ("POST", "/v1/session/organization", json!({"organization_id": other.text_at("/organization/id")})),
        ("POST", "/v1/invitations/accept", json!({"token": invitation})),
        // Its session is fresh; the token proves nothing.
        (
            "POST",
            "/v1/me/password",
            json!({"current_password": PASSWORD, "new_password": "another horse, another battery"}),
        ),
        ("GET", "/v1/sessions", json!({})),
        ("DELETE", "/v1/sessions?others=true", json!({})),
        ("GET", "/v1/me/export", json!({})),
        ("DELETE", "/v1/sessions?others=true", json!({})),
        ("DELETE", "/v1/sessions/sess_01h455vb4pex5vsknk084sn02q", json!({})),
        ("DELETE", "/v1/session", json!({})),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = Answer::of(bearer.request(method.clone(), path).json(&body)).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
        answer.problem(403, "session_required");
    }
    let log = service.audit_log(Some(&team.organization)).await;
    for action in ["access_token.issued", "session.elevated", "session.switched", "password.changed"] {
        assert!(log[before..].contains(&(action.to_owned(), "refused".to_owned())), "{action}: {log:?}");
    }
    // It is no session's token, so no cookie holds it.
    let cookie = service.anonymous().request(Method::GET, "/v1/session");
    Answer::of(cookie.header("Cookie", format!("rollcall_session={token}")))
        .await
        .problem(401, "unauthenticated");
    team.owner().get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn making_a_token_leaves_its_event_and_takes_no_idempotency_key_and_no_fields() {
    let service = start().await;
    let (grace, signed_up) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let organization = signed_up.text_at("/organization/id");
    let keyed = || grace.request(Method::POST, "/v1/tokens").header("Idempotency-Key", "once");
    let first = Answer::of(keyed()).await.expect(201);
    let issued = async || {
        let log = service.audit_log(Some(organization)).await;
        log.iter().filter(|(action, _)| action == "access_token.issued").count()
    };
    assert_eq!(issued().await, 1);
    let leaf =
        "SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action = 'access_token.issued'";
    let leaf: Value =
        serde_json::from_str(service.database.rows(leaf).await[0]["leaf"].as_str().unwrap()).unwrap();
    let (_, claims) = read(first.text_at("/access_token"));
    assert_eq!(leaf["changes"], json!([{"field": "jti", "before": null, "after": claims["jti"]}]));
    assert_eq!((&leaf["target"]["id"], &leaf["actor"]["id"]), (&claims["sid"], &claims["sub"]));
    // It is good for so long from now on, which an old answer would not say for long.
    let again = Answer::of(keyed()).await.expect(201);
    assert_ne!(again.body["access_token"], first.body["access_token"]);
    assert_eq!(issued().await, 2);
    for (request, field) in [(json!({"lifetime": 86_400}), "lifetime"), (json!({"role": "owner"}), "role")] {
        grace.post("/v1/tokens", request).await.invalid(field);
    }
    Answer::of(grace.request(Method::POST, "/v1/tokens").body("{}"))
        .await
        .problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn somebody_in_no_organization_gets_a_token_without_one() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.caller("viewer").delete("/v1/members/me").await.expect(204);
    let nowhere = service.sign_in(team.email("viewer")).await;
    let token = access_token(&nowhere).await;
    let (_, claims) = read(&token);
    assert_eq!((claims.get("org"), claims.get("role")), (None, None));
    let bearer = service.anonymous().with_token(&token);
    assert_eq!(bearer.get("/v1/session").await.expect(200).body["organization"], json!(null));
    bearer.get("/v1/organization").await.problem(403, "permission_denied");
    let told = state(&service, &token).await;
    assert_eq!((&told["active"], told.get("org"), told.get("role")), (&json!(true), None, None));
}

#[tokio::test]
async fn attack_24_an_access_token_decides_nothing_about_the_team_its_keys_and_what_protects_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (key, _) = crate::api_keys::make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&access_token(team.owner()).await);
    let (key, viewer) = (crate::api_keys::path(&key), format!("/v1/members/{}", team.id("viewer")));
    let invite = json!({"email": "eve@example.com", "role": "owner"});
    let many = json!({"invitations": [invite]});
    for answer in [
        program.patch(&key, json!({"name": "Mine"})).await,
        program.delete(&key).await,
        program.patch(&viewer, json!({"role": "owner"})).await,
        program.delete(&viewer).await,
        program.delete("/v1/members/me").await,
        program.post("/v1/invitations", invite.clone()).await,
        program.post("/v1/invitations/bulk", many).await,
        program.patch("/v1/organization", json!({"name": "Eve's"})).await,
        program.patch("/v1/me", json!({"name": "Eve"})).await,
        program.put("/v1/billing/plan", json!({"plan": "free"})).await,
        program.patch("/v1/security", json!({"mfa_required": {"enabled": false}})).await,
    ] {
        answer.problem(403, "session_required");
    }
    // What it is there for.
    program.get("/v1/members").await.expect(200);
    program.get("/v1/organization").await.expect(200);
}
