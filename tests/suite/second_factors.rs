//! One's own second factors: turning them on and off, recovery codes, fresh proofs by code.

use std::sync::Arc;

use futures_util::future::join_all;
use rollcall_tests::{Authenticator, Caller, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::Duration;

async fn mfa(caller: &Caller) -> Value {
    caller.get("/v1/me/mfa").await.expect(200).body
}

#[tokio::test]
async fn an_authenticator_app_is_on_once_a_code_confirms_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (viewer, email) = (team.caller("viewer"), team.email("viewer"));
    let off =
        json!({"totp": {"enabled": false, "confirmed_at": null}, "recovery_codes_left": 0, "passkeys": []});
    assert_eq!(mfa(viewer).await, off);
    let other = service.sign_in(email).await;

    let begun = viewer.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let secret = begun.text_at("/secret");
    // ASVS 6.5.3, RFC 4226: 160 bits.
    assert!(
        secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        "{secret}"
    );
    let uri = begun.text_at("/otpauth_uri");
    assert!(uri.starts_with("otpauth://totp/Rollcall:viewer.") && uri.contains("issuer=Rollcall"), "{uri}");
    assert!(uri.contains(&format!("secret={secret}")), "{uri}");
    let svg = begun.text_at("/qr_svg");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{svg}");
    // Not on yet, and nobody signs in by it.
    assert_eq!(mfa(viewer).await, off);
    service.sign_in(email).await;
    // Beginning again shows another one; the first is worth nothing.
    let again = viewer.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    assert_ne!(again.text_at("/secret"), secret);
    let confirm = async |caller: &Caller, code: &str| {
        caller.post("/v1/me/mfa/totp/confirm", json!({"code": code})).await
    };
    let (first, app) = (
        Authenticator::of(secret, &service.clock),
        Authenticator::of(again.text_at("/secret"), &service.clock),
    );
    confirm(viewer, &first.code()).await.problem(401, "invalid_mfa_code");
    // Only where it was shown, and only for a while.
    confirm(&other, &app.code()).await.problem(409, "totp_not_begun");
    service.clock.advance(Duration::minutes(15));
    confirm(viewer, &app.code()).await.problem(409, "totp_not_begun");
    viewer.post("/v1/me/mfa/totp", json!({})).await.problem(403, "elevation_required");
    viewer.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    let begun = viewer.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let app = Authenticator::of(begun.text_at("/secret"), &service.clock);
    let confirmed = confirm(viewer, &app.code()).await.expect(200);
    assert_eq!(confirmed.list("recovery_codes").len(), 10);

    let on = json!({"enabled": true, "confirmed_at": "2026-03-01T09:15:00Z"});
    assert_eq!(mfa(viewer).await, json!({"totp": on, "recovery_codes_left": 10, "passkeys": []}));
    assert_eq!(viewer.get("/v1/me").await.expect(200).body["mfa_enabled"], true);
    let member = team.owner().get(&format!("/v1/members/{}", team.id("viewer"))).await.expect(200);
    assert_eq!(member.body["mfa_enabled"], true);
    // Sessions that were opened without it are over (ASVS 7.4.3); the one that turned it on stays.
    other.get("/v1/session").await.problem(401, "unauthenticated");
    viewer.get("/v1/session").await.expect(200);
    service.told(email, "An authenticator app protects your account").await;
    viewer.post("/v1/me/mfa/totp", json!({})).await.problem(409, "totp_enabled");
    confirm(viewer, &app.code()).await.problem(409, "totp_enabled");
    // The code that confirmed it does not sign anybody in.
    let challenge = service.challenge(email).await;
    service.second_step(&challenge, "totp", &app.code()).await.problem(401, "invalid_mfa_code");
    let log = service.audit_log(Some(&team.organization)).await;
    for expected in [
        ("totp.enrolment_begun", "success"),
        ("totp.enrolment_begun", "refused"),
        ("totp.enabled", "refused"),
        ("totp.enabled", "success"),
    ] {
        assert!(
            log.iter().any(|(action, outcome)| (action.as_str(), outcome.as_str()) == expected),
            "{log:?}"
        );
    }
    let export = viewer.get("/v1/me/export").await.expect(200);
    assert_eq!(export.body["second_factors"], mfa(viewer).await);
}

#[tokio::test]
async fn asvs_7_5_1_factors_change_with_a_fresh_proof_only_and_by_the_session_itself() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let issued = grace.post("/v1/tokens", json!({})).await.expect(201);
    let by_access_token = service.anonymous().with_token(issued.text_at("/access_token"));
    by_access_token.get("/v1/me/mfa").await.problem(403, "session_required");
    by_access_token.post("/v1/me/mfa/totp", json!({})).await.problem(403, "session_required");
    let confirm = json!({"code": "000000"});
    by_access_token.post("/v1/me/mfa/totp/confirm", confirm.clone()).await.problem(403, "session_required");
    grace.post("/v1/me/mfa/totp/confirm", confirm).await.problem(409, "totp_not_begun");
    grace.post("/v1/me/mfa/recovery-codes", json!({})).await.problem(409, "mfa_not_enabled");
    grace.delete("/v1/me/mfa/totp").await.problem(404, "not_found");
    service.enrol(&grace).await;
    service.clock.advance(Duration::minutes(10));
    grace.post("/v1/me/mfa/recovery-codes", json!({})).await.problem(403, "elevation_required");
    grace.delete("/v1/me/mfa/totp").await.problem(403, "elevation_required");
}

#[tokio::test]
async fn a_fresh_proof_is_given_by_a_code_as_well() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, signed_up) = service.sign_up(&email, "Acme").await;
    let elevate = async |body: Value| grace.post("/v1/session/elevate", body).await;
    // Without a second factor every code is wrong.
    elevate(json!({"code": "000000"})).await.problem(401, "invalid_mfa_code");
    let (app, codes) = service.enrol(&grace).await;
    service.clock.advance(Duration::minutes(10));
    elevate(json!({"code": app.wrong_code()})).await.problem(401, "invalid_mfa_code");
    elevate(json!({})).await.invalid("password");
    elevate(json!({"code": app.code(), "password": PASSWORD})).await.invalid("code");
    grace.delete("/v1/me/mfa/totp").await.problem(403, "elevation_required");
    elevate(json!({"code": app.code()})).await.expect(200);
    elevate(json!({"code": app.code()})).await.problem(401, "invalid_mfa_code");
    elevate(json!({"code": codes[0]})).await.expect(200);
    elevate(json!({"code": codes[0]})).await.problem(401, "invalid_mfa_code");
    service.told(&email, "A recovery code of your account was used").await;
    grace.delete("/v1/me/mfa/totp").await.expect(204);
    let log = service.audit_log(Some(signed_up.text_at("/organization/id"))).await;
    let elevated = |outcome: &str| {
        log.iter().filter(|(action, ended)| action == "session.elevated" && ended == outcome).count()
    };
    assert_eq!((elevated("success"), elevated("refused")), (2, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asvs_7_4_3_no_session_of_the_password_alone_outlives_the_first_factor() {
    let service = Service::start().await;
    for round in 0..5 {
        let email = Service::new_address(&format!("r{round}"));
        let (grace, _) = service.sign_up(&email, "Acme").await;
        let begun = grace.post("/v1/me/mfa/totp", json!({})).await.expect(200);
        let code = Authenticator::of(begun.text_at("/secret"), &service.clock).code();
        let anonymous = service.anonymous();
        let sign_in = || anonymous.post("/v1/sessions", json!({"email": email, "password": PASSWORD}));
        let (confirmed, signed_in) = tokio::join!(
            grace.post("/v1/me/mfa/totp/confirm", json!({"code": code})),
            join_all((0..8).map(|_| sign_in())),
        );
        confirmed.expect(200);
        for answer in signed_in {
            match answer.status.as_u16() {
                201 => {
                    let session = anonymous.with_token(answer.text_at("/session/token"));
                    session.get("/v1/session").await.problem(401, "unauthenticated");
                }
                // Asked for the factor, or told to come again.
                200 | 503 => {}
                other => panic!("{other}: {}", answer.text),
            }
        }
    }
}

#[tokio::test]
async fn an_authenticator_app_that_is_turned_off_takes_the_recovery_codes_with_it() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let (app, codes) = service.enrol(&grace).await;
    let challenge = service.challenge(&email).await;
    let other = service.second_step(&challenge, "totp", &app.code()).await.expect(201);
    let other = service.anonymous().with_token(other.text_at("/session/token"));
    grace.delete("/v1/me/mfa/totp").await.expect(204);
    service.told(&email, "An authenticator app no longer protects your account").await;
    assert_eq!(mfa(&grace).await["recovery_codes_left"], 0);
    assert_eq!(grace.get("/v1/me").await.expect(200).body["mfa_enabled"], false);
    grace.delete("/v1/me/mfa/totp").await.problem(404, "not_found");
    other.get("/v1/session").await.expect(200);
    service.sign_in(&email).await;
    // A second one has a seed, and codes, of its own.
    let (_, renewed) = service.enrol(&grace).await;
    assert!(renewed.iter().all(|code| !codes.contains(code)));
    let challenge = service.challenge(&email).await;
    service.second_step(&challenge, "totp", &app.code()).await.problem(401, "invalid_mfa_code");
    service.second_step(&challenge, "recovery_code", &codes[0]).await.problem(401, "invalid_mfa_code");
}

#[tokio::test]
async fn nist_3_1_1_2_beside_a_second_factor_a_password_may_be_shorter_and_then_does_not_stay_alone() {
    const SHORT: &str = "vt7 tra9q";
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let change = async |current: &str, new: &str| {
        grace.post("/v1/me/password", json!({"current_password": current, "new_password": new})).await
    };
    change(PASSWORD, SHORT).await.invalid("new_password");
    service.enrol(&grace).await;
    change(PASSWORD, "vt7 tr").await.invalid("new_password");
    change(PASSWORD, "password1").await.invalid("new_password");
    change(PASSWORD, SHORT).await.expect(204);
    grace.delete("/v1/me/mfa/totp").await.problem(409, "password_too_short");
    // Nothing was turned off.
    assert_eq!(mfa(&grace).await["recovery_codes_left"], 10);
    assert_eq!(grace.get("/v1/me").await.expect(200).body["mfa_enabled"], true);

    // The same by the way of the mailbox.
    let reset = async |password: &str, used: &str| {
        service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
        let token = until("a newer link", async || {
            Some(service.token_for(&email, "/password/reset").await).filter(|token| token != used)
        })
        .await;
        let body = json!({"token": token, "password": password});
        (service.anonymous().post("/v1/password-resets/complete", body).await, token)
    };
    change(SHORT, PASSWORD).await.expect(204);
    grace.delete("/v1/me/mfa/totp").await.expect(204);
    let (refused, token) = reset(SHORT, "").await;
    refused.invalid("password");
    service.enrol(&grace).await;
    let (done, _) = reset(SHORT, &token).await;
    done.expect(204);
}

#[tokio::test]
async fn asvs_13_3_1_and_attack_29_what_is_kept_of_factors_is_sealed_or_hashed_and_goes_with_the_account() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (viewer, email) = (team.caller("viewer"), team.email("viewer"));
    let begun = viewer.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let (secret, app) =
        (begun.text_at("/secret"), Authenticator::of(begun.text_at("/secret"), &service.clock));
    let code = app.code();
    let confirmed = viewer.post("/v1/me/mfa/totp/confirm", json!({"code": code})).await.expect(200);
    let recovery = confirmed.list("recovery_codes")[0].as_str().unwrap().to_owned();
    let challenge = service.challenge(email).await;
    let second = service.challenge(email).await;
    service.second_step(&second, "recovery_code", &recovery).await.expect(201);
    let tables =
        ["totp_seeds", "recovery_codes", "mfa_challenges", "audit_events", "mails", "dev_mails", "attempts"];
    for table in tables {
        let rows = service
            .database
            .rows(&format!("SELECT to_jsonb(t)::text || ' ' || t::text AS row FROM {table} t"))
            .await;
        let leaves =
            service.database.rows("SELECT convert_from(leaf, 'UTF8') AS row FROM audit_events").await;
        for row in rows.iter().chain(&leaves) {
            let text = row["row"].as_str().unwrap().to_lowercase();
            let bare = recovery.replace('-', "");
            for word in [secret, &code, &recovery, &bare, &challenge, &second] {
                assert!(!text.contains(&word.to_lowercase()), "{word} is in {table}: {text}");
            }
        }
    }
    // The very same seed is not sealed alike twice, nor for another account.
    let sealed = service.database.rows("SELECT encode(seed, 'hex') AS seed FROM totp_seeds").await;
    assert_eq!(sealed[0]["seed"].as_str().unwrap().len(), 2 * (1 + 24 + 20 + 16));

    viewer.delete("/v1/me").await.expect(204);
    for table in ["totp_seeds", "recovery_codes", "mfa_challenges"] {
        assert!(service.database.rows(&format!("SELECT 1 AS one FROM {table}")).await.is_empty(), "{table}");
    }
    // Whoever comes with the address later has none of it.
    let again = service.bring_in(team.owner(), email, "viewer").await.0;
    assert_eq!(mfa(&again).await["totp"]["enabled"], false);
    service.second_step(&challenge, "totp", &app.code_of(1)).await.problem(401, "invalid_challenge");
}

#[tokio::test]
async fn asvs_13_3_4_a_key_leaves_the_ring_and_no_authenticator_app_is_lost() {
    const OLD: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "2:HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let node =
        async |ring: &str| Service::start_on(database.clone(), clock.clone(), &[("keys.ring", ring)]).await;
    let before = node(OLD).await;
    let email = Service::new_address("grace");
    let (grace, _) = before.sign_up(&email, "Acme").await;
    let (app, _) = before.enrol(&grace).await;
    let _both = node(&format!("{NEW},{OLD}")).await;
    until("another seal", async || {
        let rows = database.rows("SELECT get_byte(seed, 0) AS key FROM totp_seeds").await;
        (rows[0]["key"] == 2).then_some(())
    })
    .await;
    let after = node(NEW).await;
    let challenge = after.challenge(&email).await;
    after.second_step(&challenge, "totp", &app.code()).await.expect(201);
}
