//! Passkeys under attack: each answer here would be right, were it not for one thing (attacks 24, 25 and 29).

use rollcall_tests::{Answer, Caller, PASSWORD, SecurityKey, Service};
use serde_json::{Value, json};

use super::passkeys::{add, asked, asked_to_sign_in, challenge, enrolled, sign_in, sign_in_with};

/// Signs somebody up who has a passkey.
async fn with_passkey(service: &Service, name: &str) -> (Caller, SecurityKey, String, String) {
    let email = Service::new_address(name);
    let (caller, answer) = service.sign_up(&email, "Acme").await;
    let (device, _) = enrolled(service, &caller).await;
    (caller, device, email, answer.text_at("/organization/id").to_owned())
}

/// What is done to a device.
type Tampering = (&'static str, fn(&mut SecurityKey));

const TAMPERINGS: [Tampering; 6] = [
    ("another origin", |device| device.origin = "https://evil.example".to_owned()),
    ("a subdomain", |device| device.origin = device.origin.replace("localhost", "evil.localhost")),
    ("another port", |device| device.origin = "http://localhost:1".to_owned()),
    ("another domain", |device| device.rp_id = Some("evil.example".to_owned())),
    ("nobody verified", |device| device.verifies = false),
    ("backed up without being eligible", |device| device.backup = (false, true)),
];

#[tokio::test]
async fn attack_25_an_answer_from_elsewhere_or_of_nobody_verified_signs_nobody_in() {
    let service = Service::start().await;
    let (_, mut device, _, organization) = with_passkey(&service, "grace").await;
    for (what, tamper) in TAMPERINGS {
        let mut tampered = device.clone();
        tamper(&mut tampered);
        let answer = sign_in_with(&service, &mut tampered).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        answer.problem(401, "invalid_credentials");
    }
    let refused = ("session.created".to_owned(), "refused".to_owned());
    let log = service.audit_log(Some(&organization)).await;
    assert_eq!(log.iter().filter(|entry| **entry == refused).count(), TAMPERINGS.len(), "{log:?}");
    // The device itself is as good as before.
    sign_in_with(&service, &mut device).await.expect(201);
}

#[tokio::test]
async fn attack_25_a_passkey_from_elsewhere_or_of_nobody_verified_is_not_added() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    for (what, tamper) in TAMPERINGS {
        let mut device = SecurityKey::new(&service.base());
        tamper(&mut device);
        let answer = add(&grace, device.create(&asked(&grace).await)).await;
        assert_eq!(answer.status, 422, "{what}: {}", answer.text);
        answer.invalid("credential");
    }
    for nonsense in
        [json!({}), json!({"rawId": "AA"}), json!({"rawId": "AA", "response": {"clientDataJSON": "e30"}})]
    {
        add(&grace, nonsense).await.invalid("credential");
    }
    assert_eq!(grace.get("/v1/me").await.expect(200).body["mfa_enabled"], false);
}

#[tokio::test]
async fn attack_25_a_challenge_is_over_with_its_first_answer_right_or_wrong() {
    let service = Service::start().await;
    let (grace, mut device, _, _) = with_passkey(&service, "grace").await;
    let asked_once = asked_to_sign_in(&service, json!({})).await;
    let right = device.get(&asked_once);
    sign_in(&service, right.clone()).await.expect(201);
    sign_in(&service, right).await.problem(401, "invalid_credentials");
    sign_in(&service, device.get(&asked_once)).await.problem(401, "invalid_credentials");
    let asked_once = asked_to_sign_in(&service, json!({})).await;
    let mut wrong = device.get(&asked_once);
    wrong["response"]["signature"] = json!("AAAA");
    sign_in(&service, wrong).await.problem(401, "invalid_credentials");
    sign_in(&service, device.get(&asked_once)).await.problem(401, "invalid_credentials");
    // Of two who bring one answer at once, one gets in.
    let asked_once = asked_to_sign_in(&service, json!({})).await;
    let right = device.get(&asked_once);
    let answers = futures_util::future::join_all((0..6).map(|_| sign_in(&service, right.clone()))).await;
    assert_eq!(Answer::count(&answers, 201), 1);
    let options = asked(&grace).await;
    let mut another = SecurityKey::new(&service.base());
    add(&grace, another.create(&options)).await.expect(201);
    add(&grace, SecurityKey::new(&service.base()).create(&options)).await.invalid("credential");
    add(&grace, another.create(&asked(&grace).await)).await.problem(409, "passkey_exists");
}

#[tokio::test]
async fn attack_25_a_copy_of_a_device_is_noticed_and_refused() {
    let service = Service::start().await;
    let (_, mut device, _, organization) = with_passkey(&service, "grace").await;
    let mut copy = device.clone();
    sign_in_with(&service, &mut device).await.expect(201);
    sign_in_with(&service, &mut copy).await.problem(401, "invalid_credentials");
    let log = service.audit_log(Some(&organization)).await;
    assert!(log.contains(&("passkey.counter_regressed".to_owned(), "success".to_owned())), "{log:?}");
    // A counter that is not shown any more is no better.
    let mut silent = device.clone();
    silent.counter = None;
    sign_in_with(&service, &mut silent).await.problem(401, "invalid_credentials");
    sign_in_with(&service, &mut device).await.expect(201);
    // Two that show one counter at once.
    let mut copy = device.clone();
    let (one, other) =
        (asked_to_sign_in(&service, json!({})).await, asked_to_sign_in(&service, json!({})).await);
    let (one, other) = (device.get(&one), copy.get(&other));
    let (one, other) = tokio::join!(sign_in(&service, one), sign_in(&service, other));
    assert_eq!(
        [&one, &other].iter().filter(|answer| answer.status == 201).count(),
        1,
        "{} {}",
        one.text,
        other.text
    );
}

#[tokio::test]
async fn attack_25_a_passkey_that_may_be_kept_elsewhere_all_of_a_sudden_is_refused() {
    let service = Service::start().await;
    let (_, mut device, _, _) = with_passkey(&service, "grace").await;
    device.backup = (true, false);
    sign_in_with(&service, &mut device).await.problem(401, "invalid_credentials");
    device.backup = (false, false);
    sign_in_with(&service, &mut device).await.expect(201);
}

#[tokio::test]
async fn attack_24_an_answer_is_good_for_what_was_asked_and_nothing_else() {
    let service = Service::start().await;
    let (grace, mut device, email, _) = with_passkey(&service, "grace").await;
    let (ada, mut hers, her_email, _) = with_passkey(&service, "ada").await;
    let elevation =
        async |caller: &Caller| caller.post("/v1/session/elevate/options", json!({})).await.expect(200).body;
    let elevate = async |caller: &Caller, credential: Value| {
        caller.post("/v1/session/elevate", json!({"credential": credential})).await
    };
    // A fresh proof signs nobody in, and the other way round.
    sign_in(&service, device.get(&elevation(&grace).await)).await.problem(401, "invalid_credentials");
    let to_sign_in = asked_to_sign_in(&service, json!({})).await;
    elevate(&grace, device.get(&to_sign_in)).await.problem(401, "invalid_credentials");
    // Another session of the same account, and another account.
    let answer = sign_in_with(&service, &mut device).await.expect(201);
    let other_session = grace.with_token(answer.text_at("/session/token"));
    elevate(&other_session, device.get(&elevation(&grace).await)).await.problem(401, "invalid_credentials");
    elevate(&ada, device.get(&elevation(&grace).await)).await.problem(401, "invalid_credentials");
    elevate(&grace, hers.get(&elevation(&grace).await)).await.problem(401, "invalid_credentials");
    elevate(&grace, device.get(&elevation(&grace).await)).await.expect(200);
    // What was asked in one session adds no passkey in another.
    let options = asked(&grace).await;
    for caller in [&other_session, &ada] {
        add(caller, SecurityKey::new(&service.base()).create(&options)).await.invalid("credential");
    }
    // The second step of one sign-in is not that of another.
    let (mine, hers_too) = (challenge(&service, &email).await, challenge(&service, &her_email).await);
    let again = challenge(&service, &email).await;
    let step = async |challenge: &str, credential: Value| {
        let body = json!({"challenge": challenge, "method": "passkey", "credential": credential});
        service.anonymous().post("/v1/sessions/mfa", body).await
    };
    let for_mine =
        async || asked_to_sign_in(&service, json!({"challenge": mine.text_at("/challenge")})).await;
    for wrong in [again.text_at("/challenge"), hers_too.text_at("/challenge")] {
        step(wrong, device.get(&for_mine().await)).await.problem(401, "invalid_mfa_code");
    }
    sign_in(&service, device.get(&for_mine().await)).await.problem(401, "invalid_credentials");
    let refused = step(mine.text_at("/challenge"), hers.get(&for_mine().await)).await;
    let refused = refused.problem(401, "invalid_mfa_code");
    // A passkey is no code, and is not spoken of as one.
    let told = [refused.text_at("/title"), refused.text_at("/detail")].join(" ");
    assert!(told.contains("passkey") && !told.contains("code"), "{told}");
    let other_kind = asked_to_sign_in(&service, json!({})).await;
    step(mine.text_at("/challenge"), device.get(&other_kind)).await.problem(401, "invalid_mfa_code");
    step(mine.text_at("/challenge"), device.get(&for_mine().await)).await.expect(201);
}

#[tokio::test]
async fn attack_12_unknown_suspended_and_misnamed_passkeys_are_answered_alike() {
    let service = Service::start().await;
    let (_, mut device, email, _) = with_passkey(&service, "grace").await;
    let (_, ada, _, _) = with_passkey(&service, "ada").await;
    let mut unknown = SecurityKey::new(&service.base());
    let mut answers = vec![sign_in_with(&service, &mut unknown).await];
    // Without a name it might be anybody's; with another's name it is somebody else's.
    let mut misnamed = device.clone();
    for handle in [Vec::new(), vec![7], vec![7; 16], ada.user()] {
        misnamed.handle = Some(handle);
        answers.push(sign_in_with(&service, &mut misnamed).await);
    }
    let mut again = device.clone();
    service.database.execute(&format!("UPDATE users SET status = 'suspended' WHERE email = '{email}'")).await;
    answers.push(sign_in_with(&service, &mut again).await);
    for answer in &answers {
        assert_eq!(
            answer.clone().problem(401, "invalid_credentials").without_request_id(),
            answers[0].without_request_id()
        );
    }
    service.database.execute(&format!("UPDATE users SET status = 'active' WHERE email = '{email}'")).await;
    device.counter = again.counter;
    sign_in_with(&service, &mut device).await.expect(201);
}

#[tokio::test]
async fn attack_25_a_password_alone_opens_nothing_where_there_is_a_passkey() {
    let service = Service::start().await;
    let (grace, mut device, email, _) = with_passkey(&service, "grace").await;
    let challenged = challenge(&service, &email).await;
    assert_eq!(challenged.body["status"], "mfa_required");
    // Nor does another password, chosen by mail.
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(&email, "/password/reset").await;
    let reset = json!({"token": token, "password": "another horse, another battery"});
    service.anonymous().post("/v1/password-resets/complete", reset).await.expect(204);
    grace.get("/v1/session").await.problem(401, "unauthenticated");
    let body = json!({"email": email, "password": "another horse, another battery"});
    let challenged = service.anonymous().post("/v1/sessions", body).await.expect(200);
    assert_eq!(challenged.body["status"], "mfa_required");
    let body = json!({"email": email, "password": PASSWORD});
    service.anonymous().post("/v1/sessions", body).await.problem(401, "invalid_credentials");
    sign_in_with(&service, &mut device).await.expect(201);
}

#[tokio::test]
async fn attack_29_the_passkey_of_an_account_that_is_no_more_signs_nobody_in() {
    let service = Service::start().await;
    let (grace, mut device, email, _) = with_passkey(&service, "grace").await;
    grace.delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    let answer = sign_in_with(&service, &mut device).await.expect(201);
    grace.with_token(answer.text_at("/session/token")).delete("/v1/me").await.expect(204);
    sign_in_with(&service, &mut device).await.problem(401, "invalid_credentials");
    service.sign_up(&email, "Acme").await;
    sign_in_with(&service, &mut device).await.problem(401, "invalid_credentials");
    assert!(service.database.rows("SELECT 1 AS one FROM passkeys").await.is_empty());
}

#[tokio::test]
async fn attack_24_a_challenge_that_a_passkey_would_meet_dies_when_the_account_changes() {
    let service = Service::start().await;
    let (grace, mut device, email, _) = with_passkey(&service, "grace").await;
    let step = async |challenge: &str, credential: Value| {
        let body = json!({"challenge": challenge, "method": "passkey", "credential": credential});
        service.anonymous().post("/v1/sessions/mfa", body).await
    };
    let ask = async || {
        let challenged = challenge(&service, &email).await;
        let challenge = challenged.text_at("/challenge").to_owned();
        let asked = asked_to_sign_in(&service, json!({"challenge": challenge})).await;
        (challenge, asked)
    };
    // The password is another one by now, or there is one more factor: whoever showed the old one begins anew.
    let (before, asked) = ask().await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse, another battery"});
    grace.post("/v1/me/password", change).await.expect(204);
    let session = service.database.rows("SELECT 1 AS one FROM sessions").await.len();
    step(&before, device.get(&asked)).await.problem(401, "invalid_challenge");
    let change = json!({"current_password": "another horse, another battery", "new_password": PASSWORD});
    grace.post("/v1/me/password", change).await.expect(204);
    let (before, asked) = ask().await;
    service.enrol(&grace).await;
    step(&before, device.get(&asked)).await.problem(401, "invalid_challenge");
    assert_eq!(service.database.rows("SELECT 1 AS one FROM sessions").await.len(), session);
    let (now, asked) = ask().await;
    step(&now, device.get(&asked)).await.expect(201);
}

#[tokio::test]
async fn attack_25_wrong_answers_of_passkeys_and_wrong_codes_use_a_challenge_up_together() {
    let service = Service::start().await;
    let (grace, mut device, email, _) = with_passkey(&service, "grace").await;
    let (app, _) = service.enrol(&grace).await;
    let challenged = challenge(&service, &email).await;
    let challenge = challenged.text_at("/challenge");
    let step = async |credential: Value| {
        let body = json!({"challenge": challenge, "method": "passkey", "credential": credential});
        service.anonymous().post("/v1/sessions/mfa", body).await
    };
    let ask = async || asked_to_sign_in(&service, json!({"challenge": challenge})).await;
    for _ in 0..3 {
        let asked = ask().await;
        device.verifies = false;
        step(device.get(&asked)).await.problem(401, "invalid_mfa_code");
        device.verifies = true;
    }
    let asked = ask().await;
    for _ in 0..2 {
        service.second_step(challenge, "totp", &app.wrong_code()).await.problem(401, "invalid_mfa_code");
    }
    step(device.get(&asked)).await.problem(401, "invalid_challenge");
    service.second_step(challenge, "totp", &app.code()).await.problem(401, "invalid_challenge");
    let options = json!({"challenge": challenge});
    service.anonymous().post("/v1/sessions/passkey/options", options).await.problem(401, "invalid_challenge");
}
