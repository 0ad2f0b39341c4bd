//! What those who run the service see of it from the outside: traces, metrics and the log.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use reqwest::Method;
use rollcall_tests::{
    Answer, Authenticator, Binary, Caller, HookServer, ManualClock, PASSWORD, Service, TestDatabase, until,
};
use serde_json::json;
use time::OffsetDateTime;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// All spans that a collector was sent so far.
async fn spans(collector: &HookServer) -> Vec<Span> {
    let mut spans = Vec::new();
    for number in 1..=collector.count() {
        let sent = collector.next(number).await;
        assert_eq!(
            (sent.path.as_str(), sent.header("content-type").as_str()),
            ("/v1/traces", "application/x-protobuf")
        );
        let request = ExportTraceServiceRequest::decode(sent.bytes.as_slice()).unwrap();
        let of_scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        spans.extend(of_scopes.flat_map(|scope| scope.spans));
    }
    spans
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let value = span.attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(is_so) => is_so.to_string(),
        other => format!("{other:?}"),
    })
}

fn environment<'a>(database: &'a TestDatabase, endpoint: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__TELEMETRY__OTLP_ENDPOINT", endpoint)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_a_trace_with_its_use_case_and_each_statement_and_nothing_of_a_person() {
    let (database, collector) = (TestDatabase::create().await, HookServer::start().await);
    let base = collector.base();
    let mut environment = environment(&database, &base);
    environment.push(("ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION", "Bearer of-the-collector"));
    let node = Binary::serve(&environment);
    let signup =
        json!({"email": "grace@hopper.example", "name": "Grace Hopper", "organization_name": "Acme"});
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let anonymous = node.anonymous();
    let asking = anonymous.request(Method::POST, "/v1/signup").header("traceparent", &traceparent);
    let asked = Answer::of(asking.json(&signup)).await.expect(202);
    // It is the log's and the audit log's name for the request, too.
    assert_eq!(asked.header("x-request-id"), TRACE);
    // One that its sender does not want to be kept.
    let unwanted = format!("00-{}-{PARENT}-00", TRACE.replace('4', "5"));
    let asking = anonymous.request(Method::GET, "/v1/session").header("traceparent", &unwanted);
    Answer::of(asking).await.expect(401);
    node.terminate();

    let spans = spans(&collector).await;
    assert_eq!(collector.next(1).await.header("authorization"), "Bearer of-the-collector");
    let request = spans.iter().find(|span| span.name == "POST /v1/signup").expect("the request");
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(request.kind(), SpanKind::Server);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/signup"),
        ("http.response.status_code", "202"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(attribute(request, key).as_deref(), Some(value), "{key}");
    }
    let within = |parent: &Span| -> Vec<&Span> {
        spans
            .iter()
            .filter(|span| span.parent_span_id == parent.span_id && span.trace_id == parent.trace_id)
            .collect()
    };
    let units = within(request);
    let use_case = units.iter().find(|span| span.name.starts_with("accounts::")).expect("the use case");
    assert_eq!(attribute(use_case, "rollcall.unit").as_deref(), Some("change"));
    assert_eq!(attribute(use_case, "rollcall.committed").as_deref(), Some("true"));
    let statements = within(use_case);
    for name in ["INSERT signups", "COMMIT"] {
        let statement = statements.iter().find(|span| span.name == name);
        let statement = statement.unwrap_or_else(|| {
            panic!("{name} in {:?}", statements.iter().map(|s| &s.name).collect::<Vec<_>>())
        });
        assert_eq!(attribute(statement, "db.system.name").as_deref(), Some("postgresql"));
        assert_eq!(statement.kind(), SpanKind::Client);
        assert!(statement.start_time_unix_nano >= request.start_time_unix_nano);
        assert!(statement.end_time_unix_nano <= use_case.end_time_unix_nano);
    }

    assert!(
        !spans.iter().any(|span| span.name == "GET /v1/session"),
        "its sender did not want it to be kept"
    );
    // What a node does by itself is in no trace.
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
    let all = format!("{spans:?}").to_lowercase();
    for personal in ["grace", "hopper", "acme", "127.0.0.1", "user_id = '0", "org_id = '0"] {
        assert!(!all.contains(personal), "{personal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_requests_is_traced_and_without_an_endpoint_none() {
    let (database, collector) = (TestDatabase::create().await, HookServer::start().await);
    let base = collector.base();
    let mut none = environment(&database, &base);
    none.push(("ROLLCALL__TELEMETRY__SAMPLING_RATIO", "0"));
    for environment in [none, vec![("ROLLCALL__DATABASE__URL", database.url())]] {
        let node = Binary::serve(&environment);
        node.anonymous().get("/v1/session").await.expect(401);
        node.terminate();
        assert_eq!(collector.count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_hangs_or_is_not_there_delays_nobody_and_the_node_ends() {
    let database = TestDatabase::create().await;
    let hangs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [hangs_at, gone_at] = [&hangs, &gone].map(|at| format!("http://{}", at.local_addr().unwrap()));
    drop(gone);
    for endpoint in [hangs_at, gone_at] {
        let node = Binary::serve(&environment(&database, &endpoint));
        for _ in 0..50 {
            let answered =
                tokio::time::timeout(Duration::from_secs(5), node.anonymous().get("/v1/session")).await;
            answered.expect("an answer in time").expect(401);
        }
        let ended = tokio::task::spawn_blocking(|| node.terminate());
        tokio::time::timeout(Duration::from_secs(40), ended).await.expect("it ends").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_json_with_the_request_and_without_what_is_for_traces() {
    let (database, collector) = (TestDatabase::create().await, HookServer::start().await);
    let base = collector.base();
    for endpoint in ["", &base] {
        let mut environment = environment(&database, endpoint);
        environment.extend([("ROLLCALL__LOG__FORMAT", "json"), ("ROLLCALL__LOG__LEVEL", "info,sqlx=warn")]);
        let (node, log) = Binary::serve_with_log(&environment);
        let email = "grace@hopper.example";
        node.anonymous()
            .post("/v1/sessions", json!({"email": email, "password": PASSWORD}))
            .await
            .expect(401);
        node.terminate();
        let log = std::io::read_to_string(log).unwrap();
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        let answered = lines.iter().find(|line| line["message"] == "answered").expect("a line");
        assert_eq!((&answered["status"], &answered["span"]["route"]), (&json!(401), &json!("/v1/sessions")));
        assert_ne!(answered["span"]["request_id"], json!(null));
        assert_eq!(answered["span"]["name"], "request", "{answered}");
        assert_eq!(answered.get("spans"), None, "{answered}");
        assert!(
            !log.contains(email) && !log.contains("http.route") && !log.contains("rollcall::trace"),
            "{log}"
        );
    }
}

/// The token in the newest letter with a link to a page, once there is one.
async fn mailed_token(anonymous: &Caller, page: &str) -> String {
    until(&format!("a link to {page}"), async || {
        let mails = anonymous.get("/dev/mailbox.json").await.expect(200);
        let mut links = mails.list("data").iter().filter_map(|mail| mail["links"][0].as_str());
        let link = links.find(|link| link.contains(page))?.to_owned();
        Some(link.split_once("token=")?.1.to_owned())
    })
    .await
}

/// An authenticator app that was given a seed, at this moment: the node goes by this machine's clock, as the database does.
pub(crate) async fn authenticator(database: &TestDatabase, seed: &str) -> Authenticator {
    let now = database.rows("SELECT extract(epoch FROM now())::bigint AS now").await;
    let now = OffsetDateTime::from_unix_timestamp(now[0]["now"].as_i64().unwrap()).unwrap();
    Authenticator::of(seed, &ManualClock::at(now))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asvs_16_2_5_no_credential_is_in_the_log_at_any_level() {
    const EMAIL: &str = "grace@hopper.example";
    const ANOTHER: &str = "another horse, another battery";
    let (database, data) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let log = data.path().join("log");
    let environment = [
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap()),
        ("ROLLCALL__LOG__LEVEL", "trace"),
    ];
    let node = Binary::serve_logging_into(&environment, File::create(&log).unwrap());
    let anonymous = node.anonymous();
    let signup = json!({"email": EMAIL, "name": "Grace Hopper", "organization_name": "Acme"});
    anonymous.post("/v1/signup", signup).await.expect(202);
    let link = mailed_token(&anonymous, "/signup/complete").await;
    let complete = json!({"token": link, "password": PASSWORD});
    let signed_up = anonymous.post("/v1/signup/complete", complete).await.expect(201);
    let session = signed_up.text_at("/session/token");
    let grace = anonymous.with_token(session);
    let by_cookie = anonymous.request(Method::GET, "/v1/session");
    Answer::of(by_cookie.header("Cookie", format!("rollcall_session={session}"))).await.expect(200);
    let issued = grace.post("/v1/tokens", json!({})).await.expect(201);
    let token = issued.text_at("/access_token");
    anonymous.with_token(token).get("/v1/session").await.expect(200);
    let (_, key) = crate::api_keys::make(&grace, json!({})).await;
    anonymous.with_token(&key).get("/v1/session").await.expect(200);

    let begun = grace.post("/v1/me/mfa/totp", json!({})).await.expect(200);
    let seed = begun.text_at("/secret");
    let code = authenticator(&database, seed).await.code();
    let confirmed = grace.post("/v1/me/mfa/totp/confirm", json!({"code": code})).await.expect(200);
    let recovery_code = confirmed.list("recovery_codes")[0].as_str().unwrap();
    let asked =
        anonymous.post("/v1/sessions", json!({"email": EMAIL, "password": PASSWORD})).await.expect(200);
    let challenge = asked.text_at("/challenge");
    let answer = async |method: &str, code: &str| {
        let body = json!({"challenge": challenge, "method": method, "code": code});
        anonymous.post("/v1/sessions/mfa", body).await
    };
    // One that is used up gets nobody in.
    answer("totp", &code).await.problem(401, "invalid_mfa_code");
    answer("recovery_code", recovery_code).await.expect(201);

    anonymous.post("/v1/password-resets", json!({"email": EMAIL})).await.expect(202);
    let reset = mailed_token(&anonymous, "/password/reset").await;
    anonymous.get(&format!("/password/reset?token={reset}")).await.expect(200);
    let complete = json!({"token": reset, "password": ANOTHER});
    anonymous.post("/v1/password-resets/complete", complete).await.expect(204);
    node.terminate();

    let log = fs::read_to_string(log).unwrap();
    // As much as says which key it was, and what nobody but a developer wants to know.
    let (prefix, secret) = (&key[..16], &key[17..]);
    assert!(log.contains(prefix) && log.contains("DEBUG"));
    for (what, credential) in [
        ("a password", PASSWORD),
        ("a new password", ANOTHER),
        ("a session", session),
        ("an access token", token),
        ("an API key", secret),
        ("the link of a sign-up", link.as_str()),
        ("the link of a reset", reset.as_str()),
        ("a challenge", challenge),
        ("the seed of an app", seed),
        ("a recovery code", recovery_code),
    ] {
        assert_eq!(log.lines().find(|line| line.contains(credential)), None, "{what}");
    }
    // Six figures may stand in a longer number.
    let is_in =
        |line: &str| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').any(|word| word == code);
    let told = log.lines().find(|line| is_in(line));
    assert_eq!(told, None, "the code of an app");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_was_not_done_is_in_the_log_with_what_kept_it_from_being_done() {
    let database = TestDatabase::create().await;
    database.execute("REVOKE ALL ON deliveries FROM rollcall_app").await;
    let (node, log) = Binary::serve_with_log(&[
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__LOG__FORMAT", "json"),
    ]);
    let told = tokio::task::spawn_blocking(|| {
        let lines = BufReader::new(log).lines().map_while(Result::ok);
        let mut lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
        lines.find(|line| line["message"] == "regular work was not done; it is tried again")
    });
    let told = tokio::time::timeout(Duration::from_secs(60), told).await.expect("in time").unwrap();
    let why = "internal error: permission denied for table deliveries (SQLSTATE 42501)";
    assert_eq!(told.expect("a line")["error"], why);
    node.kill();
}

#[tokio::test]
async fn whether_a_node_is_ready_is_among_its_metrics_as_readyz_says_it() {
    let service = Service::start().await;
    let says = async || {
        let text = service.operations().get("/metrics").await.expect(200).text;
        text.lines().find_map(|line| line.strip_prefix("rollcall_ready ")).map(str::to_owned)
    };
    service.operations().get("/readyz").await.expect(200);
    assert_eq!(says().await.as_deref(), Some("1"));
    service.database.go_away().await;
    service.operations().get("/readyz").await.expect(503);
    assert_eq!(says().await.as_deref(), Some("0"));
    service.database.come_back().await;
    until("it is ready again", async || (says().await.as_deref() == Some("1")).then_some(())).await;
}

#[tokio::test]
async fn requests_that_a_limit_refuses_are_counted_and_how_many_streams_there_may_be_is_told() {
    let service = Service::start_with(&[
        ("limits.enabled", "true"),
        ("limits.attempts", "1"),
        ("stream.at_once", "4321"),
        ("stream.at_once_of_one_organization", "4321"),
    ])
    .await;
    let attempt = json!({"email": "nobody@example.com", "password": PASSWORD});
    service.anonymous().post("/v1/sessions", attempt.clone()).await.expect(401);
    service.anonymous().post("/v1/sessions", attempt).await.expect(429);
    let text = service.operations().get("/metrics").await.expect(200).text;
    assert!(text.contains(r#"rollcall_requests_limited_total{limit="attempts"} 1"#), "{text}");
    assert!(text.contains(r#"rollcall_requests_limited_total{limit="requests"} 0"#), "{text}");
    assert!(text.contains("rollcall_streams_limit 4321\n"), "{text}");
    assert!(text.contains(r#"rollcall_build_info{version="0.1.0""#), "{text}");
}
