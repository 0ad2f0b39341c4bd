//! Signing up, and one's own account.

use rollcall_tests::{PASSWORD, Service, until};
use serde_json::json;
use time::Duration;

#[tokio::test]
async fn signing_up_makes_account_organization_and_owner_in_one_step() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, answer) = service.sign_up(&email, "Acme Voice").await;
    assert_eq!(answer.body["user"]["email"], email);
    assert_eq!(answer.body["organization"]["name"], "Acme Voice");
    assert_eq!(answer.body["organization"]["plan"], "free");
    assert!(answer.text_at("/organization/slug").starts_with("acme-voice-"));
    let session = grace.get("/v1/session").await.expect(200);
    assert_eq!(session.body["role"], "owner");
    assert_eq!(session.body["session"]["token"], json!(null));
    assert_eq!(session.body["organization"], answer.body["organization"]);
    let events = service.audit_log(Some(answer.text_at("/organization/id"))).await;
    let actions: Vec<&str> = events.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["account.created", "organization.created", "member.added", "session.created"]);
}

#[tokio::test]
async fn nothing_is_made_for_an_address_that_nobody_has_confirmed() {
    let service = Service::start().await;
    let email = Service::new_address("squatter");
    let signup = json!({"email": email, "name": "Eve", "organization_name": "Evil"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    for table in ["users", "organizations", "members", "sessions"] {
        assert!(service.database.rows(&format!("SELECT 1 AS one FROM {table}")).await.is_empty(), "{table}");
    }
}

#[tokio::test]
async fn attack_12_signing_up_with_a_known_address_is_answered_alike_and_tells_its_owner() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    // The address in another spelling; its owner gets the mail at the spelling that is stored (attack 16).
    let shouted = email.to_uppercase();
    let signup = json!({"email": shouted, "name": "Eve", "organization_name": "Evil"});
    let known = service.anonymous().post("/v1/signup", signup).await.expect(202);
    let signup = json!({"email": Service::new_address("new"), "name": "Eve", "organization_name": "Evil"});
    let unknown = service.anonymous().post("/v1/signup", signup).await.expect(202);
    assert_eq!(known.text, unknown.text);
    let names = |answer: &rollcall_tests::Answer| -> Vec<String> {
        answer.headers.keys().map(ToString::to_string).collect()
    };
    assert_eq!(names(&known), names(&unknown));
    let told = until("the owner is told", async || {
        let mail = service.mail_to(&email).await;
        (mail["subject"] == "You already have an account").then_some(mail)
    })
    .await;
    assert_eq!(told["links"], json!([]));
    assert_eq!(told["to"], email);
}

#[tokio::test]
async fn a_sign_up_link_works_once_and_for_a_day() {
    let service = Service::start().await;
    let email = Service::new_address("late");
    let signup = json!({"email": email, "name": "Late", "organization_name": "Late"});
    service.anonymous().post("/v1/signup", signup.clone()).await.expect(202);
    let token = service.mailed_token(&email).await;
    let complete = json!({"token": token, "password": PASSWORD});
    service.clock.advance(Duration::hours(24));
    service.anonymous().post("/v1/signup/complete", complete).await.problem(410, "signup_gone");

    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let newer = until("a newer link", async || {
        Some(service.mailed_token(&email).await).filter(|newer| *newer != token)
    })
    .await;
    let complete = json!({"token": newer, "password": PASSWORD});
    service.anonymous().post("/v1/signup/complete", complete.clone()).await.expect(201);
    service.anonymous().post("/v1/signup/complete", complete).await.problem(410, "signup_gone");
}

#[tokio::test]
async fn one_address_gets_only_so_many_sign_up_mails() {
    let service =
        Service::start_with(&[("limits.enabled", "true"), ("limits.signups_per_address", "2")]).await;
    let email = Service::new_address("bombed");
    let signup = json!({"email": email, "name": "Eve", "organization_name": "Evil"});
    for _ in 0..5 {
        service.anonymous().post("/v1/signup", signup.clone()).await.expect(202);
    }
    service.all_mail_sent().await;
    assert_eq!(service.mails_to(&email).await.len(), 2);
    service.clock.advance(Duration::hours(1));
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    until("a third mail", async || (service.mails_to(&email).await.len() == 3).then_some(())).await;
}

#[tokio::test]
async fn one_s_own_account_is_shown_and_changed() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let before = grace.get("/v1/me").await.expect(200);
    assert_eq!((before.text_at("/locale"), before.text_at("/time_zone")), ("en", "UTC"));
    assert_eq!(before.body["mfa_enabled"], false);
    let changed = grace
        .patch("/v1/me", json!({"name": "Grace B. Hopper", "time_zone": "America/New_York"}))
        .await
        .expect(200);
    assert_eq!(changed.text_at("/name"), "Grace B. Hopper");
    assert_eq!(grace.get("/v1/me").await.expect(200).body, changed.body);
    assert_ne!(changed.header("etag"), before.header("etag"));
    for (field, value) in [("name", " "), ("locale", "english"), ("time_zone", "New York")] {
        grace.patch("/v1/me", json!({field: value})).await.invalid(field);
    }
}

#[tokio::test]
async fn attack_17_fields_that_are_not_one_s_to_set_are_refused() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let before = grace.get("/v1/me").await.expect(200);
    for field in ["id", "email", "created_at", "mfa_enabled", "role", "org_id", "status", "version", "Name"] {
        grace.patch("/v1/me", json!({field: "x", "name": "Changed"})).await.invalid(field);
    }
    assert_eq!(grace.get("/v1/me").await.expect(200).body, before.body);
}

#[tokio::test]
async fn two_spellings_of_an_address_are_one_account() {
    let service = Service::start().await;
    let email = format!("Zoë.{}", Service::new_address("bücher"));
    service.sign_up(&email, "Acme").await;
    for spelling in [
        email.to_uppercase(),
        email.replace("Zoë", "Zoe\u{308}"),
        email.replace("example.com", "EXAMPLE.com"),
    ] {
        let answer = service
            .anonymous()
            .post("/v1/sessions", json!({"email": spelling, "password": PASSWORD}))
            .await
            .expect(201);
        assert_eq!(answer.text_at("/user/email"), email);
    }
    for other in [email.replace("Zoë", "Zoe"), email.replace('@', "+x@")] {
        let answer =
            service.anonymous().post("/v1/sessions", json!({"email": other, "password": PASSWORD})).await;
        answer.problem(401, "invalid_credentials");
    }
}
