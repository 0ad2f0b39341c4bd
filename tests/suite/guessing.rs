//! Whoever guesses passwords: slowed down, stopped in the end, and told nothing meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::{Method, header};
use rollcall_tests::{Answer, ManualClock, PASSWORD, Service, Tab, Team, TestDatabase, until};
use serde_json::json;

/// Limits, of which only those of passwords matter here; and a proxy that says where requests come from.
const LIMITED: [(&str, &str); 6] = [
    ("limits.enabled", "true"),
    ("limits.requests", "1000000"),
    ("limits.attempts", "1000000"),
    ("limits.password_attempts", "3"),
    ("http.trusted_proxies", "127.0.0.1"),
    ("keys.ring", "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
];

/// Somebody at some network, with the cookies that they were given.
struct Client<'a> {
    service: &'a Service,
    ip: &'static str,
    cookie: String,
}

impl<'a> Client<'a> {
    fn at(service: &'a Service, ip: &'static str) -> Self {
        Self { service, ip, cookie: String::new() }
    }

    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let request = self.service.anonymous().request(Method::POST, "/v1/sessions");
        let request = request.header("x-forwarded-for", self.ip).header(header::COOKIE, &self.cookie);
        Answer::of(request.json(&json!({"email": email, "password": password}))).await
    }

    /// The same, with the device's cookie from an answer.
    fn keeping(self, answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Self { cookie, ..self }
    }

    async fn fails(&self, email: &str) {
        self.sign_in(email, "not the right password").await.problem(401, "invalid_credentials");
    }

    async fn is_slowed_down(&self, email: &str, password: &str) -> Answer {
        let answer = self.sign_in(email, password).await.problem(429, "rate_limited");
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
        assert!(answer.header("ratelimit-policy").starts_with("\"password-attempts\";q="));
        assert!(answer.header("ratelimit").starts_with("\"password-attempts\";r=0;t="));
        // It may be a day: how else one gets in is said, whether or not there is an account.
        assert!(answer.text_at("/detail").contains("/v1/password-resets"), "{}", answer.text);
        answer
    }
}

#[tokio::test]
async fn attack_35_guessing_is_slow_for_any_address_and_does_not_lock_known_devices_out() {
    let service = Service::start_with(&LIMITED).await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let home = Client::at(&service, "192.0.2.1");
    let signed_in = home.sign_in(&email, PASSWORD).await.expect(201);
    let travelling = Client::at(&service, "203.0.113.1").keeping(&signed_in);

    let attacker = Client::at(&service, "198.51.100.66");
    let nobody = Service::new_address("nobody");
    for _ in 0..3 {
        attacker.fails(&email).await;
        attacker.fails(&nobody).await;
    }
    // From wherever: what is counted is the account.
    let elsewhere = Client::at(&service, "198.51.100.67");
    let known = elsewhere.is_slowed_down(&email, PASSWORD).await;
    let unknown = elsewhere.is_slowed_down(&nobody, PASSWORD).await;
    assert_eq!(known.without_request_id(), unknown.without_request_id());
    assert_eq!(known.header("retry-after"), unknown.header("retry-after"));
    // The owner comes in by the devices used before: known by cookie, or by network and name.
    travelling.sign_in(&email, PASSWORD).await.expect(201);
    home.sign_in(&email, PASSWORD).await.expect(201);
    // Anywhere else it takes a moment.
    let new_place = Client::at(&service, "203.0.113.200");
    new_place.is_slowed_down(&email, PASSWORD).await;
    service.clock.advance(time::Duration::seconds(60));
    new_place.sign_in(&email, PASSWORD).await.expect(201);
    // A device's cookie is good for its own account only.
    let stranger = Service::new_address("stranger");
    for _ in 0..3 {
        travelling.fails(&stranger).await;
    }
    travelling.is_slowed_down(&stranger, PASSWORD).await;
}

#[tokio::test]
async fn attack_35_the_device_that_an_account_was_made_on_is_known() {
    let service = Service::start_with(&LIMITED).await;
    let email = Service::new_address("grace");
    let (_, signed_up) = service.sign_up(&email, "Acme").await;
    let attacker = Client::at(&service, "198.51.100.66");
    for _ in 0..3 {
        attacker.fails(&email).await;
    }
    let home = Client::at(&service, "192.0.2.1");
    home.is_slowed_down(&email, PASSWORD).await;
    home.keeping(&signed_up).sign_in(&email, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn attack_35_guesses_that_come_at_once_or_at_another_node_all_count() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let first = Service::start_on(database.clone(), clock.clone(), &LIMITED).await;
    let second = Service::start_on(database, clock, &LIMITED).await;
    let email = Service::new_address("grace");
    first.sign_up(&email, "Acme").await;
    let clients: Vec<_> =
        (0..16).map(|n| Client::at(if n % 2 == 0 { &first } else { &second }, "198.51.100.66")).collect();
    let answers = join_all(clients.iter().map(|client| client.sign_in(&email, "a wrong password"))).await;
    let failed = Answer::count(&answers, 401);
    let slowed = Answer::count(&answers, 429);
    assert_eq!((failed, slowed), (3, 13));
}

#[tokio::test]
async fn asvs_6_3_1_a_network_has_one_allowance_for_all_accounts() {
    let values: Vec<_> = LIMITED.into_iter().chain([("limits.network_password_attempts", "3")]).collect();
    let service = Service::start_with(&values).await;
    for ip in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:2::3"] {
        Client::at(&service, ip).fails(&Service::new_address("victim")).await;
    }
    let victim = Service::new_address("victim");
    Client::at(&service, "2001:db8:1:2::4").is_slowed_down(&victim, PASSWORD).await;
    Client::at(&service, "2001:db8:1:3::1").fails(&victim).await;
}

#[tokio::test]
async fn nist_3_2_2_a_hundred_failures_in_a_row_are_the_most_whatever_the_limits_say() {
    let service = Service::start_with(&[("http.trusted_proxies", "127.0.0.1")]).await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    let home = Client::at(&service, "192.0.2.1");
    let home = Client::at(&service, "192.0.2.1").keeping(&home.sign_in(&email, PASSWORD).await.expect(201));
    let attacker = Client::at(&service, "198.51.100.66");
    for _ in 0..80 {
        attacker.fails(&email).await;
    }
    attacker.is_slowed_down(&email, PASSWORD).await;
    // Nor does it help to sit beside the owner.
    Client::at(&service, "192.0.2.1").is_slowed_down(&email, PASSWORD).await;
    // ASVS 6.3.5: the owner hears of it, and not each time.
    service.all_mail_sent().await;
    let told = service.mails_to(&email).await;
    let told =
        told.iter().filter(|mail| mail["subject"] == "Somebody tries to sign in to your account").count();
    assert_eq!(told, 2);
    // Time does not help, nor does it let more be tried.
    service.clock.advance(time::Duration::days(40));
    attacker.is_slowed_down(&email, PASSWORD).await;
    // A part of the hundred is kept for devices that are known.
    for _ in 0..20 {
        home.fails(&email).await;
    }
    home.is_slowed_down(&email, PASSWORD).await;
    // Another password begins anew.
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = until("a link", async || {
        let mails = service.mails_to(&email).await;
        let link = mails.iter().find_map(|mail| mail["links"][0].as_str().map(str::to_owned))?;
        link.contains("/password/reset").then(|| link.split_once("token=").unwrap().1.to_owned())
    })
    .await;
    let another = "another horse, another battery";
    let complete = json!({"token": token, "password": another});
    service.anonymous().post("/v1/password-resets/complete", complete).await.expect(204);
    attacker.fails(&email).await;
    home.sign_in(&email, another).await.expect(201);
}

#[tokio::test]
async fn nist_3_2_2_a_right_password_begins_a_new_row() {
    let service = Service::start().await;
    let email = Service::new_address("grace");
    service.sign_up(&email, "Acme").await;
    for _ in 0..2 {
        for _ in 0..60 {
            Client::at(&service, "").fails(&email).await;
        }
        service.sign_in(&email).await;
    }
}

#[tokio::test]
async fn attack_24_a_session_in_the_wrong_hands_cannot_guess_the_password_either() {
    let service = Service::start_with(&LIMITED).await;
    let email = Service::new_address("grace");
    let (grace, _) = service.sign_up(&email, "Acme").await;
    let change = json!({"current_password": "a wrong one", "new_password": "another horse, another battery"});
    grace
        .post("/v1/session/elevate", json!({"password": "a wrong one"}))
        .await
        .problem(401, "invalid_credentials");
    grace.post("/v1/me/password", change.clone()).await.problem(401, "invalid_credentials");
    grace
        .post("/v1/session/elevate", json!({"password": "a wrong one"}))
        .await
        .problem(401, "invalid_credentials");
    grace.post("/v1/session/elevate", json!({"password": PASSWORD})).await.problem(429, "rate_limited");
    grace.post("/v1/me/password", change).await.problem(429, "rate_limited");
    // It has an allowance of its own: signing in is not held up by it.
    service.sign_in(&email).await;
}

/// With these a password takes long enough for others to come meanwhile, however fast the machine is, and they do not wait.
const COSTLY: [(&str, &str); 3] =
    [("passwords.memory_kib", "131072"), ("passwords.at_once", "1"), ("passwords.patience_seconds", "0")];

#[tokio::test]
async fn whoever_signs_in_on_a_page_while_too_many_do_finds_it_again_and_when_to_send_it() {
    let service = Service::start_with(&COSTLY).await;
    let tab = Tab::open(&service);
    let shown = tab.follow("/sign-in").await;
    let flood = join_all((0..20).map(async |n: usize| {
        let email = format!("nobody-{n}@example.com");
        tab.fill(&shown, "/sign-in", &[("email", &email), ("password", PASSWORD)]).await
    }));
    let flood = flood.await;
    let busy: Vec<_> = flood.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty());
    for page in busy {
        assert_eq!(page.header("retry-after"), "2");
        assert!(
            page.text.contains("We are very busy") && page.text.contains("name=\"password\""),
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_told_to_come_later_and_holds_nobody_else_up() {
    let costly: Vec<_> = LIMITED.into_iter().chain(COSTLY).collect();
    let service = Service::start_with(&costly).await;
    let team = {
        let email = Service::new_address("grace");
        until("an account", async || {
            // Its own password may have to wait its turn, too.
            let signup = json!({"email": email, "name": "Grace", "organization_name": "Acme"});
            service.anonymous().post("/v1/signup", signup).await.expect(202);
            let token = service.mailed_token(&email).await;
            let complete = json!({"token": token, "password": PASSWORD});
            let answer = service.anonymous().post("/v1/signup/complete", complete).await;
            (answer.status == 201)
                .then(|| (service.anonymous().with_token(answer.text_at("/session/token")), email.clone()))
        })
        .await
    };
    let (grace, email) = team;
    let clients: Vec<_> = (0..40).map(|_| Client::at(&service, "192.0.2.1")).collect();
    let flood = join_all(clients.iter().map(|client| client.sign_in(&email, PASSWORD)));
    let others = join_all((0..40).map(|_| grace.get("/v1/session")));
    let (flood, others) = tokio::join!(flood, others);
    let later: Vec<_> = flood.iter().filter(|answer| answer.status == 503).collect();
    assert!(!later.is_empty() && flood.iter().any(|answer| answer.status == 201));
    for answer in later {
        assert!(answer.header("retry-after").parse::<u64>().is_ok());
    }
    assert!(others.iter().all(|answer| answer.status == 200));
    // What was not looked at does not count against anybody.
    until("a turn", async || (clients[0].sign_in(&email, PASSWORD).await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn asvs_11_4_2_a_sign_in_brings_an_older_hash_up_to_date() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let before = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let email = Service::new_address("grace");
    let (grace, _) = before.sign_up(&email, "Acme").await;
    let hash = async || {
        let rows = database.rows(&format!("SELECT password_hash FROM users WHERE email = '{email}'")).await;
        rows[0]["password_hash"].as_str().unwrap().to_owned()
    };
    let old = hash().await;
    assert!(old.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{old}");
    before.sign_in(&email).await;
    assert_eq!(hash().await, old);
    let peppered =
        [("passwords.passes", "2"), ("passwords.pepper", "7:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")];
    let after = Service::start_on(database.clone(), clock, &peppered).await;
    after.sign_in(&email).await;
    let new = hash().await;
    assert!(new.starts_with("$argon2id$v=19$m=64,t=2,p=1,keyid=Bw$"), "{new}");
    // The password is the same, and so are the sessions.
    after.sign_in(&email).await;
    grace.get("/v1/session").await.expect(200);
    assert_eq!(hash().await, new);
}

/// How far apart two samples are, in standard deviations of the rank sum (Mann and Whitney).
fn apart(left: &[Duration], right: &[Duration]) -> f64 {
    let (n, m) = (left.len() as f64, right.len() as f64);
    let mut all: Vec<(Duration, bool)> =
        left.iter().map(|time| (*time, true)).chain(right.iter().map(|time| (*time, false))).collect();
    all.sort();
    let ranks = all.iter().enumerate().filter(|(_, (_, left))| *left).map(|(rank, _)| rank as f64 + 1.0);
    let u = ranks.sum::<f64>() - n * (n + 1.0) / 2.0;
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

#[tokio::test]
async fn attack_12_how_long_a_failed_sign_in_takes_tells_nothing() {
    // A two-sided test at p > 0.01 of 200 sign-ins each, which chance alone fails once in a hundred times, so that it counts only
    // when it fails three times in a row.
    const SAMPLES: usize = 200;
    const ROUNDS: usize = 3;
    let service = Service::start_with(&[("passwords.memory_kib", "1024")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("viewer"));
    service.database.execute(&suspend).await;
    let anonymous = service.anonymous();
    let time = async |email: &str, password: &str| {
        let began = Instant::now();
        let answer = anonymous.post("/v1/sessions", json!({"email": email, "password": password})).await;
        let took = began.elapsed();
        answer.problem(401, "invalid_credentials");
        took
    };
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let (mut unknown, mut wrong, mut suspended) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..SAMPLES {
            // Failures in a row would be stopped.
            if n % 50 == 0 {
                service.database.execute("UPDATE attempts SET in_a_row = 0").await;
            }
            unknown.push(time("nobody.at.all@example.com", PASSWORD).await);
            wrong.push(time(team.email("member"), "not the right password").await);
            suspended.push(time(team.email("viewer"), PASSWORD).await);
        }
        let z = [apart(&unknown, &wrong), apart(&unknown, &suspended)];
        println!("z of unknown against wrong, and against suspended: {z:.2?}");
        if z.iter().all(|z| z.abs() < 2.576) {
            return;
        }
        found.push(z);
    }
    panic!("they can be told apart: {found:.2?}");
}
