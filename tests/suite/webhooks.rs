//! Where the platform is told what becomes of escalated calls.

use rollcall_application::{
    audit::Record,
    ports::{Entropy, Scope, Store},
};
use rollcall_domain::{
    EventId, OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Event, Origin},
};
use rollcall_server::SystemEntropy;
use rollcall_tests::{Answer, Caller, HookServer, Service, Team, store_at, until};
use serde_json::{Value, json};
use sqlx::Connection as _;
use time::{Duration, macros::datetime};

use crate::tokens::RING;

pub(crate) const WEBHOOK: &str = "/v1/escalations/webhook";

/// Commits what a use case about escalations would.
async fn escalate(service: &Service, team: &Team, action: Action) -> EventId {
    let entropy: &dyn Entropy = &SystemEntropy;
    let store = store_at(service.database.url(), 1).await;
    let organization: OrganizationId = team.organization.parse().unwrap();
    let at = datetime!(2026-03-01 09:00:00 UTC);
    let id: EventId = entropy.id(at);
    let event = Event::new(id, at, AuditActor::System, Origin::default(), action, AuditTarget::Nothing);
    let unit = store.begin(Scope::Organization(organization)).await.unwrap();
    unit.commit(Record::of(event, entropy)).await.unwrap();
    store.close().await;
    id
}

/// The deliveries, once so many are in a state.
pub(crate) async fn deliveries(owner: &Caller, state: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} deliveries that are {state}"), async || {
        let shown = owner.get(WEBHOOK).await.expect(200);
        let deliveries = shown.list("deliveries");
        let there = deliveries.iter().filter(|delivery| delivery["state"] == state).count();
        (there >= count).then(|| deliveries.clone())
    })
    .await
}

#[tokio::test]
async fn the_platform_is_told_what_becomes_of_escalated_calls_signed_and_once_however_many_nodes_there_are() {
    let ring = [("keys.ring", RING)];
    let service = Service::start_with(&ring).await;
    let other = Service::start_on(service.database.clone(), service.clock.clone(), &ring).await;
    let (team, others) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Others").await);
    let owner = team.owner();
    owner.get(WEBHOOK).await.problem(404, "not_found");
    // Before there is anybody to be told, nothing is queued.
    escalate(&service, &team, Action::EscalationCreated).await;
    let hook = HookServer::start().await;
    let chosen = owner.put(WEBHOOK, json!({"url": format!("{}/calls", hook.base())})).await.expect(200);
    let secret = chosen.text_at("/secret").to_owned();
    escalate(&service, &others, Action::EscalationCreated).await;
    let event = escalate(&service, &team, Action::EscalationClaimed).await;
    let told = hook.next(1).await;
    told.assert_signed(&secret);
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((told.path.as_str(), &body["type"]), ("/calls", &json!("escalation.claimed")));
    assert_eq!((&body["data"]["id"], &body["timestamp"]), (&json!(event), &json!("2026-03-01T09:00:00Z")));
    let sent = deliveries(owner, "sent", 1).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["id"], told.header("webhook-id"));
    // What is not about escalations is for those who watch.
    escalate(&service, &team, Action::AvailabilityChanged).await;
    escalate(&service, &team, Action::EscalationResolved).await;
    hook.next(2).await;
    deliveries(owner, "sent", 2).await;
    assert_eq!(hook.count(), 2);
    let shown = owner.get(WEBHOOK).await.expect(200);
    assert!(shown.body.get("secret").is_none() && !shown.text.contains(&secret[6..]));
    let kept = service.database.rows("SELECT encode(secret, 'escape') AS secret FROM subscribers").await;
    assert!(!kept[0]["secret"].as_str().unwrap().contains(&secret[6..]));
    // Chosen again, it has another secret.
    let again = owner.put(WEBHOOK, json!({"url": format!("{}/calls", hook.base())})).await.expect(200);
    assert_ne!(again.text_at("/secret"), secret);
    escalate(&service, &team, Action::EscalationReleased).await;
    hook.next(3).await.assert_signed(again.text_at("/secret"));
    owner.delete(WEBHOOK).await.expect(204);
    escalate(&service, &team, Action::EscalationAbandoned).await;
    let queued = service.database.rows("SELECT 1 AS one FROM deliveries WHERE state = 'queued'").await;
    assert!(queued.is_empty());
    other.stop().await;
}

#[tokio::test]
async fn what_a_webhook_does_not_take_is_tried_again_given_up_and_sent_once_more_when_it_is_asked_for() {
    let service = Service::start_with(&[("sessions.idle_hours", "1000")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let hook = HookServer::start().await;
    hook.answer(500);
    owner.put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    escalate(&service, &team, Action::EscalationCreated).await;
    for attempt in 1..=10 {
        hook.next(attempt).await;
        until("the attempt is over", async || {
            let shown = owner.get(WEBHOOK).await.expect(200);
            (!shown.body["deliveries"][0]["error"].is_null()).then_some(())
        })
        .await;
        service.clock.advance(Duration::hours(9));
    }
    let failed = deliveries(owner, "failed", 1).await;
    assert_eq!(
        (&failed[0]["attempts"], &failed[0]["error"]),
        (&json!(10), &json!("it answered with status 500"))
    );
    let first = hook.next(1).await;
    let health = owner.get(WEBHOOK).await.expect(200).body["health"].clone();
    // It says no, but says so: nothing is paused for that.
    assert_eq!(
        health,
        json!({"last_sent_at": null, "last_failed_at": health["last_failed_at"], "last_error": "it answered with status 500",
               "paused_until": null, "waiting": 0, "given_up": 1})
    );
    assert!(health["last_failed_at"].is_string());
    hook.answer(204);
    let resent = owner.post(&format!("{WEBHOOK}/resend"), json!({})).await.expect(200);
    assert_eq!(resent.body, json!({"deliveries": 1}));
    deliveries(owner, "sent", 1).await;
    let after = owner.get(WEBHOOK).await.expect(200).body["health"].clone();
    assert_eq!((&after["given_up"], &after["last_failed_at"]), (&json!(0), &health["last_failed_at"]));
    assert!(after["last_sent_at"].is_string());
    // Whoever gets it can tell that it is the same.
    assert_eq!(hook.next(11).await.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(
        owner.post(&format!("{WEBHOOK}/resend"), json!({})).await.expect(200).body,
        json!({"deliveries": 0})
    );
}

#[tokio::test]
async fn attack_33_a_webhook_leads_to_no_private_address_and_only_an_owner_who_has_just_proved_it_chooses_one()
 {
    let service = Service::start_with(&[("webhooks.anywhere", "false")]).await;
    let team = Team::assemble(&service, "Acme").await;
    for url in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "http://example.com/",
        "https://localhost/",
    ] {
        team.owner().put(WEBHOOK, json!({"url": url})).await.invalid("url");
    }
    let url = json!({"url": "https://example.com/"});
    team.caller("admin").put(WEBHOOK, url.clone()).await.problem(403, "permission_denied");
    service.clock.advance(Duration::minutes(11));
    team.owner().put(WEBHOOK, url).await.problem(403, "elevation_required");
}

#[tokio::test]
async fn what_becomes_of_an_escalated_call_is_on_the_stream_and_at_the_webhook_alike() {
    let service = Service::start_with(&[("stream.heartbeat_seconds", "1")]).await;
    let (team, others) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Others").await);
    let (owner, hook) = (team.owner(), HookServer::start().await);
    let chosen = owner.put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    let secret = chosen.text_at("/secret");
    crate::agents::choose(owner, "available").await.expect(200);
    let mut events = crate::stream::watch(owner).await;
    crate::stream::begun(&mut events).await;
    crate::escalations::escalate(others.owner(), "theirs", 5).await;
    let id = crate::escalations::escalate(owner, "ours", 5).await;
    let claimed = crate::escalations::claim(owner, &id).await.expect(200);
    let token = claimed.text_at("/lease/token").to_owned();
    crate::escalations::by_lease(owner, &id, "resolve", &token).await.expect(200);
    let mut live = Vec::new();
    while live.len() < 3 {
        let event = events.next().await.unwrap();
        if event.kind.starts_with("escalation.") {
            live.push((event.kind.clone(), event.data.clone()));
        }
    }
    // Deliveries may overtake each other.
    let mut sent = Vec::new();
    for number in 1..=3 {
        let message = hook.next(number).await;
        message.assert_signed(secret);
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(message.header("webhook-id").split('_').next(), Some("delivery"));
        assert_eq!(body["data"]["target"], json!({"type": "escalation", "id": id}));
        sent.push((body["type"].as_str().unwrap().to_owned(), body["data"].clone()));
    }
    let in_order = |told: &mut Vec<(String, Value)>| told.sort_by_key(|(kind, _)| kind.clone());
    in_order(&mut live);
    in_order(&mut sent);
    assert_eq!(live, sent);
    let kinds: Vec<&str> = sent.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["escalation.claimed", "escalation.created", "escalation.resolved"]);
    deliveries(owner, "sent", 3).await;
    assert_eq!(hook.count(), 3);
}

/// A keyring of one key, which is nothing but this number.
pub(crate) fn ring(id: u8) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("{id}:{}", STANDARD.encode([id; 32]))
}

/// A webhook that was chosen while the ring was the first, and has something waiting for it, is sent that with its secret once the ring is
/// the second.
pub(crate) async fn outlives_the_ring(service: Service, hook: &HookServer, chosen: &Answer) {
    hook.next(1).await;
    let both = format!("{},{}", ring(2), ring(1));
    let rotating = Service::start_on_values(&service, &[("keys.ring", &both)]).await;
    until("the secret is sealed anew", async || {
        let rows = service.database.rows("SELECT get_byte(secret, 0) AS key FROM subscribers").await;
        (rows[0]["key"] == 2).then_some(())
    })
    .await;
    rotating.stop().await;
    let (database, clock) = (service.database.clone(), service.clock.clone());
    service.stop().await;
    // It is tried again with what the new key opens.
    let _after = Service::start_on(database, clock.clone(), &[("keys.ring", &ring(2))]).await;
    clock.advance(Duration::minutes(3));
    hook.next(2).await.assert_signed(chosen.text_at("/secret"));
}

#[tokio::test]
async fn asvs_13_3_4_the_secret_of_a_webhook_for_escalations_outlives_the_keys_of_the_ring() {
    let service = Service::start_with(&[("keys.ring", &ring(1))]).await;
    let team = Team::assemble(&service, "Acme").await;
    let hook = HookServer::start().await;
    hook.answer(503);
    let chosen = team.owner().put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    crate::escalations::escalate(team.owner(), "ours", 5).await;
    outlives_the_ring(service, &hook, &chosen).await;
}

#[tokio::test]
async fn what_waits_for_webhooks_of_deleted_organizations_keeps_nobody_else_s_from_being_sent() {
    let service = Service::start().await;
    let (gone, team) = (Team::assemble(&service, "Gone").await, Team::assemble(&service, "Acme").await);
    let hook = HookServer::start().await;
    for owner in [gone.owner(), team.owner()] {
        owner.put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    }
    let organization = gone.uuid();
    service
        .database
        .execute(&format!(
            "UPDATE organizations SET deleted_at = now(), purge_at = now() + interval '720 hours' WHERE org_id = '{organization}'"
        ))
        .await;
    // More than are sent at a time, and due before all others.
    service
        .database
        .execute(&format!(
            "INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
             SELECT '{organization}', gen_random_uuid(), 'escalations', 'escalation.created', '{{}}', '2026-02-01', '2026-02-01'
               FROM generate_series(1, 50)"
        ))
        .await;
    crate::escalations::escalate(team.owner(), "ours", 5).await;
    deliveries(team.owner(), "sent", 1).await;
    assert_eq!(hook.count(), 1);
}

#[tokio::test]
async fn what_subscribers_are_told_is_queued_before_anybody_waits_for_their_turn_on_the_stream() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let hook = HookServer::start().await;
    team.owner().put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    crate::escalations::escalate(team.owner(), "first", 5).await;
    let turn = service.database.open_transaction("SELECT FROM stream_heads FOR UPDATE").await;
    let waits_with_it_queued = until("a commit waits that has queued what it tells", async || {
        let waiting = "SELECT FROM pg_locks turn JOIN pg_locks queued ON queued.pid = turn.pid
                         AND queued.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                         AND queued.relation = 'deliveries'::regclass AND queued.mode = 'RowExclusiveLock'
                        WHERE NOT turn.granted";
        (!service.database.rows(waiting).await.is_empty()).then_some(())
    });
    let then = async {
        waits_with_it_queued.await;
        turn.roll_back().await;
    };
    tokio::join!(crate::escalations::escalate(team.owner(), "second", 5), then);
    hook.next(2).await;
}

#[tokio::test]
async fn what_cannot_be_read_waits_by_itself_and_holds_up_nobody_else_s() {
    let service = Service::start().await;
    let (broken, team) = (Team::assemble(&service, "Broken").await, Team::assemble(&service, "Acme").await);
    let hook = HookServer::start().await;
    for chooses in [&broken, &team] {
        chooses.owner().put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    }
    let of = |team: &Team| format!("WHERE org_id = '{}'", team.uuid());
    // As a node of another version might write it; both are due at once.
    service
        .database
        .execute(&format!(
            "UPDATE subscribers SET address = 'of another kind' {};
             INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
             SELECT org_id, gen_random_uuid(), topic, 'escalation.created', '{{}}', set_at, set_at FROM subscribers",
            of(&broken)
        ))
        .await;
    hook.next(1).await;
    let query = format!("SELECT state, attempts, last_error FROM deliveries {}", of(&broken));
    let noted = until("it is noted that it cannot be read", async || {
        let row = service.database.rows(&query).await.remove(0);
        row["last_error"].is_string().then_some(row)
    })
    .await;
    assert_eq!(
        noted,
        json!({"state": "queued", "attempts": 1, "last_error": "it cannot be read as it is kept"})
    );
    // In the end it is given up, and said to whoever runs the service.
    service
        .database
        .execute(&format!("UPDATE deliveries SET attempts = 100, due_at = created_at {}", of(&broken)))
        .await;
    until("it is given up", async || {
        (service.database.rows(&query).await[0]["state"] == "failed").then_some(())
    })
    .await;
    until("it is counted", async || {
        let metrics = service.operations().get("/metrics").await.expect(200).text;
        metrics.contains("rollcall_webhooks_given_up 1").then_some(())
    })
    .await;
    // Once it can be read it goes out, when it is asked for.
    let right = format!("UPDATE subscribers SET address = '{}' {}", hook.base(), of(&broken));
    service.database.execute(&right).await;
    broken.owner().post(&format!("{WEBHOOK}/resend"), json!({})).await.expect(200);
    hook.next(2).await;
}

#[tokio::test]
async fn the_outbox_sees_what_goes_by_mail_and_nothing_that_goes_to_a_webhook() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    for (team, kind, secret) in [(&team, "webhook", "'x'"), (&other, "mail", "NULL")] {
        let id = team.uuid();
        service
            .database
            .execute(&format!(
                "INSERT INTO subscribers (org_id, topic, kind, address, secret, set_at, next_at)
                 VALUES ('{id}', 'checkpoints', '{kind}', 'nowhere', {secret}, now(), '2040-01-01');
                 INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
                 VALUES ('{id}', gen_random_uuid(), 'checkpoints', 'audit.checkpoint', '{{}}', now(), '2040-01-01')"
            ))
            .await;
    }
    let mut connection = service.database.connect_as_service().await;
    let mut outbox = connection.begin().await.unwrap();
    sqlx::query("SET LOCAL rollcall.task = 'outbox'").execute(&mut *outbox).await.unwrap();
    for table in ["subscribers", "deliveries"] {
        let seen: Vec<uuid::Uuid> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT org_id FROM {table}")))
                .fetch_all(&mut *outbox)
                .await
                .unwrap();
        assert_eq!(seen, [other.uuid()], "{table}");
    }
}
