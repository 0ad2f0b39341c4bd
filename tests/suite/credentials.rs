//! Passwords, fresh proofs, and one's own sessions.

use std::collections::BTreeSet;

use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::agents::told;

const ANOTHER: &str = "another horse, another battery";

async fn signs_in_with(service: &Service, email: &str, password: &str) -> bool {
    let answer =
        service.anonymous().post("/v1/sessions", json!({"email": email, "password": password})).await;
    answer.status == 201
}

async fn change(caller: &Caller, current: &str, new: &str) -> Answer {
    caller.post("/v1/me/password", json!({"current_password": current, "new_password": new})).await
}

#[tokio::test]
async fn asvs_6_2_3_a_change_of_password_needs_the_current_one_and_ends_the_other_sessions() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let other = service.sign_in(&email).await;
    let wrong = change(&grace, "not the password", ANOTHER).await.problem(401, "invalid_credentials");
    assert_eq!(wrong.text_at("/detail"), "The password is not the one of your account.");
    change(&grace, PASSWORD, "too short").await.invalid("new_password");
    change(&grace, &"x".repeat(1_001), ANOTHER).await.invalid("current_password");
    other.get("/v1/session").await.expect(200);
    change(&grace, PASSWORD, ANOTHER).await.expect(204);
    other.get("/v1/session").await.problem(401, "unauthenticated");
    grace.get("/v1/session").await.expect(200);
    assert!(
        !signs_in_with(&service, &email, PASSWORD).await && signs_in_with(&service, &email, ANOTHER).await
    );
    // ASVS 6.3.7: the owner is told.
    until("a notice", async || {
        let mails = service.mails_to(&email).await;
        mails.iter().any(|mail| mail["subject"] == "Your password has been changed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn asvs_7_5_1_what_is_sensitive_needs_a_fresh_proof() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let grace = team.owner();
    service.clock.advance(Duration::minutes(10));
    change(grace, PASSWORD, ANOTHER).await.problem(403, "elevation_required");
    let elevate =
        async |password: Value| grace.post("/v1/session/elevate", json!({"password": password})).await;
    elevate(json!("not the password")).await.problem(401, "invalid_credentials");
    elevate(json!(5)).await.invalid("password");
    assert_eq!(grace.get("/v1/session").await.expect(200).body["elevated_until"], Value::Null);
    let elevated = elevate(json!(PASSWORD)).await.expect(200);
    assert_eq!(elevated.text_at("/elevated_until"), "2026-03-01T09:20:00Z");
    assert_eq!(
        grace.get("/v1/session").await.expect(200).body["elevated_until"],
        elevated.body["elevated_until"]
    );
    change(grace, PASSWORD, ANOTHER).await.expect(204);
    let log = service.audit_log(Some(&team.organization)).await;
    for expected in [
        ("password.changed", "refused"),
        ("session.elevated", "refused"),
        ("session.elevated", "success"),
        ("password.changed", "success"),
    ] {
        assert!(
            log.iter().any(|(action, outcome)| (action.as_str(), outcome.as_str()) == expected),
            "{expected:?}: {log:?}"
        );
    }
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let request = async || {
        service
            .anonymous()
            .post("/v1/password-resets", json!({"email": email.to_uppercase()}))
            .await
            .expect(202)
    };
    request().await;
    let token = service.token_for(&email, "/password/reset").await;
    let complete = async |token: &str, password: &str| {
        let body = json!({"token": token, "password": password});
        service.anonymous().post("/v1/password-resets/complete", body).await
    };
    complete(&token, "too short").await.invalid("password");
    complete("nonsense", ANOTHER).await.problem(410, "password_reset_gone");
    complete(&token, ANOTHER).await.expect(204);
    grace.get("/v1/session").await.problem(401, "unauthenticated");
    assert!(signs_in_with(&service, &email, ANOTHER).await);
    complete(&token, PASSWORD).await.problem(410, "password_reset_gone");

    // A link works for an hour, and a newer password makes every older link worthless.
    request().await;
    let late = until("a newer link", async || {
        Some(service.token_for(&email, "/password/reset").await).filter(|newer| *newer != token)
    })
    .await;
    service.clock.advance(Duration::hours(1) - Duration::SECOND);
    complete(&late, "too short").await.invalid("password");
    service.clock.advance(Duration::SECOND);
    complete(&late, PASSWORD).await.problem(410, "password_reset_gone");
    let mut unused = late.clone();
    for _ in 0..2 {
        request().await;
        unused = until("a newer link", async || {
            Some(service.token_for(&email, "/password/reset").await).filter(|newer| *newer != unused)
        })
        .await;
    }
    let grace = service
        .anonymous()
        .post("/v1/sessions", json!({"email": email, "password": ANOTHER}))
        .await
        .expect(201);
    let grace = service.anonymous().with_token(grace.text_at("/session/token"));
    change(&grace, ANOTHER, PASSWORD).await.expect(204);
    complete(&unused, ANOTHER).await.problem(410, "password_reset_gone");
}

#[tokio::test]
async fn links_that_were_on_their_way_do_nothing_for_an_account_that_was_suspended_meanwhile() {
    let service = Service::start().await;
    let (email, other) = (Service::new_address("grace"), Service::new_address("hopper"));
    let (grace, _) = service.sign_up(&email, "Acme").await;
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let reset = service.token_for(&email, "/password/reset").await;
    grace.post("/v1/me/email", json!({"new_email": other})).await.expect(202);
    let change = service.token_for(&other, "/me/email/confirm").await;
    let account = async |status: &str| {
        let set = format!("UPDATE users SET status = '{status}' WHERE email = '{email}'");
        service.database.execute(&set).await;
    };
    let complete = async || {
        let body = json!({"token": reset, "password": ANOTHER});
        service.anonymous().post("/v1/password-resets/complete", body).await
    };
    let confirm = async || service.anonymous().post("/v1/me/email/confirm", json!({"token": change})).await;
    account("suspended").await;
    complete().await.problem(410, "password_reset_gone");
    confirm().await.problem(410, "email_change_gone");
    // It was nothing else about them.
    account("active").await;
    confirm().await.expect(204);
    let kept = format!("SELECT 1 AS one FROM users WHERE email = '{other}'");
    assert_eq!(service.database.rows(&kept).await.len(), 1);
}

#[tokio::test]
async fn attack_12_asking_for_another_password_tells_nothing_about_the_address() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let ask = async |email: &str| {
        service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202)
    };
    let unknown_address = Service::new_address("nobody");
    let (known, unknown) = (ask(&email).await, ask(&unknown_address).await);
    assert_eq!(known.text, unknown.text);
    let names = |answer: &Answer| -> Vec<String> { answer.headers.keys().map(ToString::to_string).collect() };
    assert_eq!(names(&known), names(&unknown));
    service.token_for(&email, "/password/reset").await;
    service.all_mail_sent().await;
    assert!(service.mails_to(&unknown_address).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_changes_a_password_once_however_many_use_it_at_once() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(&email, "/password/reset").await;
    let complete = |n: usize| {
        let (caller, token) = (service.anonymous(), token.clone());
        async move {
            let body = json!({"token": token, "password": format!("a long password, number {n}")});
            caller.post("/v1/password-resets/complete", body).await.status.as_u16()
        }
    };
    // Anybody may ask for another link meanwhile, which must not make the first one good again.
    let ask = async || {
        for _ in 0..40 {
            service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
        }
    };
    let (statuses, _) = tokio::join!(
        futures_util::future::join_all((0..20).map(complete)),
        futures_util::future::join_all((0..3).map(|_| ask())),
    );
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 204 | 410)), "{statuses:?}");
}

#[tokio::test]
async fn a_password_is_reset_in_a_browser() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(&email, "/password/reset").await;
    let page = service.anonymous().get(&format!("/password/reset?token={token}")).await.expect(200);
    assert!(page.text.contains(&token));
    let submit = async |password: &str| {
        let request = service
            .anonymous()
            .request(reqwest::Method::POST, "/password/reset")
            .header("Origin", service.base());
        Answer::of(request.form(&[("token", token.as_str()), ("password", password)])).await
    };
    assert!(submit("short").await.expect(422).text.contains("at least 15 characters"));
    submit(ANOTHER).await.expect(303);
    submit(PASSWORD).await.expect(410);
    assert!(signs_in_with(&service, &email, ANOTHER).await);
}

#[tokio::test]
async fn asvs_7_5_2_one_s_own_sessions_are_listed_and_ended() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, signed_up) = service.sign_up(&email, "Acme").await;
    let request =
        service.anonymous().request(reqwest::Method::POST, "/v1/sessions").header("User-Agent", "a phone");
    let phone = Answer::of(request.json(&json!({"email": email, "password": PASSWORD}))).await.expect(201);
    let phone = service.anonymous().with_token(phone.text_at("/session/token"));
    let list = grace.get("/v1/sessions").await.expect(200);
    assert_eq!(list.list("data").len(), 2);
    assert!(!list.text.contains("rcs_"), "{}", list.text);
    let of = |current: bool| list.list("data").iter().find(|session| session["current"] == current).unwrap();
    assert_eq!(of(true)["id"], signed_up.body["session"]["id"]);
    assert_eq!((&of(false)["device"], &of(false)["address"]), (&json!("a phone"), &json!("127.0.0.1")));

    let path = format!("/v1/sessions/{}", of(false)["id"].as_str().unwrap());
    // Somebody else's session does not exist, not even for a colleague (attack 1).
    let (eve, _) = service.sign_up(&Service::new_address("eve"), "Evil").await;
    let of_nothing =
        eve.delete("/v1/sessions/sess_01h455vb4pex5vsknk084sn02q").await.problem(404, "not_found");
    let theirs = eve.delete(&path).await.problem(404, "not_found");
    assert_eq!(theirs.without_request_id(), of_nothing.without_request_id());
    phone.get("/v1/session").await.expect(200);
    grace.delete(&path).await.expect(204);
    phone.get("/v1/session").await.problem(401, "unauthenticated");
    grace.delete(&path).await.problem(404, "not_found");

    let (third, fourth) = (service.sign_in(&email).await, service.sign_in(&email).await);
    let fifth = service.sign_in(&email).await;
    let list = third.get("/v1/sessions").await.expect(200);
    let others = list.list("data").iter().filter(|session| session["current"] == false);
    let others: BTreeSet<&str> = others.map(|session| session["id"].as_str().unwrap()).collect();
    let before = told(&service, "session.ended").await.len();
    third.delete("/v1/sessions?others=true").await.expect(204);
    for other in [&grace, &fourth, &fifth] {
        other.get("/v1/session").await.problem(401, "unauthenticated");
    }
    // Each has an event of its own.
    let events = told(&service, "session.ended").await.split_off(before);
    let ended: BTreeSet<&str> = events.iter().map(|event| event["target"]["id"].as_str().unwrap()).collect();
    assert_eq!((ended, others.len(), events.len()), (others, 3, 3));
    for query in ["?others=perhaps", "?others=false", ""] {
        third.delete(&format!("/v1/sessions{query}")).await.invalid("others");
    }
    third.delete("/v1/sessions?others=true&all=true").await.invalid("all");
    third.get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn attack_1_trying_to_end_somebody_else_s_session_leaves_an_event() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let session = team.owner().get("/v1/session").await.expect(200);
    let path = format!("/v1/sessions/{}", session.text_at("/session/id"));
    team.caller("viewer").delete(&path).await.problem(404, "not_found");
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.last(), Some(&("session.ended".to_owned(), "refused".to_owned())));
}

#[tokio::test]
async fn attack_11_one_s_own_sessions_come_in_pages() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    for _ in 0..4 {
        service.clock.advance(Duration::SECOND);
        service.sign_in(&email).await;
    }
    let all = grace.get("/v1/sessions").await.expect(200);
    assert_eq!((all.list("data").len(), &all.body["next_cursor"]), (5, &Value::Null));
    let created: Vec<&str> = all.list("data").iter().map(|own| own["created_at"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|one, next| one >= next), "the newest is not first: {created:?}");
    let (mut paged, mut path) = (Vec::new(), "/v1/sessions?limit=2".to_owned());
    loop {
        let page = grace.get(&path).await.expect(200);
        assert!(page.list("data").len() <= 2);
        paged.extend(page.list("data").clone());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(&paged, all.list("data"));
    for (query, field) in
        [("limit=0", "limit"), ("limit=201", "limit"), ("q=x", "q"), ("limit=2&limit=2", "limit")]
    {
        grace.get(&format!("/v1/sessions?{query}")).await.invalid(field);
    }
    // A cursor is nobody else's.
    let (eve, _) = service.sign_up(&Service::new_address("eve"), "Evil").await;
    eve.get(&path).await.problem(400, "invalid_cursor");
    grace.get("/v1/sessions?cursor=nonsense").await.problem(400, "invalid_cursor");
    // Sessions that are over are not listed.
    service.clock.advance(Duration::hours(23));
    let fresh = service.sign_in(&email).await;
    service.clock.advance(Duration::hours(2));
    assert_eq!(fresh.get("/v1/sessions").await.expect(200).list("data").len(), 1);
}

#[tokio::test]
async fn a_used_link_stays_used_whoever_asks_for_another() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let ask =
        async || service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    ask().await;
    let used = service.token_for(&email, "/password/reset").await;
    ask().await;
    let complete = async |token: &str, password: &str| {
        let body = json!({"token": token, "password": password});
        service.anonymous().post("/v1/password-resets/complete", body).await
    };
    complete(&used, ANOTHER).await.expect(204);
    ask().await;
    complete(&used, PASSWORD).await.problem(410, "password_reset_gone");
    assert!(signs_in_with(&service, &email, ANOTHER).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_in_a_session_that_ends_at_that_moment_is_no_fault_of_ours() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    for _ in 0..20 {
        let ending = service.sign_in(&email).await;
        let proof = json!({"password": PASSWORD});
        let (elevated, ()) = tokio::join!(ending.post("/v1/session/elevate", proof), async {
            grace.delete("/v1/sessions?others=true").await.expect(204);
        });
        assert!(matches!(elevated.status.as_u16(), 200 | 401), "{}", elevated.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_of_a_password_at_once_in_one_session_one_is_made() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let new: Vec<String> = (0..6).map(|n| format!("violet tractors, number {n}")).collect();
    let changes = futures_util::future::join_all(new.iter().map(|new| change(&grace, PASSWORD, new))).await;
    let made: Vec<_> = changes.iter().zip(&new).filter(|(answer, _)| answer.status == 204).collect();
    assert_eq!(made.len(), 1);
    assert!(signs_in_with(&service, &email, made[0].1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_of_a_password_at_once_one_is_made() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let sessions = futures_util::future::join_all((0..8).map(|_| service.sign_in(&email))).await;
    let change = |(n, caller): (usize, Caller)| async move {
        let new = format!("a long password, number {n}");
        (change(&caller, PASSWORD, &new).await.status.as_u16(), new, caller)
    };
    let changes = futures_util::future::join_all(sessions.into_iter().enumerate().map(change)).await;
    let made: Vec<_> = changes.iter().filter(|(status, ..)| *status == 204).collect();
    assert_eq!(made.len(), 1, "{:?}", changes.iter().map(|(status, ..)| status).collect::<Vec<_>>());
    assert!(changes.iter().all(|(status, ..)| *status < 500));
    let (_, password, caller) = made[0];
    assert!(signs_in_with(&service, &email, password).await);
    caller.get("/v1/session").await.expect(200);
}
