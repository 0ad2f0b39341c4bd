//! Another address for an account.

use futures_util::future::join_all;
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

const PAGE: &str = "/me/email/confirm";
const CONFIRM_SUBJECT: &str = "Confirm your new address";

async fn ask(caller: &Caller, email: &str) -> Answer {
    caller.post("/v1/me/email", json!({"new_email": email})).await
}

async fn confirm(service: &Service, token: &str) -> Answer {
    service.anonymous().post("/v1/me/email/confirm", json!({"token": token})).await
}

async fn signs_in(service: &Service, email: &str) -> bool {
    let body = json!({"email": email, "password": PASSWORD});
    service.anonymous().post("/v1/sessions", body).await.status == 201
}

/// Somebody with an account who has asked for another address: they, the address, the other one, and the token.
async fn asked(service: &Service) -> (Caller, String, String, String) {
    let (old, new) = (Service::new_address("grace"), Service::new_address("hopper"));
    let (grace, _) = service.sign_up(&old, "Acme").await;
    ask(&grace, &new).await.expect(202);
    let token = service.token_for(&new, PAGE).await;
    (grace, old, new, token)
}

#[tokio::test]
async fn asvs_6_3_7_an_address_changes_once_it_is_confirmed_and_both_addresses_are_told() {
    let service = Service::start().await;
    let old = Service::new_address("grace");
    let new = format!("Grace.{}", Service::new_address("hopper"));
    let (grace, signed_up) = service.sign_up(&old, "Acme").await;
    let other = service.sign_in(&old).await;
    let answer = ask(&grace, &new).await.expect(202);
    assert_eq!(answer.body, json!({"status": "verification_sent"}));
    assert_eq!(service.told(&old, "A new address for your account").await["links"], json!([]));
    let token = service.token_for(&new, PAGE).await;
    let before = grace.get("/v1/me").await.expect(200);
    assert_eq!(before.text_at("/email"), old);
    assert!(signs_in(&service, &old).await && !signs_in(&service, &new).await);

    confirm(&service, &token).await.expect(204);
    let after = grace.get("/v1/me").await.expect(200);
    assert_eq!(after.text_at("/email"), new);
    assert_ne!(after.header("etag"), before.header("etag"));
    // ASVS 7.4.3: the session that asked stays, the others end.
    other.get("/v1/session").await.problem(401, "unauthenticated");
    assert!(!signs_in(&service, &old).await && signs_in(&service, &new.to_uppercase()).await);
    for email in [&old, &new] {
        service.told(email, "Your address has been changed").await;
    }
    confirm(&service, &token).await.problem(410, "email_change_gone");
    // Whom the notices went to is not kept any longer.
    service.all_mail_sent().await;
    assert!(service.database.rows("SELECT 1 AS one FROM notices").await.is_empty());
    let log = service.audit_log(Some(signed_up.text_at("/organization/id"))).await;
    assert!(log.contains(&("account.email_change_requested".to_owned(), "success".to_owned())), "{log:?}");
    let log = service.audit_log(None).await;
    assert!(log.contains(&("account.email_changed".to_owned(), "success".to_owned())), "{log:?}");
}

#[tokio::test]
async fn asvs_7_5_1_asking_for_another_address_needs_a_fresh_proof_and_a_good_address() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    let (grace, signed_up) = service.sign_up(&email, "Acme").await;
    for wrong in
        [json!("nonsense"), json!(""), json!(5), json!(email.to_uppercase()), json!("a\u{200b}@example.com")]
    {
        grace.post("/v1/me/email", json!({"new_email": wrong})).await.invalid("new_email");
    }
    grace.post("/v1/me/email", json!({"new_email": "x@example.com", "email": "x"})).await.invalid("email");
    confirm(&service, "nonsense").await.problem(410, "email_change_gone");
    service.clock.advance(Duration::minutes(10));
    ask(&grace, &Service::new_address("hopper")).await.problem(403, "elevation_required");
    let log = service.audit_log(Some(signed_up.text_at("/organization/id"))).await;
    assert_eq!(log.last(), Some(&("account.email_change_requested".to_owned(), "refused".to_owned())));
}

#[tokio::test]
async fn attack_12_whether_the_new_address_has_an_account_is_told_to_that_account_only() {
    let service = Service::start().await;
    let taken = Service::new_address("ada");
    service.sign_up(&taken, "Analytical").await;
    let (eve, _) = service.sign_up(&Service::new_address("eve"), "Evil").await;
    let unknown = ask(&eve, &Service::new_address("nobody")).await.expect(202);
    let known = ask(&eve, &taken.to_uppercase()).await.expect(202);
    assert_eq!(known.text, unknown.text);
    let names = |answer: &Answer| -> Vec<String> { answer.headers.keys().map(ToString::to_string).collect() };
    assert_eq!(names(&known), names(&unknown));
    // At the address as the account has it (attack 16), and with nothing that could give it away.
    let told = service.told(&taken, "This address already has an account").await;
    assert_eq!(told["links"], json!([]));
    service.all_mail_sent().await;
    assert!(service.mails_to(&taken.to_uppercase()).await.is_empty());
    let tokens =
        service.database.rows("SELECT 1 AS one FROM email_changes WHERE token_hash IS NOT NULL").await;
    assert!(tokens.is_empty(), "only the latest request could have one, and its address has an account");
}

#[tokio::test]
async fn an_address_that_has_got_an_account_in_the_meantime_is_not_taken_over() {
    let service = Service::start().await;
    let (grace, old, new, token) = asked(&service).await;
    let signup = json!({"email": new, "name": "Hopper", "organization_name": "Navy"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let complete = json!({"token": service.token_for(&new, "/signup/complete").await, "password": PASSWORD});
    let hopper = service.anonymous().post("/v1/signup/complete", complete).await.expect(201);
    let hopper = service.anonymous().with_token(hopper.text_at("/session/token"));
    confirm(&service, &token).await.problem(410, "email_change_gone");
    assert_eq!(grace.get("/v1/me").await.expect(200).text_at("/email"), old);
    assert_eq!(hopper.get("/v1/me").await.expect(200).text_at("/email"), new);
}

#[tokio::test]
async fn a_link_works_for_an_hour_the_latest_wins_and_another_password_takes_it_back() {
    let service = Service::start().await;
    let (grace, old, new, first) = asked(&service).await;
    ask(&grace, &new).await.expect(202);
    let second = until("a newer link", async || {
        Some(service.token_for(&new, PAGE).await).filter(|newer| *newer != first)
    })
    .await;
    confirm(&service, &first).await.problem(410, "email_change_gone");
    service.clock.advance(Duration::hours(1));
    confirm(&service, &second).await.problem(410, "email_change_gone");

    // Whoever has got at a session and asked for an address of their own does not get the account by it.
    let thief = Service::new_address("thief");
    let another = "another horse, another battery";
    for reset in [true, false] {
        let session = service.sign_in(&old).await;
        let before = service.mails_to(&thief).await.len();
        ask(&session, &thief).await.expect(202);
        until("a link", async || (service.mails_to(&thief).await.len() > before).then_some(())).await;
        let stolen = service.token_for(&thief, PAGE).await;
        if reset {
            service.anonymous().post("/v1/password-resets", json!({"email": old})).await.expect(202);
            let body =
                json!({"token": service.token_for(&old, "/password/reset").await, "password": PASSWORD});
            service.anonymous().post("/v1/password-resets/complete", body).await.expect(204);
        } else {
            let body = json!({"current_password": PASSWORD, "new_password": another});
            session.post("/v1/me/password", body).await.expect(204);
        }
        confirm(&service, &stolen).await.problem(410, "email_change_gone");
    }
    let body = json!({"email": old, "password": another});
    service.anonymous().post("/v1/sessions", body).await.expect(201);
}

#[tokio::test]
async fn whoever_ends_a_stranger_s_session_ends_its_change_of_address_too() {
    let service = Service::start().await;
    let (_, old, _, token) = asked(&service).await;
    service.sign_in(&old).await.delete("/v1/sessions?others=true").await.expect(204);
    confirm(&service, &token).await.problem(410, "email_change_gone");
    assert!(signs_in(&service, &old).await);
}

#[tokio::test]
async fn a_change_of_address_falls_with_all_other_sessions_though_the_one_that_asked_has_signed_out() {
    let service = Service::start().await;
    let (thief, old, _, token) = asked(&service).await;
    thief.delete("/v1/session").await.expect(204);
    let owner = service.sign_in(&old).await;
    let taken_back = async || {
        let log = service.audit_log(None).await;
        log.iter().filter(|event| **event == ("account.updated".to_owned(), "success".to_owned())).count()
    };
    // The second time there is nothing left to take back.
    for _ in 0..2 {
        owner.delete("/v1/sessions?others=true").await.expect(204);
        assert_eq!(taken_back().await, 1);
    }
    confirm(&service, &token).await.problem(410, "email_change_gone");
    assert!(signs_in(&service, &old).await);
}

#[tokio::test]
async fn what_waits_for_either_address_falls_with_the_change() {
    let service = Service::start().await;
    let (_, old, new, token) = asked(&service).await;
    let signup = json!({"email": new, "name": "Eve", "organization_name": "Evil"});
    service.anonymous().post("/v1/signup", signup).await.expect(202);
    let sign_up_token = service.token_for(&new, "/signup/complete").await;
    service.anonymous().post("/v1/password-resets", json!({"email": old})).await.expect(202);
    let reset_token = service.token_for(&old, "/password/reset").await;
    let (eve, _) = service.sign_up(&Service::new_address("eve"), "Evil").await;
    ask(&eve, &new).await.expect(202);
    let others_token = until("the other one's link", async || {
        Some(service.token_for(&new, PAGE).await).filter(|newer| *newer != token)
    })
    .await;

    confirm(&service, &token).await.expect(204);
    let complete = json!({"token": sign_up_token, "password": PASSWORD});
    service.anonymous().post("/v1/signup/complete", complete).await.problem(410, "signup_gone");
    let complete = json!({"token": reset_token, "password": PASSWORD});
    service
        .anonymous()
        .post("/v1/password-resets/complete", complete)
        .await
        .problem(410, "password_reset_gone");
    confirm(&service, &others_token).await.problem(410, "email_change_gone");
    for table in ["signups", "password_resets"] {
        assert!(service.database.rows(&format!("SELECT 1 AS one FROM {table}")).await.is_empty(), "{table}");
    }
    // The old address is anybody's who reads its mail.
    service.sign_up(&old, "Anew").await;
}

#[tokio::test]
async fn attack_4_an_invitation_stays_with_the_address_it_was_sent_to() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (grace, old, _, token) = asked(&service).await;
    let (_, invitation) = service.invite(team.owner(), &old, "viewer").await;
    confirm(&service, &token).await.expect(204);
    let preview =
        service.anonymous().post("/v1/invitations/preview", json!({"token": invitation})).await.expect(200);
    assert_eq!(preview.body["account_exists"], false);
    grace.post("/v1/invitations/accept", json!({"token": invitation})).await.problem(403, "wrong_account");
}

#[tokio::test]
async fn one_account_causes_only_so_many_mails_about_another_address() {
    let service =
        Service::start_with(&[("limits.enabled", "true"), ("limits.email_changes_per_account", "2")]).await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    for _ in 0..2 {
        ask(&grace, &Service::new_address("bombed")).await.expect(202);
    }
    let limited = ask(&grace, &Service::new_address("bombed")).await.problem(429, "rate_limited");
    assert!(limited.header("retry-after").parse::<u64>().unwrap() > 0);
    service.clock.advance(Duration::hours(1));
    grace.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    ask(&grace, &Service::new_address("bombed")).await.expect(202);
}

#[tokio::test]
async fn an_address_is_confirmed_in_a_browser() {
    let service = Service::start().await;
    let (grace, _, new, token) = asked(&service).await;
    for _ in 0..2 {
        let page = service.anonymous().get(&format!("{PAGE}?token={token}")).await.expect(200);
        assert!(page.text.contains(&token) && page.header("referrer-policy") == "no-referrer");
    }
    let submit = async || {
        let request =
            service.anonymous().request(reqwest::Method::POST, PAGE).header("Origin", service.base());
        Answer::of(request.form(&[("token", token.as_str())])).await
    };
    let done = submit().await.expect(303);
    assert_eq!(done.header("location"), "/me/email/confirm/done");
    let notice = done.header("set-cookie").split(';').next().unwrap();
    let said = service.anonymous().request(reqwest::Method::GET, done.header("location"));
    let said = Answer::of(said.header("Cookie", notice)).await.expect(200);
    assert!(said.text.contains("Sign in with the new address from now on."), "{}", said.text);
    submit().await.expect(410);
    assert_eq!(grace.get("/v1/me").await.expect(200).text_at("/email"), new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_want_one_address_at_once_one_gets_it() {
    let service = Service::start().await;
    for round in 0..5 {
        let wanted = Service::new_address(&format!("wanted{round}"));
        let mut tokens: Vec<String> = Vec::new();
        for n in 0..3 {
            let (caller, _) = service.sign_up(&Service::new_address(&format!("r{round}n{n}")), "Acme").await;
            ask(&caller, &wanted).await.expect(202);
            let token = until("the next link", async || {
                Some(service.token_for(&wanted, PAGE).await).filter(|token| !tokens.contains(token))
            })
            .await;
            tokens.push(token);
        }
        let signup = json!({"email": wanted, "name": "Newcomer", "organization_name": "New"});
        service.anonymous().post("/v1/signup", signup).await.expect(202);
        let complete =
            json!({"token": service.token_for(&wanted, "/signup/complete").await, "password": PASSWORD});
        // Each token ten times, against somebody who signs up with the address.
        let newcomer = service.anonymous();
        let confirmations =
            join_all(tokens.iter().flat_map(|token| [token; 10]).map(|token| confirm(&service, token)));
        let (confirmed, signed_up) =
            tokio::join!(confirmations, newcomer.post("/v1/signup/complete", complete));
        let statuses: Vec<u16> =
            confirmed.iter().chain([&signed_up]).map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses.iter().filter(|status| **status < 300).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 204 | 401 | 410)), "{statuses:?}");
        let owners: Vec<Value> =
            service.database.rows(&format!("SELECT user_id FROM users WHERE email = '{wanted}'")).await;
        assert_eq!(owners.len(), 1);
        let subject = CONFIRM_SUBJECT;
        assert!(service.mails_to(&wanted).await.iter().any(|mail| mail["subject"] == subject));
    }
}
