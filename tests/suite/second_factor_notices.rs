//! What owners hear of those who guess at their account, and what stays the only factor when a second one is turned off.

use futures_util::future::join_all;
use rollcall_tests::{Answer, Authenticator, Caller, PASSWORD, Service, Team, one_line};
use serde_json::json;

const TRIED: &str = "Somebody tries to sign in to your account";
const GUESSED: &str = "Somebody guesses on a device that is signed in";
const SHORT: &str = "vt7 tra9q";

async fn grace(service: &Service) -> (Caller, String, Authenticator) {
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let (app, _) = service.enrol(&grace).await;
    (grace, email, app)
}

/// How often somebody has heard that their account is guessed at by whoever is signed in to it.
async fn told(service: &Service, email: &str) -> usize {
    heard(service, email, GUESSED).await
}

async fn heard(service: &Service, email: &str, subject: &str) -> usize {
    service.all_mail_sent().await;
    service.mails_to(email).await.iter().filter(|mail| mail["subject"] == subject).count()
}

#[tokio::test]
async fn asvs_6_3_5_the_owner_hears_of_codes_that_are_guessed_in_a_session_in_the_wrong_hands() {
    let service = Service::start().await;
    let (grace, email, app) = grace(&service).await;
    let wrong = json!({"code": app.wrong_code()});
    let guess = async || grace.post("/v1/session/elevate", wrong.clone()).await;
    for n in 1..=100 {
        guess().await.problem(401, "invalid_mfa_code");
        if [9, 10, 79, 80].contains(&n) {
            assert_eq!(told(&service, &email).await, usize::from(n >= 10) + usize::from(n >= 80), "{n}");
        }
    }
    // All that an account can take is used up, and its owner knows.
    guess().await.problem(429, "rate_limited");
    assert_eq!(told(&service, &email).await, 2);
}

#[tokio::test]
async fn asvs_6_3_5_wrong_codes_count_together_wherever_they_are_typed_and_the_tenth_is_told_there() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let begun = grace.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let app = Authenticator::of(begun.text_at("/secret"), &service.clock);
    for n in 1..=10 {
        assert_eq!(told(&service, &email).await, 0, "{n}");
        let confirm = grace.post("/v1/me/mfa/totp/confirm", json!({"code": app.wrong_code()})).await;
        confirm.problem(401, "invalid_mfa_code");
    }
    assert_eq!(told(&service, &email).await, 1);
    // A right one begins a new row, of which the owner hears anew.
    grace.post("/v1/me/mfa/totp/confirm", json!({"code": app.code()})).await.expect(200);
    service.clock.advance(Authenticator::STEP);
    for _ in 0..10 {
        let challenge = service.challenge(&email).await;
        service.second_step(&challenge, "totp", &app.wrong_code()).await.problem(401, "invalid_mfa_code");
    }
    // These came from outside, which is another matter.
    assert_eq!(told(&service, &email).await, 1);
    assert_eq!(heard(&service, &email, TRIED).await, 1);
}

#[tokio::test]
async fn asvs_6_3_5_the_owner_hears_of_passwords_that_are_guessed_in_a_session_in_the_wrong_hands() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let elevate = json!({"password": "a wrong one"});
    let change = json!({"current_password": "a wrong one", "new_password": "another horse, another battery"});
    for n in 1..=10 {
        assert_eq!(told(&service, &email).await, 0, "{n}");
        let (path, body) = match n % 2 {
            0 => ("/v1/me/password", &change),
            _ => ("/v1/session/elevate", &elevate),
        };
        grace.post(path, body.clone()).await.problem(401, "invalid_credentials");
    }
    assert_eq!(told(&service, &email).await, 1);
    assert_eq!(heard(&service, &email, TRIED).await, 0);
    // It says where, when, and how to end that; and nothing of signing in that has failed.
    let mail = service.told(&email, GUESSED).await;
    let text = one_line(&mail);
    for said in [
        "on a device that is signed in to your account",
        "1 March 2026, 09:00 UTC",
        "end all of your sessions",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("did not get in"), "{text}");
}

#[tokio::test]
async fn asvs_6_3_5_an_attempt_that_is_not_looked_at_takes_nobody_s_notice_with_it() {
    let service = Service::start().await;
    let (grace, email, app) = grace(&service).await;
    let wrong = json!({"code": app.wrong_code()});
    for _ in 0..9 {
        grace.post("/v1/session/elevate", wrong.clone()).await.problem(401, "invalid_mfa_code");
    }
    // Nothing waits to be confirmed, so these are counted and then not looked at; in between are wrong codes.
    let confirm = || grace.post("/v1/me/mfa/totp/confirm", wrong.clone());
    let guess = || grace.post("/v1/session/elevate", wrong.clone());
    let both =
        async |n: usize| -> Answer { if n.is_multiple_of(3) { guess().await } else { confirm().await } };
    confirm().await.expect(409);
    assert_eq!(told(&service, &email).await, 0);
    let answers = join_all((0..30).map(both)).await;
    assert_eq!(Answer::count(&answers, 401), 10);
    assert_eq!(told(&service, &email).await, 1);
}

#[tokio::test]
async fn nist_3_1_1_2_a_short_password_opens_nothing_once_its_second_factor_was_turned_off_by_others() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (member, email) = (team.caller("member"), team.email("member"));
    service.enrol(member).await;
    let change = json!({"current_password": PASSWORD, "new_password": SHORT});
    member.post("/v1/me/password", change).await.expect(204);
    let reset = format!("/v1/members/{}/mfa-reset", team.id("member"));
    team.owner().post(&reset, json!({})).await.expect(200);
    let mail = service.told(email, "Your second factor has been turned off").await;
    assert!(one_line(&mail).contains("fewer than 15 characters"), "{mail}");

    let sign_in = async |password: &str| {
        service.anonymous().post("/v1/sessions", json!({"email": email, "password": password})).await
    };
    let before = service.database.rows("SELECT 1 AS one FROM sessions").await.len();
    sign_in(SHORT).await.problem(403, "longer_password_required");
    // Whoever does not know it learns nothing of that.
    sign_in("not the password").await.problem(401, "invalid_credentials");
    assert_eq!(service.database.rows("SELECT 1 AS one FROM sessions").await.len(), before);
    let log = service.audit_log(Some(&team.organization)).await;
    assert!(log.ends_with(&[
        ("session.created".to_owned(), "refused".to_owned()),
        ("session.created".to_owned(), "refused".to_owned())
    ]));

    // The mailbox is the way to a longer one, and to nothing shorter.
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(email, "/password/reset").await;
    let complete = async |password: &str| {
        let body = json!({"token": token, "password": password});
        service.anonymous().post("/v1/password-resets/complete", body).await
    };
    complete(SHORT).await.invalid("password");
    complete("another horse, another battery").await.expect(204);
    sign_in("another horse, another battery").await.expect(201);
}

#[tokio::test]
async fn nist_3_1_1_2_a_short_password_opens_no_page_of_an_invitation_after_the_operator_s_reset() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let (member, email) = (team.caller("member"), team.email("member"));
    service.enrol(member).await;
    let change = json!({"current_password": PASSWORD, "new_password": SHORT});
    member.post("/v1/me/password", change).await.expect(204);
    service.reset_mfa(team.id("member")).await.unwrap();
    service.told(email, "Your second factor has been turned off").await;
    let (_, token) = service.invite(other.owner(), email, "viewer").await;
    let form = [("token", token.as_str()), ("password", SHORT)];
    let page = crate::pages::submit(&service, "/invitations/accept", &form).await.expect(403);
    assert!(page.text.contains("Choose a longer password first"), "{}", page.text);
    // A long one lets in as ever.
    let (viewer, email) = (team.caller("viewer"), team.email("viewer"));
    service.enrol(viewer).await;
    service.reset_mfa(team.id("viewer")).await.unwrap();
    service.sign_in(email).await;
}

#[tokio::test]
async fn whoever_signs_in_with_a_passkey_is_told_by_the_page_of_an_invitation_how() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    let (member, email) = (team.caller("member"), team.email("member"));
    let (_, added) = crate::passkeys::enrolled(&service, member).await;
    let code = added.list("recovery_codes")[0].as_str().unwrap();
    let (_, token) = service.invite(other.owner(), email, "viewer").await;
    let link = format!("/invitations/accept?token={token}");
    let page = service.anonymous().get(&link).await.expect(200);
    assert!(page.text.contains("Do you sign in with a passkey?"), "{}", page.text);
    // What it says holds.
    let form = [("token", token.as_str()), ("password", PASSWORD)];
    let page = crate::pages::submit(&service, "/invitations/accept", &form).await.expect(422);
    assert!(page.text.contains("a code is needed"), "{}", page.text);
    let form = [("token", token.as_str()), ("password", PASSWORD), ("code", code)];
    crate::pages::submit(&service, "/invitations/accept", &form).await.expect(303);
    // A newcomer has no passkey yet.
    let (_, token) = service.invite(other.owner(), &Service::new_address("new"), "viewer").await;
    let page = service.anonymous().get(&format!("/invitations/accept?token={token}")).await.expect(200);
    assert!(!page.text.contains("passkey"), "{}", page.text);
}

#[tokio::test]
async fn what_is_given_beside_the_method_s_own_proof_is_named_and_nothing_is_used_up() {
    let service = Service::start().await;
    let (_, email, app) = grace(&service).await;
    let challenge = service.challenge(&email).await;
    let answer = async |method: &str, code: Option<&str>, credential: Option<serde_json::Value>| {
        let body = json!({"challenge": challenge, "method": method, "code": code, "credential": credential});
        service.anonymous().post("/v1/sessions/mfa", body).await
    };
    let code = app.code();
    answer("totp", Some(&code), Some(json!({}))).await.invalid("credential");
    answer("totp", None, Some(json!({}))).await.invalid("credential");
    answer("recovery_code", Some("0"), Some(json!({"id": "x"}))).await.invalid("credential");
    answer("passkey", Some(&code), Some(json!({}))).await.invalid("code");
    answer("passkey", Some(&code), None).await.invalid("code");
    answer("passkey", None, None).await.invalid("credential");
    answer("totp", None, None).await.invalid("code");
    answer("totp", Some(&code), None).await.expect(201);
}

#[tokio::test]
async fn second_factors_are_shown_with_a_tag_that_changes_with_them() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let shown = async |tag: &str| {
        Answer::of(grace.request(reqwest::Method::GET, "/v1/me/mfa").header("if-none-match", tag)).await
    };
    let before = shown("\"another\"").await.expect(200);
    let tag = before.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 10, "{tag}");
    let same = shown(&tag).await.expect(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()));
    service.enrol(&grace).await;
    let after = shown(&tag).await.expect(200);
    assert_ne!(after.header("etag"), tag);
    assert_eq!(after.body["totp"]["enabled"], true);
}

#[tokio::test]
async fn signing_in_with_a_passkey_is_asked_for_without_a_body_as_well() {
    let service = Service::start().await;
    let path = "/v1/sessions/passkey/options";
    let bare = service.anonymous().request(reqwest::Method::POST, path);
    let bare = Answer::of(bare).await.expect(200);
    let empty = service.anonymous().post(path, json!({})).await.expect(200);
    for asked in [&bare, &empty] {
        assert_eq!(asked.body["publicKey"]["userVerification"], "required");
        assert_eq!(asked.body["publicKey"]["allowCredentials"], json!([]));
    }
    let request = service.anonymous().request(reqwest::Method::POST, path);
    Answer::of(request.body("{}")).await.problem(415, "unsupported_media_type");
    service.anonymous().post(path, json!({"user_id": "x"})).await.invalid("user_id");
}
