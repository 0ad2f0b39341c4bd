//! The second step of signing in: between the password and the code.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::{Method, header};
use rollcall_tests::{Answer, Authenticator, Caller, PASSWORD, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::refusals::{Needs, call, rows};

const ANOTHER: &str = "another horse, another battery";

/// Somebody with an authenticator app: their session, their address, the app and the recovery codes.
async fn grace(service: &Service) -> (Caller, String, Authenticator, Vec<String>) {
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let (app, codes) = service.enrol(&grace).await;
    (grace, email, app, codes)
}

async fn totp(service: &Service, challenge: &str, code: &str) -> Answer {
    service.second_step(challenge, "totp", code).await
}

async fn sessions_kept(service: &Service) -> usize {
    service.database.rows("SELECT 1 AS one FROM sessions").await.len()
}

#[tokio::test]
async fn asvs_6_3_3_the_right_password_opens_nothing_where_a_second_factor_is_on() {
    let service = Service::start().await;
    let (_, email, app, _) = grace(&service).await;
    let before = sessions_kept(&service).await;
    let asked = service
        .anonymous()
        .post("/v1/sessions", json!({"email": email, "password": PASSWORD}))
        .await
        .expect(200);
    assert_eq!(asked.body["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(asked.text_at("/expires_at"), "2026-03-01T09:05:30Z");
    let challenge = asked.text_at("/challenge");
    assert!(challenge.starts_with("rcm_") && challenge.len() == 56, "{challenge}");
    let mut fields: Vec<&String> = asked.body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["challenge", "expires_at", "methods", "status"]);
    // The device is known from the second step on only.
    assert_eq!((asked.header("set-cookie"), sessions_kept(&service).await), ("", before));
    let signed_in = totp(&service, challenge, &app.code()).await.expect(201);
    assert_eq!(signed_in.body["status"], "authenticated");
    assert_eq!(signed_in.body["organization"]["name"], "Acme");
    assert!(signed_in.header("set-cookie").starts_with("rollcall_device="), "{:?}", signed_in.headers);
    let session = service.anonymous().with_token(signed_in.text_at("/session/token"));
    session.get("/v1/session").await.expect(200);
    // A wrong password is answered as ever.
    let wrong = json!({"email": email, "password": "not the password"});
    service.anonymous().post("/v1/sessions", wrong).await.problem(401, "invalid_credentials");
    let log = service.audit_log(Some(signed_in.text_at("/organization/id"))).await;
    for action in ["mfa.challenged", "second_factor.used", "session.created"] {
        assert!(log.contains(&(action.to_owned(), "success".to_owned())), "{action}: {log:?}");
    }
}

#[tokio::test]
async fn attack_24_a_challenge_is_good_for_one_session_and_for_nothing_else() {
    let service = Service::start().await;
    let (_, email, app, _) = grace(&service).await;
    let challenge = service.challenge(&email).await;
    let bearer = service.anonymous().with_token(&challenge);
    for row in rows().iter().filter(|row| matches!(row.needs, Needs::Session | Needs::Permission(_))) {
        call(&bearer, row, "user_01h455vb4pex5vsknk084sn02q").await.problem(401, "unauthenticated");
    }
    let as_cookie = service.anonymous().request(Method::GET, "/v1/session");
    let cookie = format!("rollcall_session={challenge}");
    Answer::of(as_cookie.header(header::COOKIE, cookie)).await.problem(401, "unauthenticated");
    for page in ["/v1/signup/complete", "/v1/password-resets/complete"] {
        let body = json!({"token": challenge, "password": ANOTHER});
        service.anonymous().post(page, body).await.expect(410);
    }
    totp(&service, "rcm_nonsense", &app.code()).await.problem(401, "invalid_challenge");
    totp(&service, &challenge, &app.code()).await.expect(201);
    service.clock.advance(Authenticator::STEP);
    totp(&service, &challenge, &app.code()).await.problem(401, "invalid_challenge");
    for (field, body) in [
        ("code", json!({"challenge": challenge, "method": "totp"})),
        ("method", json!({"challenge": challenge, "code": "000000"})),
        ("method", json!({"challenge": challenge, "method": "sms", "code": "000000"})),
        ("challenge", json!({"method": "totp", "code": "000000"})),
        ("user_id", json!({"challenge": challenge, "method": "totp", "code": "000000", "user_id": "x"})),
    ] {
        service.anonymous().post("/v1/sessions/mfa", body).await.invalid(field);
    }
}

#[tokio::test]
async fn a_challenge_ends_after_five_minutes_or_five_wrong_codes() {
    let service = Service::start().await;
    let (_, email, app, _) = grace(&service).await;
    let challenge = service.challenge(&email).await;
    service.clock.advance(Duration::minutes(5));
    totp(&service, &challenge, &app.code()).await.problem(401, "invalid_challenge");

    let challenge = service.challenge(&email).await;
    for code in [app.wrong_code().as_str(), "", "nonsense", &"0".repeat(1_000), "12345"] {
        totp(&service, &challenge, code).await.problem(401, "invalid_mfa_code");
    }
    totp(&service, &challenge, &app.code()).await.problem(401, "invalid_challenge");
    // However many wrong ones come at once, five are looked at.
    let challenge = service.challenge(&email).await;
    let wrong = app.wrong_code();
    let answers = join_all((0..16).map(|_| totp(&service, &challenge, &wrong))).await;
    let looked_at = answers.iter().filter(|answer| answer.body["code"] == "invalid_mfa_code").count();
    assert_eq!(looked_at, 5);
    // What ran out is not kept: a node that starts forgets it.
    service.clock.advance(Duration::minutes(5));
    let challenge = service.challenge(&email).await;
    let _another = Service::start_on(service.database.clone(), service.clock.clone(), &[]).await;
    until("challenges that are forgotten", async || {
        let kept = service.database.rows("SELECT 1 AS one FROM mfa_challenges").await;
        (kept.len() == 1).then_some(())
    })
    .await;
    totp(&service, &challenge, &app.code()).await.expect(201);
}

#[tokio::test]
async fn attack_24_a_challenge_dies_with_the_password_or_the_factor_that_it_was_made_for() {
    let service = Service::start().await;
    let (grace, email, app, _) = grace(&service).await;
    let before = service.challenge(&email).await;
    let change = json!({"current_password": PASSWORD, "new_password": ANOTHER});
    grace.post("/v1/me/password", change).await.expect(204);
    totp(&service, &before, &app.code()).await.problem(401, "invalid_challenge");
    let back = json!({"current_password": ANOTHER, "new_password": PASSWORD});
    grace.post("/v1/me/password", back).await.expect(204);

    let before = service.challenge(&email).await;
    grace.delete("/v1/me/mfa/totp").await.expect(204);
    service.enrol(&grace).await;
    totp(&service, &before, &app.code()).await.problem(401, "invalid_challenge");

    let before = service.challenge(&email).await;
    service.database.execute(&format!("UPDATE users SET status = 'suspended' WHERE email = '{email}'")).await;
    totp(&service, &before, &app.code()).await.problem(401, "invalid_challenge");
}

#[tokio::test]
async fn attack_25_and_asvs_6_5_1_a_code_works_once() {
    let service = Service::start().await;
    let (grace, email, app, _) = grace(&service).await;
    let code = app.code();
    totp(&service, &service.challenge(&email).await, &code).await.expect(201);
    // Nor does the one before work any more, nor the same one anywhere else.
    for old in [code.clone(), app.code_of(-1)] {
        totp(&service, &service.challenge(&email).await, &old).await.problem(401, "invalid_mfa_code");
    }
    grace.post("/v1/session/elevate", json!({"code": code})).await.problem(401, "invalid_mfa_code");
    // A clock that is a step behind is forgiven, one that is ahead or two behind is not.
    service.clock.advance(Duration::seconds(90));
    for off in [1, -2] {
        let code = app.code_of(off);
        totp(&service, &service.challenge(&email).await, &code).await.problem(401, "invalid_mfa_code");
    }
    totp(&service, &service.challenge(&email).await, &app.code_of(-1)).await.expect(201);
    totp(&service, &service.challenge(&email).await, &app.code()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_25_the_same_code_at_once_gets_in_once() {
    let service = Service::start().await;
    let (_, email, app, codes) = grace(&service).await;
    for (method, code) in [("totp", app.code()), ("recovery_code", codes[0].clone())] {
        let challenges = join_all((0..16).map(|_| service.challenge(&email))).await;
        let steps = challenges.iter().map(|challenge| service.second_step(challenge, method, &code));
        let answers = join_all(steps).await;
        let entered = Answer::count(&answers, 201);
        let refused = answers.iter().filter(|answer| answer.body["code"] == "invalid_mfa_code").count();
        assert_eq!((entered, refused), (1, 15), "{method}");
    }
}

#[tokio::test]
async fn attack_25_a_recovery_code_works_once_and_its_owner_is_told() {
    let service = Service::start().await;
    let (grace, email, app, codes) = grace(&service).await;
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    let recover =
        async |code: &str| service.second_step(&service.challenge(&email).await, "recovery_code", code).await;
    recover(&codes[0].to_uppercase().replace('-', " ")).await.expect(201);
    recover(&codes[0]).await.problem(401, "invalid_mfa_code");
    service.told(&email, "A recovery code of your account was used").await;
    assert_eq!(grace.get("/v1/me/mfa").await.expect(200).body["recovery_codes_left"], 9);
    // A code is what its method says.
    let challenge = service.challenge(&email).await;
    service.second_step(&challenge, "totp", &codes[1]).await.problem(401, "invalid_mfa_code");
    service.second_step(&challenge, "recovery_code", &app.code()).await.problem(401, "invalid_mfa_code");
    // Somebody else's codes are no good.
    let (_, _, _, others) = self::grace(&service).await;
    recover(&others[0]).await.problem(401, "invalid_mfa_code");

    let renewed = grace.post("/v1/me/mfa/recovery-codes", json!({})).await.expect(200);
    let renewed = renewed.list("recovery_codes");
    service.told(&email, "Your account has new recovery codes").await;
    recover(&codes[1]).await.problem(401, "invalid_mfa_code");
    recover(renewed[0].as_str().unwrap()).await.expect(201);
    // When none is left, none is asked for.
    service.database.execute("DELETE FROM recovery_codes").await;
    let body = json!({"email": email, "password": PASSWORD});
    let asked = service.anonymous().post("/v1/sessions", body).await.expect(200);
    assert_eq!(asked.body["methods"], json!(["totp"]));
}

#[tokio::test]
async fn attack_25_guessing_codes_is_slow_over_all_challenges_networks_and_sessions() {
    let limited = [
        ("limits.enabled", "true"),
        ("limits.attempts", "1000000"),
        ("limits.password_attempts", "3"),
        ("http.trusted_proxies", "127.0.0.1"),
    ];
    let service = Service::start_with(&limited).await;
    let (grace, email, app, codes) = grace(&service).await;
    let answer = async |ip: &str, method: &str, code: &str| {
        let challenge = service.challenge(&email).await;
        let request =
            service.anonymous().request(Method::POST, "/v1/sessions/mfa").header("x-forwarded-for", ip);
        Answer::of(request.json(&json!({"challenge": challenge, "method": method, "code": code}))).await
    };
    for ip in ["198.51.100.1", "203.0.113.2", "2001:db8::1"] {
        answer(ip, "totp", &app.wrong_code()).await.problem(401, "invalid_mfa_code");
    }
    // A right one, of whatever kind, from wherever, is not looked at either, and not used up.
    let slowed = answer("192.0.2.77", "totp", &app.code()).await.problem(429, "rate_limited");
    assert!(slowed.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    answer("192.0.2.78", "recovery_code", &codes[0]).await.problem(429, "rate_limited");
    // The password has counts of its own, and so has a session that is open; but the two ways are one row of failures.
    for _ in 0..3 {
        grace.post("/v1/session/elevate", json!({"code": "000000"})).await.problem(401, "invalid_mfa_code");
    }
    grace.post("/v1/session/elevate", json!({"code": app.code()})).await.problem(429, "rate_limited");
    grace.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    let account = service.database.rows("SELECT in_a_row FROM attempts WHERE in_a_row > 0").await;
    assert!(account.contains(&json!({"in_a_row": 6})), "{account:?}");
    service.clock.advance(Duration::minutes(3));
    answer("192.0.2.77", "totp", &app.code()).await.expect(201);
}

#[tokio::test]
async fn nist_3_2_2_a_hundred_wrong_codes_in_a_row_are_the_most_and_the_owner_hears_of_them() {
    let service = Service::start().await;
    let (grace, email, app, codes) = grace(&service).await;
    for n in 0..80 {
        let challenge = service.challenge(&email).await;
        let (method, code) =
            if n % 2 == 0 { ("totp", app.wrong_code()) } else { ("recovery_code", "0".repeat(25)) };
        service.second_step(&challenge, method, &code).await.problem(401, "invalid_mfa_code");
    }
    let challenge = service.challenge(&email).await;
    totp(&service, &challenge, &app.code()).await.problem(429, "rate_limited");
    service.clock.advance(Duration::days(40));
    let challenge = service.challenge(&email).await;
    service.second_step(&challenge, "recovery_code", &codes[0]).await.problem(429, "rate_limited");
    service.all_mail_sent().await;
    let told = service.mails_to(&email).await;
    let told =
        told.iter().filter(|mail| mail["subject"] == "Somebody tries to sign in to your account").count();
    assert_eq!(told, 2);
    // Another password does not begin anew: the codes are the same (NIST SP 800-63B-4 section 3.2.2).
    drop(grace);
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(&email, "/password/reset").await;
    let complete = json!({"token": token, "password": PASSWORD});
    service.anonymous().post("/v1/password-resets/complete", complete).await.expect(204);
    let challenge = service.challenge(&email).await;
    totp(&service, &challenge, &app.code()).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn asvs_6_3_4_every_way_in_asks_for_the_second_factor() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (grace, email, app, _) = grace(&service).await;
    let before = sessions_kept(&service).await;
    // A forgotten password opens no session, and leaves the factor on (ASVS 6.4.3).
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(&email, "/password/reset").await;
    let complete = json!({"token": token, "password": PASSWORD});
    let done = service.anonymous().post("/v1/password-resets/complete", complete).await.expect(204);
    assert_eq!((done.text.as_str(), done.header("set-cookie")), ("", ""));
    grace.get("/v1/session").await.problem(401, "unauthenticated");
    assert_eq!(sessions_kept(&service).await, before - 1);
    let challenge = service.challenge(&email).await;

    // An invitation wants the account's session, which a challenge is not.
    let (_, invitation) = service.invite(team.owner(), &email, "viewer").await;
    let accept = json!({"token": invitation});
    for caller in [service.anonymous(), service.anonymous().with_token(&challenge)] {
        caller.post("/v1/invitations/accept", accept.clone()).await.expect(401);
    }
    let with_password = json!({"token": invitation, "name": "Grace", "password": PASSWORD});
    let refused = service.anonymous().post("/v1/invitations/accept", with_password).await;
    refused.problem(401, "sign_in_required");
    // Its page asks for a code.
    let submit = async |code: &str| {
        let request = service.anonymous().request(Method::POST, "/invitations/accept");
        let request = request.header("Origin", "null").header("Sec-Fetch-Site", "same-origin");
        Answer::of(request.form(&[("token", invitation.as_str()), ("password", PASSWORD), ("code", code)]))
            .await
    };
    assert!(submit("").await.expect(422).text.contains("a code is needed"));
    assert!(submit(&app.wrong_code()).await.expect(422).text.contains("The code is not right"));
    let entered = submit(&app.code()).await.expect(303);
    let session = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let token = session.split_once('=').unwrap().1;

    // A session that was opened with it goes on elsewhere (the session inherits it).
    let session = service.anonymous().with_token(token);
    let own = session.get("/v1/me/organizations").await.expect(200);
    let acme = own.list("data").iter().map(|seat| seat["organization"]["id"].clone());
    let elsewhere: Vec<Value> = acme.filter(|id| *id != json!(team.organization)).collect();
    session.post("/v1/session/organization", json!({"organization_id": elsewhere[0]})).await.expect(201);
}

#[tokio::test]
async fn an_organization_that_one_is_not_in_is_refused_after_the_second_step_and_learns_nothing() {
    let service = Service::start().await;
    let theirs = Team::assemble(&service, "Theirs").await;
    let (grace, email, app, _) = grace(&service).await;
    let ours = grace.get("/v1/session").await.expect(200).text_at("/organization/id").to_owned();
    let log = service.audit_log(Some(&theirs.organization)).await;
    let body = json!({"email": email, "password": PASSWORD, "organization_id": theirs.organization});
    let asked = service.anonymous().post("/v1/sessions", body).await.expect(200);
    let challenge = asked.text_at("/challenge");
    totp(&service, challenge, &app.wrong_code()).await.problem(401, "invalid_mfa_code");
    totp(&service, challenge, &app.code()).await.problem(404, "not_found");
    assert_eq!(service.audit_log(Some(&theirs.organization)).await, log);
    let log = service.audit_log(Some(&ours)).await;
    for action in ["second_factor.used", "session.created"] {
        assert!(log.contains(&(action.to_owned(), "refused".to_owned())), "{log:?}");
    }
    // In another one of one's own, the session is opened there.
    let (_, token) = service.invite(theirs.owner(), &email, "viewer").await;
    grace.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let body = json!({"email": email, "password": PASSWORD, "organization_id": ours});
    // The code that led nowhere is used up.
    service.clock.advance(Duration::seconds(30));
    let asked = service.anonymous().post("/v1/sessions", body).await.expect(200);
    let entered = totp(&service, asked.text_at("/challenge"), &app.code()).await.expect(201);
    assert_eq!(entered.text_at("/organization/id"), ours);
    let created = ("session.created".to_owned(), "success".to_owned());
    assert!(service.audit_log(Some(&ours)).await.contains(&created));
}

#[tokio::test]
async fn attack_25_a_code_is_used_up_also_where_it_leads_nowhere() {
    let service = Service::start().await;
    let (_, email, app, codes) = grace(&service).await;
    let challenge = async || {
        let elsewhere = json!({"email": email, "password": PASSWORD, "organization_id": "org_01h455vb4pex5vsknk084sn02q"});
        let asked = service.anonymous().post("/v1/sessions", elsewhere).await.expect(200);
        asked.text_at("/challenge").to_owned()
    };
    let first = challenge().await;
    let code = app.code();
    totp(&service, &first, &code).await.problem(404, "not_found");
    totp(&service, &first, &code).await.problem(401, "invalid_challenge");
    totp(&service, &challenge().await, &code).await.problem(401, "invalid_mfa_code");
    let second = challenge().await;
    service.second_step(&second, "recovery_code", &codes[0]).await.problem(404, "not_found");
    service
        .second_step(&challenge().await, "recovery_code", &codes[0])
        .await
        .problem(401, "invalid_mfa_code");
    service.told(&email, "A recovery code of your account was used").await;
}

#[tokio::test]
async fn attack_34_a_keyed_repeat_of_a_sign_in_opens_nothing() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let keyed = async |path: &str, body: &Value| {
        let request = service.anonymous().request(Method::POST, path).header("Idempotency-Key", "once");
        Answer::of(request.json(body)).await
    };
    let body = json!({"email": email, "password": PASSWORD});
    keyed("/v1/sessions", &body).await.expect(201);
    let (app, _) = service.enrol(&grace).await;
    let asked = keyed("/v1/sessions", &body).await.expect(200);
    assert_eq!(asked.body["status"], "mfa_required");
    let step = json!({"challenge": asked.text_at("/challenge"), "method": "totp", "code": app.code()});
    keyed("/v1/sessions/mfa", &step).await.expect(201);
    keyed("/v1/sessions/mfa", &step).await.problem(401, "invalid_challenge");
    // Nor are codes that are shown once shown again.
    let renew = async || {
        let request =
            grace.request(Method::POST, "/v1/me/mfa/recovery-codes").header("Idempotency-Key", "once");
        Answer::of(request.json(&json!({}))).await
    };
    let (one, other) = (renew().await.expect(200), renew().await.expect(200));
    assert_ne!(one.body["recovery_codes"], other.body["recovery_codes"]);
}
