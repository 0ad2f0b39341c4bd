//! Whatever is sent gets an answer that says what is wrong: never a 500, never a hang, and nothing is lost.

use reqwest::{Method, header::CONTENT_TYPE};
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, word};
use serde_json::{Value, json};

async fn raw(caller: &Caller, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    Answer::of(caller.request(method, path).header(CONTENT_TYPE, "application/json").body(body)).await
}

#[tokio::test]
async fn broken_json_is_malformed() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let deep = "[".repeat(100_000);
    let bodies: Vec<Vec<u8>> = vec![
        vec![],
        b"{".to_vec(),
        b"{]".to_vec(),
        b"{'email': 'x'}".to_vec(),
        b"nonsense".to_vec(),
        b"{\"email\": \"\xff\xfe\"}".to_vec(),
        deep.into_bytes(),
        b"{} {}".to_vec(),
        b"\0".to_vec(),
        // Something is wrong with what they say before they end in what is no JSON.
        b"{\"email\": 5".to_vec(),
        b"{\"nobody\": \"knows\", }".to_vec(),
        b"{\"email\": null} {}".to_vec(),
    ];
    let paths = ["/v1/signup", "/v1/sessions", "/v1/invitations/accept"];
    for body in bodies {
        for path in paths {
            let answer = raw(&anonymous, Method::POST, path, body.clone()).await;
            let sent = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert_eq!(answer.status, 400, "{path} {sent}: {}", answer.text);
            answer.problem(400, "malformed_json");
        }
    }
    // Half a character is JSON, but no text that could be kept.
    for path in paths {
        let answer = raw(&anonymous, Method::POST, path, "{\"email\": \"\\ud800\"}").await;
        let status = answer.status.as_u16();
        let expected = if status == 400 { "malformed_json" } else { "invalid_request" };
        assert!(matches!(status, 400 | 422), "{path}: {}", answer.text);
        answer.problem(status, expected);
    }
}

#[tokio::test]
async fn the_wrong_kind_of_body_is_415_and_a_large_one_413() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    for kind in ["text/plain", "application/x-www-form-urlencoded; charset=utf-8", "application/xml", ""] {
        let request = anonymous
            .request(Method::POST, "/v1/signup")
            .header(CONTENT_TYPE, kind)
            .header("Origin", service.base());
        Answer::of(request.body("{}")).await.problem(415, "unsupported_media_type");
    }
    Answer::of(anonymous.request(Method::POST, "/v1/signup").body("{}"))
        .await
        .problem(415, "unsupported_media_type");
    let large = format!("{{\"email\": \"{}\"}}", word(10_000_000));
    raw(&anonymous, Method::POST, "/v1/signup", large.clone()).await.problem(413, "body_too_large");
    // In chunks, so that its size is not announced.
    let chunks = futures_util::stream::iter(
        large
            .into_bytes()
            .chunks(65_536)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    );
    raw(&anonymous, Method::POST, "/v1/signup", reqwest::Body::wrap_stream(chunks))
        .await
        .problem(413, "body_too_large");
}

#[tokio::test]
async fn wrong_values_are_named_by_their_field() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let good = json!({"email": "a@example.com", "name": "Ada", "organization_name": "Acme"});
    let long = word(10_000);
    let bad: Vec<(&str, Value)> = vec![
        ("email", json!("")),
        ("email", json!("nonsense")),
        ("email", json!("a@b")),
        ("email", json!("a@example.com\u{0}")),
        ("email", json!("a\u{200b}@example.com")),
        ("email", json!("\u{202e}a@example.com")),
        ("email", json!("a b@example.com")),
        ("email", json!("a@example.com\r\nBcc: b@example.com")),
        ("email", json!(format!("{long}@example.com"))),
        ("email", json!(5)),
        ("email", json!(null)),
        ("email", json!(["a@example.com"])),
        ("email", json!({"$ne": ""})),
        ("email", json!("a@@example.com")),
        ("email", json!("\"a b\"@example.com")),
        ("email", json!("a@[127.0.0.1]")),
        ("email", json!("a@127.0.0.1")),
        ("name", json!("")),
        ("name", json!("   ")),
        ("name", json!(long)),
        ("name", json!("a\u{0}b")),
        ("name", json!("a\u{202e}b")),
        ("name", json!("a\u{200d}b")),
        ("name", json!("a\nb")),
        ("name", json!(true)),
        ("organization_name", json!("\u{feff}x")),
        ("organization_name", json!(long)),
        ("organization_name", json!({})),
    ];
    for (field, value) in bad {
        let mut body = good.clone();
        body[field] = value;
        anonymous.post("/v1/signup", body).await.invalid(field);
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        anonymous.post("/v1/signup", body).await.invalid(field);
    }
    let all = anonymous
        .post("/v1/signup", json!({"email": "x", "name": "", "organization_name": ""}))
        .await
        .invalid("email");
    assert_eq!(all.list("errors").len(), 3, "all that is wrong is told at once: {}", all.text);
    for (extra, field) in [
        (json!({"role": "owner"}), "role"),
        (json!({"Email": "b@example.com"}), "Email"),
        (json!({"": 1}), ""),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        anonymous.post("/v1/signup", body).await.invalid(field);
    }
    // However long its name is, no more is told than it takes to find it.
    for name in [word(20_000), "\u{e9}".repeat(20_000)] {
        let told = format!("{}…", name.chars().take(100).collect::<String>());
        let mut body = good.clone();
        body[&name] = json!(1);
        let answer = anonymous.post("/v1/signup", body).await.invalid(&told);
        assert!(answer.text.len() < 2_000, "{}", answer.text.len());
    }
    let twice =
        r#"{"email": "a@example.com", "email": "b@example.com", "name": "Ada", "organization_name": "Acme"}"#;
    raw(&anonymous, Method::POST, "/v1/signup", twice).await.invalid("email");
    for body in ["5", "\"text\"", "null", "[]", "true", r#"["a@example.com", "Ada", "Acme"]"#] {
        let answer = raw(&anonymous, Method::POST, "/v1/signup", body).await.invalid("body");
        assert!(answer.text.contains("must be an object"), "{}", answer.text);
    }
    assert!(service.database.rows("SELECT 1 AS one FROM signups").await.is_empty(), "something was kept");
}

#[tokio::test]
async fn passwords_may_be_anything_long_enough() {
    let service = Service::start().await;
    for password in [
        "fifteen letters",
        "пароль на русском",
        "🔑🚀🌵🍋🎻🦉🧲🪁🥁🐙🍉🔭🧩🪵🎈",
        "with \u{0} a nul character",
        &format!("{} and so on {}", PASSWORD, word(956)),
    ] {
        let email = Service::new_address("p");
        let signup = json!({"email": email, "name": "Ada", "organization_name": "Acme"});
        service.anonymous().post("/v1/signup", signup).await.expect(202);
        let token = service.mailed_token(&email).await;
        for bad in [
            json!(""),
            json!("fourteen chars"),
            json!(word(1_001)),
            json!(12345678901234567_u64),
            json!("passwordpassword"),
            json!("Ada Acme Ada Acme"),
        ] {
            service
                .anonymous()
                .post("/v1/signup/complete", json!({"token": token, "password": bad}))
                .await
                .invalid("password");
        }
        service
            .anonymous()
            .post("/v1/signup/complete", json!({"token": token, "password": password}))
            .await
            .expect(201);
        service
            .anonymous()
            .post("/v1/sessions", json!({"email": email, "password": password}))
            .await
            .expect(201);
        let almost: String = password.chars().skip(1).collect();
        service
            .anonymous()
            .post("/v1/sessions", json!({"email": email, "password": almost}))
            .await
            .problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn what_is_always_there_cannot_be_set_to_nothing() {
    let service = Service::start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    for (path, fields) in
        [("/v1/me", ["name", "locale", "time_zone"].as_slice()), ("/v1/organization", &["name"])]
    {
        for field in fields {
            grace.patch(path, json!({ *field: null })).await.invalid(field);
        }
    }
    let body = grace.request(Method::DELETE, "/v1/me").json(&json!({"really": true}));
    Answer::of(body).await.invalid("really");
    grace.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn queries_are_read_as_strictly_as_bodies() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=1&limit=1", "limit"),
        ("role=king", "role"),
        ("status=happy", "status"),
        ("unknown=1", "unknown"),
        ("role=viewer&role=admin", "role"),
        ("q=%00", "q"),
        (&format!("q={}", word(101)), "q"),
        ("org_id=org_01h455vb4pex5vsknk084sn02q", "org_id"),
    ] {
        team.owner().get(&format!("/v1/members?{query}")).await.invalid(field);
    }
    for path in ["/v1/me/organizations", "/v1/sessions"] {
        for (query, field) in [("limit=0", "limit"), ("limit=201", "limit"), ("unknown=1", "unknown")] {
            team.owner().get(&format!("{path}?{query}")).await.invalid(field);
        }
        team.owner().get(&format!("{path}?cursor=made-up")).await.problem(400, "invalid_cursor");
    }
    team.owner().get("/v1/invitations?status=lost").await.invalid("status");
    // Bytes that are no UTF-8 are searched for as the replacement character, and not found.
    assert!(team.owner().get("/v1/members?q=%ff").await.expect(200).list("data").is_empty());
    for path in [
        "/v1/members/%00",
        "/v1/members/..%2f..%2fetc%2fpasswd",
        "/v1/members/%ff",
        &format!("/v1/members/{}", word(5_000)),
        "/v1/nothing",
        "/v1",
    ] {
        let answer = team.owner().get(path).await;
        answer.problem(404, "not_found");
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_know_are_405() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for (method, path) in [
        (Method::PUT, "/v1/me"),
        (Method::POST, "/v1/members"),
        (Method::TRACE, "/v1/session"),
        (Method::PATCH, "/healthz"),
        (Method::from_bytes(b"BREW").unwrap(), "/v1/me"),
    ] {
        let answer = Answer::of(team.owner().request(method, path)).await.problem(405, "method_not_allowed");
        assert_ne!(answer.header("allow"), "", "{path}");
    }
}

/// The answer to a request that no client would send.
async fn written(service: &Service, head: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let base = service.base();
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_says_once_whom_it_is_for() {
    let service = Service::start().await;
    for (line, hosts, status) in [
        ("GET /healthz HTTP/1.1", "Host: x\r\n", 200),
        ("GET /healthz HTTP/1.1", "Host: [::1]:8080\r\n", 200),
        ("GET http://x/healthz HTTP/1.1", "Host: x\r\n", 200),
        ("GET /healthz HTTP/1.0", "", 200),
        ("GET /healthz HTTP/1.1", "", 400),
        ("GET http://x/healthz HTTP/1.1", "", 400),
        ("GET /healthz HTTP/1.1", "Host: x\r\nHost: x\r\n", 400),
        ("GET /healthz HTTP/1.0", "Host: x\r\nHost: y\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: \r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: x y\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: a@x\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: x/y\r\n", 400),
        ("GET /healthz HTTP/1.1", "Host: x:http\r\n", 400),
        ("GET /nothing HTTP/1.1", "", 400),
        ("POST /v1/sessions HTTP/1.1", "", 400),
    ] {
        let answer = written(&service, &format!("{line}\r\n{hosts}Connection: close\r\n\r\n")).await;
        let said = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(said, status.to_string(), "{line} {hosts}: {answer}");
        assert_eq!(answer.contains(r#""code":"bad_request""#), status == 400, "{line} {hosts}: {answer}");
        assert!(answer.contains("x-request-id: ") && answer.contains("x-content-type-options: "), "{answer}");
    }
}

#[tokio::test]
async fn odd_headers_are_no_way_in() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let token = team.owner().token();
    let with = async |values: &[(&str, String)]| {
        let mut request = service.anonymous().request(Method::GET, "/v1/session");
        for (name, value) in values {
            request = request.header(*name, value);
        }
        Answer::of(request).await
    };
    with(&[("authorization", format!("bearer {token}"))]).await.expect(200);
    for value in [
        "".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        token.to_owned(),
        format!("Bearer {token}x"),
        format!("Bearer {}", word(10_000)),
    ] {
        with(&[("authorization", value)]).await.problem(401, "unauthenticated");
    }
    let twice = [("authorization", format!("Bearer {token}")), ("authorization", format!("Bearer {token}"))];
    with(&twice).await.problem(401, "unauthenticated");
    // A bad Bearer token is not mended by a good cookie: one request, one identity (attack 20).
    let mixed =
        [("authorization", "Bearer nonsense".to_owned()), ("cookie", format!("rollcall_session={token}"))];
    with(&mixed).await.problem(401, "unauthenticated");
    with(&[("cookie", format!("rollcall_session={token}"))]).await.expect(200);
    with(&[("cookie", format!("rollcall_session={token}; rollcall_session={token}"))])
        .await
        .problem(401, "unauthenticated");
    with(&[("cookie", format!("other={token}; rollcall_session2={token}"))])
        .await
        .problem(401, "unauthenticated");
}

/// What is said of a field.
async fn said_of(answer: Answer, field: &str) -> String {
    let problem = answer.problem(422, "invalid_request");
    let errors = problem.list("errors");
    let found =
        errors.iter().find(|error| error["field"] == field).unwrap_or_else(|| panic!("{}", problem.text));
    found["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words_that_are_not_those_of_a_program() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let owner = team.owner();
    let number = "must be a whole number, not negative, and not too large";
    for size in ["x", "-1", "99999999999999999999999"] {
        let path =
            format!("/v1/audit/proofs/inclusion?event_id=evt_01h455vb4pex5vsknk084sn02q&tree_size={size}");
        assert_eq!(said_of(owner.get(&path).await, "tree_size").await, number, "{size}");
    }
    assert_eq!(said_of(owner.get("/v1/audit/proofs/inclusion").await, "event_id").await, "is missing");
    owner.get("/v1/audit/proofs/inclusion?event_id=x").await.problem(404, "not_found");
    let time = "must be a time like 2027-01-02T03:04:05Z (RFC 3339)";
    for path in ["/v1/audit/events?since=yesterday", "/v1/audit/export?since=2026-01-01"] {
        assert_eq!(said_of(owner.get(path).await, "since").await, time, "{path}");
    }
    // Nothing is repeated of a value.
    for value in [format!("expected {}", word(20_000)), format!("{} at line 1", word(20_000))] {
        let answer = owner.patch("/v1/security", json!({"audit_log": {"enabled": value}})).await;
        assert_eq!(said_of(answer, "audit_log.enabled").await, "must be true or false");
    }
    let (_, secret) = crate::api_keys::make(owner, json!({"scopes": ["audit_log:append"]})).await;
    let event = json!({"id": "evt_01h455vb4pex5vsknk084sn02q", "occurred_at": "yesterday", "action": "agent.created",
                       "actor": {"type": "user", "id": team.id("owner")}, "outcome": "success",
                       "target": {"type": "agent", "id": ""}});
    let program = service.anonymous().with_token(&secret);
    let answer = program.post("/v1/audit/events", json!({"events": [event]})).await;
    assert_eq!(said_of(answer.clone(), "events[0].occurred_at").await, time);
    assert_eq!(said_of(answer, "events[0].target.id").await, "must not be empty");
}
