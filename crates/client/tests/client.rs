//! The client against something that speaks as Rollcall does, and counts what it is asked.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on had better panic")]

use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rollcall_client::{Actor, Error, Outcome, Reporter, Rollcall, Settings};
use rollcall_domain::{Permission, UserId, secret::Secret};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

const USER: &str = "user_01h455vb4pex5vsknk084sn02q";
const ORGANIZATION: &str = "org_01h455vb4pex5vsknk084sn02q";

/// The guide for those who write services.
const GUIDE: &str = include_str!("../../../docs/integrating-a-service.md");
/// The files whose examples are compiled.
const EXAMPLES: [&str; 3] = [
    include_str!("../src/lib.rs"),
    include_str!("../src/report.rs"),
    include_str!("../src/client_address.rs"),
];

/// Something that speaks as Rollcall does.
struct Stub {
    base: String,
    state: Arc<Spoken>,
}

struct Spoken {
    introspections: AtomicUsize,
    key_sets: AtomicUsize,
    feeds: AtomicUsize,
    /// How the next questions are answered, as long as there are such.
    statuses: Mutex<Vec<u16>>,
    /// What the feed tells; nothing, not even that it is there, when empty.
    feed: watch::Sender<String>,
    /// How batches are answered that hold no poison.
    audit: AtomicU16,
    batches: Mutex<Vec<Vec<Value>>>,
}

impl Stub {
    async fn start() -> Self {
        let state = Arc::new(Spoken {
            introspections: AtomicUsize::new(0),
            key_sets: AtomicUsize::new(0),
            feeds: AtomicUsize::new(0),
            statuses: Mutex::default(),
            feed: watch::Sender::new(String::new()),
            audit: AtomicU16::new(200),
            batches: Mutex::default(),
        });
        let routes = Router::new()
            .route("/v1/introspect", post(introspect))
            .route("/.well-known/jwks.json", get(key_set))
            .route("/v1/service/revocations", get(feed))
            .route("/v1/audit/events", post(audit))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { base, state }
    }

    fn client(&self) -> Rollcall {
        Rollcall::connect(Settings::new(&self.base, "the credential")).unwrap()
    }

    /// A client that hears the feed.
    async fn client_that_hears(&self) -> Rollcall {
        self.state.feed.send_replace(":\n\n".to_owned());
        let client = self.client();
        let token = Secret::new("rcs_first");
        until("an answer that is remembered", async || {
            let before = self.introspections();
            client.authenticate(&token).await.unwrap();
            self.introspections() == before
        })
        .await;
        client
    }

    fn introspections(&self) -> usize {
        self.state.introspections.load(Ordering::SeqCst)
    }
}

async fn introspect(State(spoken): State<Arc<Spoken>>, headers: HeaderMap, body: String) -> Response {
    assert_eq!(headers["authorization"], "Bearer the credential");
    spoken.introspections.fetch_add(1, Ordering::SeqCst);
    let status = spoken.statuses.lock().unwrap().pop();
    if let Some(status) = status {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    if body.contains("bad") {
        return Json(json!({"active": false})).into_response();
    }
    Json(json!({
        "active": true, "sub": USER, "org": ORGANIZATION, "role": "viewer", "sid": "sess_01h455vb4pex5vsknk084sn02q",
        "exp": 9_999_999_999_i64,
    }))
    .into_response()
}

async fn key_set(State(spoken): State<Arc<Spoken>>) -> Json<Value> {
    spoken.key_sets.fetch_add(1, Ordering::SeqCst);
    Json(json!({"keys": []}))
}

/// Tells what there is to tell ten times a second.
async fn feed(State(spoken): State<Arc<Spoken>>) -> Response {
    spoken.feeds.fetch_add(1, Ordering::SeqCst);
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    tokio::spawn(async move {
        loop {
            let told = spoken.feed.borrow().clone();
            if !told.is_empty() && sender.send(told.into()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let pieces = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receiver))
    });
    Body::from_stream(pieces).into_response()
}

async fn audit(State(spoken): State<Arc<Spoken>>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    assert_eq!(headers["authorization"], "Bearer rck_key");
    let events = body["events"].as_array().unwrap().clone();
    assert!(events.len() <= 1_000);
    if events.iter().any(|event| event["action"] == "poison") {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let status = StatusCode::from_u16(spoken.audit.load(Ordering::SeqCst)).unwrap();
    spoken.batches.lock().unwrap().push(events);
    status
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !look().await {
        assert!(Instant::now() < deadline, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_answer_is_remembered_while_the_feed_is_heard_and_dropped_when_it_tells_of_an_end() {
    let stub = Stub::start().await;
    let client = stub.client_that_hears().await;
    let token = Secret::new("rcs_second");
    let caller = client.authenticate(&token).await.unwrap();
    assert_eq!(caller.require(Permission::AgentsRead).unwrap().to_string(), ORGANIZATION);
    let before = stub.introspections();
    assert_eq!(client.authenticate(&token).await, Ok(caller));
    assert_eq!(stub.introspections(), before);
    // What is told ends it, again and again.
    let end = format!(r#"{{"type":"user.suspended","user_id":"{USER}"}}"#);
    stub.state.feed.send_replace(format!("id: 1-1\nevent: user.suspended\ndata: {end}\n\n:\n\n"));
    until("another question", async || {
        client.authenticate(&token).await.unwrap();
        stub.introspections() > before
    })
    .await;
    // Of somebody else it does not.
    let end = end.replace(USER, "user_01h455vb4pex5vsknk084sn02r");
    stub.state.feed.send_replace(format!("id: 1-1\nevent: user.suspended\ndata: {end}\n\n:\n\n"));
    until("an answer that is remembered", async || {
        let before = stub.introspections();
        client.authenticate(&token).await.unwrap();
        stub.introspections() == before
    })
    .await;
    assert_eq!(client.authenticate(&Secret::new("rcs_bad")).await, Err(Error::Unauthenticated));
}

#[tokio::test]
async fn without_the_feed_each_token_is_asked_about_each_time() {
    let stub = Stub::start().await;
    let client = stub.client();
    for asked in 1..5 {
        client.authenticate(&Secret::new("rcs_first")).await.unwrap();
        assert_eq!(stub.introspections(), asked);
    }
    // And when it falls silent.
    let stub = Stub::start().await;
    let client = stub.client_that_hears().await;
    stub.state.feed.send_replace(String::new());
    until("another question each time", async || {
        let before = stub.introspections();
        client.authenticate(&Secret::new("rcs_first")).await.unwrap();
        stub.introspections() > before
    })
    .await;
    // A link that is silent for too long is made anew.
    until("another feed", async || stub.state.feeds.load(Ordering::SeqCst) > 1).await;
}

#[tokio::test]
async fn a_question_is_repeated_and_without_an_answer_nobody_is_let_in_nor_kept_waiting() {
    let stub = Stub::start().await;
    let client = stub.client();
    let token = Secret::new("rcs_first");
    stub.state.statuses.lock().unwrap().extend([503, 500]);
    assert!(client.authenticate(&token).await.is_ok());
    assert_eq!(stub.introspections(), 3);

    // What was refused would be refused again, and here it may have been one question too many.
    stub.state.statuses.lock().unwrap().push(429);
    let refused = client.authenticate(&Secret::new("rcs_second")).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    assert_eq!(stub.introspections(), 4);

    // Nobody listens here any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let client = Rollcall::connect(Settings::new(&base, "the credential")).unwrap();
    for _ in 0..3 {
        let refused = client.authenticate(&token).await;
        assert!(matches!(refused, Err(Error::Unavailable { retry_after: 1.. })), "{refused:?}");
    }
    let asked = Instant::now();
    for _ in 0..100 {
        assert!(client.authenticate(&token).await.is_err());
    }
    // As many questions would have taken more than a hundred pauses.
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn tokens_of_keys_that_are_not_known_do_not_make_the_keys_be_fetched_each_time() {
    let stub = Stub::start().await;
    let client = stub.client();
    for kid in 0..100 {
        // {"typ":"at+jwt","alg":"EdDSA","kid":"…"}
        let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#);
        let part =
            |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
        let token = Secret::new(format!("{}.{}.{}", part(&header), part("{}"), part(&"x".repeat(64))));
        assert_eq!(client.authenticate(&token).await, Err(Error::Unauthenticated));
    }
    assert_eq!((stub.state.key_sets.load(Ordering::SeqCst), stub.introspections()), (1, 0));
}

fn events_of(stub: &Stub) -> Vec<Value> {
    stub.state.batches.lock().unwrap().iter().flatten().cloned().collect()
}

fn report(reporter: &Reporter, actions: &[&str]) {
    let user: UserId = USER.parse().unwrap();
    for action in actions {
        reporter.report(Actor::User { id: user }, action, ("agent", "a1"), Outcome::Success).unwrap();
    }
}

fn open(client: &Rollcall, path: &Path) -> Reporter {
    Reporter::open(client, path, Secret::new("rck_key")).unwrap()
}

#[tokio::test]
async fn events_wait_until_they_are_taken_and_outlive_whoever_reported_them() {
    let stub = Stub::start().await;
    let client = stub.client();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    stub.state.audit.store(503, Ordering::SeqCst);
    let reporter = open(&client, &path);
    report(&reporter, &["agent.created", "agent.deleted"]);
    until("a try", async || events_of(&stub).len() >= 2).await;
    let first = events_of(&stub)[0].clone();
    assert_eq!(
        (&first["action"], &first["actor"], &first["target"], &first["outcome"]),
        (
            &json!("agent.created"),
            &json!({"type": "user", "id": USER}),
            &json!({"type": "agent", "id": "a1"}),
            &json!("success")
        )
    );
    assert!(
        first["id"].as_str().unwrap().starts_with("evt_")
            && first["occurred_at"].as_str().unwrap().ends_with('Z')
    );
    drop(reporter);
    // It ends with whoever reports, and somebody else goes on with the file.
    stub.state.audit.store(200, Ordering::SeqCst);
    let reporter = open(&client, &path);
    until("nothing that waits", async || std::fs::metadata(&path).unwrap().len() == 0).await;
    let all = events_of(&stub);
    let of_first: Vec<&Value> = all.iter().filter(|event| event["action"] == "agent.created").collect();
    // From before the end, and from whoever went on.
    assert!(of_first.len() >= 2, "{of_first:?}");
    assert!(of_first.iter().all(|event| event["id"] == first["id"]), "{of_first:?}");
    assert_eq!(all.last().unwrap()["action"], "agent.deleted");
    report(&reporter, &["agent.changed"]);
    until("the next", async || events_of(&stub).last().unwrap()["action"] == "agent.changed").await;
}

#[tokio::test]
async fn many_events_come_in_batches_and_one_that_is_not_taken_keeps_no_other() {
    let stub = Stub::start().await;
    let client = stub.client();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let reporter = open(&client, &path);
    let names: Vec<String> = (0..2_500).map(|number| format!("action.{number}")).collect();
    let mut actions: Vec<&str> = names.iter().map(String::as_str).collect();
    actions.insert(1_700, "poison");
    report(&reporter, &actions);
    until("nothing that waits", async || std::fs::metadata(&path).unwrap().len() == 0).await;
    let taken: Vec<String> =
        events_of(&stub).iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(taken, names);
    assert!(stub.state.batches.lock().unwrap().len() < 2_500);
    let aside = std::fs::read_to_string(path.with_file_name("events.rejected")).unwrap();
    assert!(aside.lines().count() == 1 && aside.contains("poison"), "{aside}");
}

#[test]
fn whatever_the_guide_shows_in_rust_is_compiled_as_an_example() {
    let compiled: Vec<&str> = EXAMPLES
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("//! ").or(line.strip_prefix("/// ")))
        .collect();
    let blocks: Vec<&str> =
        GUIDE.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 4, "{blocks:?}");
    let missing: Vec<&str> =
        blocks.iter().flat_map(|block| block.lines()).filter(|line| !compiled.contains(line)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
