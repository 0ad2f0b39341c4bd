//! What holds for every request: headers, keyed repeats, limits, where a request may come from.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Tab, Team};
use serde_json::{Value, json};
use time::Duration;

/// What every answer keeps other sites from: to show it in a frame of theirs, to load it, to keep hold of its window; and what it is kept
/// from itself.
pub(crate) const SHUT_OFF: [(&str, &str); 4] = [
    ("x-frame-options", "DENY"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

#[tokio::test]
async fn asvs_3_4_every_answer_has_an_id_and_hardening_headers() {
    let service = Service::start().await;
    for path in ["/healthz", "/v1/session", "/nothing", "/docs", "/dev/mailbox.json", "/openapi.json"] {
        let answer = service.anonymous().get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "attack 21: {path}");
        assert_eq!(answer.header("server"), "", "{path}");
        for (name, value) in SHUT_OFF {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
    }
    let request = service.anonymous().request(Method::GET, "/healthz");
    let traced =
        Answer::of(request.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
            .await;
    assert_eq!(traced.header("x-request-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
}

async fn keyed(caller: &Caller, path: &str, key: &str, body: &Value) -> Answer {
    Answer::of(caller.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_keyed_request_is_done_once_and_answered_alike() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let body = json!({"email": "ada@example.com", "role": "viewer"});
    let first = keyed(team.owner(), "/v1/invitations", "k1", &body).await.expect(201);
    let again = keyed(team.owner(), "/v1/invitations", "k1", &body).await.expect(201);
    assert_eq!((&again.text, again.header("location")), (&first.text, first.header("location")));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    // In quotes, as the draft has it, it is the same key.
    assert_eq!(keyed(team.owner(), "/v1/invitations", "\"k1\"", &body).await.expect(201).text, first.text);
    let other = json!({"email": "eve@example.com", "role": "viewer"});
    keyed(team.owner(), "/v1/invitations", "k1", &other).await.problem(422, "idempotency_key_reused");
    keyed(team.owner(), "/v1/invitations/bulk", "k1", &body).await.problem(422, "idempotency_key_reused");
    // What failed has changed nothing, so it is simply tried again.
    keyed(team.owner(), "/v1/invitations", "k2", &body).await.problem(409, "invitation_pending");
    team.owner().delete(&format!("/v1/invitations/{}", first.text_at("/id"))).await.expect(204);
    keyed(team.owner(), "/v1/invitations", "k2", &body).await.expect(201);
    for bad in ["", "with space", &"x".repeat(256), "ü"] {
        keyed(team.owner(), "/v1/invitations", bad, &body).await.problem(400, "invalid_idempotency_key");
    }
    service.clock.advance(Duration::hours(24));
    let owner = service.sign_in(team.email("owner")).await;
    keyed(&owner, "/v1/invitations", "k1", &body).await.problem(409, "invitation_pending");
}

/// Keeps no answer any more, as if each node died right before.
pub(crate) const LOSE_ANSWERS: &str =
    "CREATE FUNCTION lose_answer() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN IF NEW.answer IS NOT NULL THEN RAISE EXCEPTION ''lost''; END IF; RETURN NEW; END';
     CREATE TRIGGER lose_answer BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION lose_answer()";

#[tokio::test]
async fn a_keyed_request_whose_answer_is_lost_is_not_done_again() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.database.execute(LOSE_ANSWERS).await;
    let (path, owner) = ("/v1/api-keys", team.owner());
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    keyed(owner, path, "k", &body).await.expect(201);
    // It may be running still.
    keyed(owner, path, "k", &body).await.problem(409, "request_in_progress");
    service.clock.advance(Duration::minutes(1));
    for _ in 0..2 {
        keyed(owner, path, "k", &body).await.problem(409, "answer_gone");
    }
    let other = json!({"name": "Another", "scopes": ["calls:read"]});
    keyed(owner, path, "k", &other).await.problem(422, "idempotency_key_reused");
    let made = owner.get(path).await.expect(200);
    assert_eq!(made.list("data").len(), 1, "{}", made.text);
}

#[tokio::test]
async fn whether_a_keyed_request_still_runs_is_decided_by_the_clock_of_the_database() {
    let service = Service::start_by_the_database_s_clock().await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    service.database.execute(LOSE_ANSWERS).await;
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    keyed(&owner, "/v1/api-keys", "k", &body).await.expect(201);
    // By the clock of the node it would have died long ago.
    service.clock.advance(Duration::minutes(5));
    keyed(&owner, "/v1/api-keys", "k", &body).await.problem(409, "request_in_progress");
    service.database.execute("UPDATE idempotency_keys SET running_until = now()").await;
    keyed(&owner, "/v1/api-keys", "k", &body).await.problem(409, "answer_gone");
}

#[tokio::test]
async fn a_keyed_request_that_breaks_off_in_the_middle_is_not_begun_anew() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    // The database has no room for the second of three.
    service
        .database
        .execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN IF NEW.email LIKE ''second%'' THEN RAISE EXCEPTION ''no room'' USING ERRCODE = ''53100''; END IF; RETURN NEW; END';
             CREATE TRIGGER no_room BEFORE INSERT ON invitations FOR EACH ROW EXECUTE FUNCTION no_room()",
        )
        .await;
    let of = |name: &str| json!({"email": format!("{name}@example.com"), "role": "viewer"});
    let body = json!({"invitations": [of("first"), of("second"), of("third")]});
    keyed(team.owner(), "/v1/invitations/bulk", "k", &body).await.problem(503, "unavailable");
    service.database.execute("DROP TRIGGER no_room ON invitations").await;
    // At once: it runs no more.
    keyed(team.owner(), "/v1/invitations/bulk", "k", &body).await.problem(409, "answer_gone");
    let made = team.owner().get("/v1/invitations?status=pending").await.expect(200);
    assert_eq!(made.list("data").len(), 1, "{}", made.text);
    // What has changed nothing is free.
    keyed(team.owner(), "/v1/invitations", "other", &of("first")).await.problem(409, "invitation_pending");
    team.owner().delete(&format!("/v1/invitations/{}", made.text_at("/data/0/id"))).await.expect(204);
    keyed(team.owner(), "/v1/invitations", "other", &of("first")).await.expect(201);
}

#[tokio::test]
async fn whoever_was_taken_for_dead_does_not_do_what_another_has_begun() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner().clone();
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    let held = service.database.open_transaction("LOCK TABLE api_keys IN EXCLUSIVE MODE").await;
    let ask = |caller: Caller, body: Value| async move { keyed(&caller, "/v1/api-keys", "k", &body).await };
    let first = tokio::spawn(ask(owner.clone(), body.clone()));
    service.database.lock_waits(1).await;
    service.clock.advance(Duration::minutes(1));
    let second = tokio::spawn(ask(owner.clone(), body));
    service.database.lock_waits(2).await;
    held.roll_back().await;
    first.await.unwrap().problem(503, "unavailable");
    second.await.unwrap().expect(201);
    assert_eq!(owner.get("/v1/api-keys").await.expect(200).list("data").len(), 1);
}

#[tokio::test]
async fn attack_4_an_old_answer_does_not_outlive_the_right_to_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let second = Service::new_address("second");
    let (owner, _) = service.bring_in(team.owner(), &second, "owner").await;
    let body = json!({"name": "n", "scopes": ["calls:read"]});
    let made = keyed(&owner, "/v1/api-keys", "k1", &body).await.expect(201);
    assert_eq!(keyed(&owner, "/v1/api-keys", "k1", &body).await.expect(201).text, made.text);
    // The proof has become too old: the secret is not shown to whoever sits down at the device.
    service.clock.advance(Duration::minutes(11));
    keyed(&owner, "/v1/api-keys", "k1", &body).await.problem(403, "elevation_required");
    let owner = service.sign_in(&second).await;
    keyed(&owner, "/v1/api-keys", "k2", &body).await.expect(201);
    let invite = json!({"email": "ada@example.com", "role": "viewer"});
    keyed(&owner, "/v1/invitations", "k3", &invite).await.expect(201);
    let id = owner.get("/v1/session").await.expect(200).text_at("/user/id").to_owned();
    let becomes = async |role: &str| {
        team.owner().patch(&format!("/v1/members/{id}"), json!({"role": role})).await.expect(200);
    };
    // With other rights they are another caller, also where both may do the same.
    becomes("admin").await;
    keyed(&owner, "/v1/invitations", "k3", &invite).await.problem(409, "invitation_pending");
    becomes("viewer").await;
    keyed(&owner, "/v1/api-keys", "k2", &body).await.problem(403, "permission_denied");
    keyed(&owner, "/v1/invitations", "k3", &invite).await.problem(403, "permission_denied");
    // Who somebody is, is proved anew each time.
    let (elevate, right) = ("/v1/session/elevate", json!({"password": rollcall_tests::PASSWORD}));
    keyed(&owner, elevate, "k4", &right).await.expect(200);
    assert_eq!(keyed(&owner, elevate, "k4", &right).await.expect(200).header("idempotency-replayed"), "");
    let wrong = json!({"password": "wrong wrong wrong"});
    assert_ne!(keyed(&owner, elevate, "k4", &wrong).await.text_at("/code"), "idempotency_key_reused");
}

#[tokio::test]
async fn attack_34_a_key_belongs_to_one_caller_and_dies_with_the_session() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let body = json!({"email": "ada@example.com", "role": "viewer"});
    let first = keyed(ours.owner(), "/v1/invitations", "shared", &body).await.expect(201);
    let (equal, _) = service.bring_in(ours.owner(), &Service::new_address("equal"), "owner").await;
    for other in [ours.caller("admin"), &equal] {
        keyed(other, "/v1/invitations", "shared", &body).await.problem(409, "invitation_pending");
    }
    let second = keyed(theirs.owner(), "/v1/invitations", "shared", &body).await.expect(201);
    assert_ne!(first.text_at("/id"), second.text_at("/id"));
    ours.owner().delete("/v1/session").await.expect(204);
    keyed(ours.owner(), "/v1/invitations", "shared", &body).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn kept_answers_are_sealed() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let body = json!({"name": "Importer", "scopes": ["calls:read"]});
    let first = keyed(&owner, "/v1/api-keys", "k", &body).await.expect(201);
    assert_eq!(keyed(&owner, "/v1/api-keys", "k", &body).await.expect(201).text, first.text);
    let kept = service.database.rows("SELECT encode(answer, 'escape') AS answer FROM idempotency_keys").await;
    let token = first.text_at("/secret");
    assert!(!kept[0]["answer"].as_str().unwrap().contains(&token[17..]));
    // Nowhere else, either.
    for table in [
        "api_keys",
        "api_key_secrets",
        "sessions",
        "users",
        "audit_events",
        "mails",
        "signups",
        "invitations",
    ] {
        let rows = service.database.rows(&format!("SELECT {table}::text AS row FROM {table}")).await;
        assert!(rows.iter().all(|row| !row.to_string().contains(&token[17..])), "{table}");
    }
}

#[tokio::test]
async fn limits_are_told_and_kept() {
    let service = Service::start_with(&[
        ("limits.enabled", "true"),
        ("limits.attempts", "3"),
        ("limits.requests", "5"),
    ])
    .await;
    let wrong = json!({"email": "nobody@example.com", "password": "a wrong password"});
    for remaining in ["2", "1", "0"] {
        let answer =
            service.anonymous().post("/v1/sessions", wrong.clone()).await.problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), "\"attempts\";q=3;w=60");
        assert!(
            answer.header("ratelimit").starts_with(&format!("\"attempts\";r={remaining};t=")),
            "{}",
            answer.header("ratelimit")
        );
    }
    let limited = service.anonymous().post("/v1/sessions", wrong.clone()).await.problem(429, "rate_limited");
    assert!(limited.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(limited.header("ratelimit").starts_with("\"attempts\";r=0;t="));
    // Attack 35: what a client says of itself buys no new allowance.
    let request =
        service.anonymous().request(Method::POST, "/v1/sessions").header("X-Forwarded-For", "203.0.113.9");
    Answer::of(request.json(&wrong)).await.problem(429, "rate_limited");
    let made_up = |n: usize| service.anonymous().with_token(&format!("rcs_{n}"));
    let mut answers = Vec::new();
    for n in 0..8 {
        answers.push(made_up(n).get("/v1/session").await.status.as_u16());
    }
    assert!(answers.contains(&429), "{answers:?}");
    // Whether the process lives is told all the same, or what watches over it would restart it.
    for _ in 0..8 {
        service.anonymous().get("/healthz").await.expect(200);
    }
}

/// Fields of requests that hold what is guessed at. A lease's token is shown beside a session, and counts for nothing without one.
const GUESSED: [&str; 6] = ["password", "current_password", "token", "code", "challenge", "key"];

/// Where less than that causes mail to strangers, or opens a session.
const BESIDES: [&str; 4] = ["/v1/signup", "/v1/password-resets", "/v1/me/email", "/v1/sessions/passkey"];

/// Where forms go that do any of it.
const FORMS: [&str; 14] = [
    "/sign-up",
    "/signup/complete",
    "/sign-in",
    "/sign-in/passkey",
    "/sign-in/second-factor",
    "/sign-in/second-factor/options",
    "/password/forgotten",
    "/password/reset",
    "/invitations/accept",
    "/invitations/accept/here",
    "/me/email/confirm",
    "/account/password",
    "/account/email",
    "/account/second-factor/app/confirm",
];

#[tokio::test]
async fn attack_35_every_path_that_takes_a_secret_counts_as_an_attempt() {
    let service = Service::start_with(&[("limits.enabled", "true"), ("limits.attempts", "1000")]).await;
    let (anonymous, tab) = (service.anonymous(), Tab::open(&service));
    let counts = |path: &str, answer: &Answer| {
        let policy = answer.header("ratelimit-policy");
        assert!(policy.starts_with("\"attempts\";"), "{path} {}: {policy}", answer.status);
    };
    // Which they are, the contract says: a path that is added is looked at here.
    let contract = anonymous.get("/openapi.json").await.expect(200).body;
    let takes_one = |operation: &Value| {
        let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let fields = schema.and_then(|name| contract.pointer(name.strip_prefix('#')?)?.get("properties"));
        fields.is_some_and(|fields| GUESSED.iter().any(|field| fields.get(*field).is_some()))
    };
    let paths = contract["paths"].as_object().unwrap().iter();
    let guessed_at: Vec<&str> = paths
        .filter(|(_, operations)| takes_one(&operations["post"]))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(guessed_at.len() >= 12, "{guessed_at:?}");
    for path in guessed_at.into_iter().chain(BESIDES) {
        counts(path, &anonymous.post(path, json!({})).await);
    }
    for path in FORMS {
        counts(path, &tab.post(path, &[]).await);
    }
}

#[tokio::test]
async fn asvs_15_3_4_a_trusted_proxy_is_believed_as_far_as_it_is_trusted() {
    let service = Service::start_with(&[("http.trusted_proxies", "127.0.0.1, 10.0.0.0/8")]).await;
    let signup =
        json!({"email": Service::new_address("proxied"), "name": "Ada", "organization_name": "Acme"});
    let request = service.anonymous().request(Method::POST, "/v1/signup").json(&signup);
    Answer::of(request.header("X-Forwarded-For", "198.51.100.1, 203.0.113.9, 10.1.2.3")).await.expect(202);
    let events =
        service.database.rows("SELECT personal FROM audit_events WHERE action = 'signup.requested'").await;
    assert_eq!(events[0]["personal"]["ip"]["value"], "203.0.113.9");
}

#[tokio::test]
async fn attack_20_a_cookie_is_only_good_for_our_own_pages() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let cookie = format!("rollcall_session={}", team.owner().token());
    let patch = async |origin: Option<&str>| {
        let mut request = service.anonymous().request(Method::PATCH, "/v1/me").header("Cookie", &cookie);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        Answer::of(request.json(&json!({"name": "Changed"}))).await
    };
    let base = service.base();
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some(&format!("{base}.evil.example")),
        Some(&base.replace("http:", "https:")),
    ] {
        patch(origin).await.problem(403, "origin_mismatch");
    }
    assert_eq!(team.owner().get("/v1/me").await.expect(200).text_at("/name"), "Grace Hopper");
    patch(Some(&base)).await.expect(200);
    // Reading is safe, and a Bearer token is no cookie.
    Answer::of(service.anonymous().request(Method::GET, "/v1/me").header("Cookie", &cookie))
        .await
        .expect(200);
    // Beside anything else that says who asks, it says nothing.
    let both = service.anonymous().request(Method::GET, "/v1/me").header("Cookie", &cookie);
    Answer::of(both.basic_auth("somebody", Some("secret"))).await.problem(401, "unauthenticated");
    let request = team.owner().request(Method::PATCH, "/v1/me").header("Origin", "https://evil.example");
    Answer::of(request.json(&json!({"name": "Grace"}))).await.expect(200);
}

#[tokio::test]
async fn attack_20_a_link_of_another_site_exports_and_plays_nothing_in_anybodys_name() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = crate::calls::write(team.owner(), "CA1").await;
    let cookie = format!("rollcall_session={}", team.owner().token());
    let recording = format!("/v1/calls/{call}/recording?reason=curiosity");
    let transcript = format!("/v1/calls/{call}/transcript");
    let event = "/v1/audit/events/evt_01h455vb4pex5vsknk084sn02q";
    let follow = async |path: &str, site: Option<&str>| {
        let mut request = service.anonymous().request(Method::GET, path).header("Cookie", &cookie);
        if let Some(site) = site {
            request = request.header("Sec-Fetch-Site", site);
        }
        Answer::of(request).await
    };
    let exports =
        ["/v1/organization/export", "/v1/audit/export", "/v1/me/export", "/settings/audit/export/file"];
    // What is read there is an event, too.
    let others = [recording.as_str(), transcript.as_str(), "/v1/audit/events?q=grace", event];
    for path in exports.into_iter().chain(others) {
        for site in ["cross-site", "same-site"] {
            follow(path, Some(site)).await.problem(403, "origin_mismatch");
        }
        // Our own page, whoever types the address, and what is no browser.
        for site in [Some("same-origin"), Some("none"), None] {
            assert_ne!(follow(path, site).await.status, 403, "{path} {site:?}");
        }
        let bearer = team.owner().request(Method::GET, path).header("Sec-Fetch-Site", "cross-site");
        assert_ne!(Answer::of(bearer).await.status, 403, "{path}");
    }
    // What leaves no trace is read all the same: links lead to pages.
    follow("/settings/team", Some("cross-site")).await.expect(200);
}

#[tokio::test]
async fn a_request_that_does_not_come_to_its_end_is_ended() {
    let service = Service::start_with(&[("http.timeout_seconds", "1")]).await;
    let dawdling = futures_util::stream::once(async { Ok::<_, std::io::Error>("{".to_owned()) });
    let for_ever = futures_util::StreamExt::chain(dawdling, futures_util::stream::pending());
    let request =
        service.anonymous().request(Method::POST, "/v1/signup").header("Content-Type", "application/json");
    Answer::of(request.body(reqwest::Body::wrap_stream(for_ever))).await.problem(408, "request_timeout");
}
