//! Webhooks of one organization that hang, and of others that do not.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rollcall_adapter_postgres::{Connection, PgStore};
use rollcall_application::webhooks::{Claimed, Post, Room, Subscriber};
use rollcall_domain::{OrganizationId, secret::Secret};
use rollcall_tests::{HookServer, Service, Team, until};
use serde_json::json;
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::webhooks::{Chance, WEBHOOK, deliveries};

/// Takes connections, and says nothing for ever.
struct Hangs {
    base: String,
    came: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Hangs {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (base, came) =
            (format!("http://{}", listener.local_addr().unwrap()), Arc::<AtomicUsize>::default());
        let count = came.clone();
        let accepting = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { base, came, accepting }
    }

    async fn has(&self, count: usize) {
        until(&format!("{count} connections"), async || {
            (self.came.load(Ordering::SeqCst) >= count).then_some(())
        })
        .await;
    }
}

impl Drop for Hangs {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn id(team: &Team) -> OrganizationId {
    team.organization.parse().unwrap()
}

async fn queue(service: &Service, team: &Team, count: usize, due: &str) {
    let organization = id(team).uuid();
    service
        .database
        .execute(&format!(
            "INSERT INTO escalation_deliveries (org_id, delivery_id, action, data, created_at, due_at)
             SELECT '{organization}', gen_random_uuid(), 'escalation.created', '{{}}', '2026-02-01',
                    '{due}'::timestamptz + n * interval '1 millisecond'
               FROM generate_series(1, {count}) n"
        ))
        .await;
}

async fn number(service: &Service, query: &str) -> i64 {
    service.database.rows(query).await[0]["number"].as_i64().unwrap()
}

#[tokio::test]
async fn a_webhook_that_hangs_delays_nobody_else_s_and_all_that_goes_to_it_waits() {
    let service = Service::start().await;
    let (hangs, hook) = (Hangs::start().await, HookServer::start().await);
    let (one, other) = (Team::assemble(&service, "Hangs").await, Team::assemble(&service, "Too").await);
    let team = Team::assemble(&service, "Acme").await;
    for hanging in [&one, &other] {
        hanging.owner().put(WEBHOOK, json!({"url": hangs.base})).await.expect(200);
        queue(&service, hanging, 30, "2026-02-01").await;
    }
    team.owner().put(WEBHOOK, json!({"url": hook.base()})).await.expect(200);
    hangs.has(2).await;
    crate::escalations::escalate(team.owner(), "ours", 5).await;
    hook.next(1).await;
    // Nobody has given up the others meanwhile.
    let of_hanging = format!("org_id IN ('{}', '{}')", id(&one).uuid(), id(&other).uuid());
    let given_up = format!(
        "SELECT count(*) AS number FROM escalation_deliveries WHERE {of_hanging} AND last_error IS NOT NULL"
    );
    assert_eq!(number(&service, &given_up).await, 0);
    until("both are given up", async || (number(&service, &given_up).await == 2).then_some(())).await;
    // What else goes there waits with them, while others are sent theirs.
    for sent in 2..=4 {
        crate::escalations::escalate(team.owner(), &format!("ours {sent}"), 5).await;
        hook.next(sent).await;
    }
    assert_eq!(hangs.came.load(Ordering::SeqCst), 2);
    service.clock.advance(Duration::seconds(6));
    hangs.has(4).await;
    // One for each: it is only tried whether they answer by now.
    crate::escalations::escalate(team.owner(), "ours again", 5).await;
    hook.next(5).await;
    assert_eq!(hangs.came.load(Ordering::SeqCst), 4);
    deliveries(team.owner(), "sent", 5).await;
}

/// Later than the service's clock, so that it leaves alone what is due by then.
const DUE: &str = "2030-01-01";
const NOW: OffsetDateTime = datetime!(2030-01-02 00:00:00 UTC);

struct Taking {
    store: PgStore,
    room: Room,
}

impl Taking {
    async fn from(service: &Service) -> Self {
        let connection = Connection {
            url: Secret::new(service.database.url()),
            pooler_url: None,
            replica_url: None,
            max_connections: 1,
            acquire_timeout: std::time::Duration::from_secs(30),
            statement_timeout: std::time::Duration::from_secs(30),
        };
        let store = PgStore::connect(&connection, Arc::new(Chance)).await.unwrap();
        Self { store, room: Room { places: 20, new: 8, slow: 4, busy: Vec::new() } }
    }

    /// What is taken with so much room. It is due again at once.
    async fn with(&self, room: Room) -> Vec<Claimed> {
        self.store.claim(NOW, NOW, &room).await.unwrap()
    }

    async fn of(&self, room: Room, team: &Team) -> usize {
        self.with(room).await.iter().filter(|claimed| claimed.organization == id(team)).count()
    }

    fn room(&self) -> Room {
        self.room.clone()
    }
}

#[tokio::test]
async fn however_much_waits_an_organization_has_two_places_and_one_until_it_has_answered_and_none_in_a_pause()
{
    let service = Service::start().await;
    let (many, few) = (Team::assemble(&service, "Many").await, Team::assemble(&service, "Few").await);
    for team in [&many, &few] {
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    }
    queue(&service, &many, 500, DUE).await;
    queue(&service, &few, 1, DUE).await;
    let taking = Taking::from(&service).await;
    let set = async |what: &str| {
        let statement =
            format!("UPDATE escalation_webhooks SET {what} WHERE org_id = '{}'", id(&many).uuid());
        service.database.execute(&statement).await;
    };
    let both = taking.with(taking.room()).await;
    assert_eq!(both.len(), 2, "{both:?}");
    assert_ne!(both[0].organization, both[1].organization);
    assert_eq!(taking.with(Room { new: 1, ..taking.room() }).await.len(), 1);
    assert!(taking.with(Room { new: 0, ..taking.room() }).await.is_empty());
    set("score = 1").await;
    assert_eq!(taking.of(Room { new: 0, ..taking.room() }, &many).await, 2);
    for (count, left) in [(1, 1), (2, 0), (3, 0)] {
        let busy = vec![(id(&many), Subscriber::Escalations, count)];
        assert_eq!(taking.of(Room { busy, ..taking.room() }, &many).await, left, "{count}");
        // What goes to its witness is somebody else's.
        let busy = vec![(id(&many), Subscriber::Witness, count)];
        assert_eq!(taking.of(Room { busy, ..taking.room() }, &many).await, 2);
    }
    set("score = -3, misses = 2").await;
    assert_eq!(taking.of(taking.room(), &many).await, 1);
    assert_eq!(taking.of(Room { slow: 0, ..taking.room() }, &many).await, 0);
    set("paused_until = '2030-01-02 00:00:01Z'").await;
    assert_eq!(taking.of(taking.room(), &many).await, 0);
    set("paused_until = '2030-01-02'").await;
    let slow = taking.with(taking.room()).await.into_iter().find(|claimed| claimed.organization == id(&many));
    let slow = slow.unwrap();
    assert_eq!((slow.standing.score, slow.standing.misses), (-3, 2));
    // What is noted is what the next time goes by, unless the webhook was chosen anew meanwhile.
    let until = Some(NOW + Duration::HOUR);
    taking.store.note_standing(&slow, slow.standing, until).await.unwrap();
    assert_eq!(taking.of(taking.room(), &many).await, 0);
    many.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    queue(&service, &many, 5, DUE).await;
    taking.store.note_standing(&slow, slow.standing, until).await.unwrap();
    assert_eq!(taking.of(taking.room(), &many).await, 1);
    // Whoever was slow is not new for that.
    assert_eq!(taking.of(Room { slow: 0, ..taking.room() }, &many).await, 0);
    taking.store.close().await;
}

#[tokio::test]
async fn there_are_never_more_taken_than_there_are_places_of_checkpoints_and_escalations_together() {
    let service = Service::start().await;
    let taking = Taking::from(&service).await;
    for name in ["One", "Two", "Three"] {
        let team = Team::assemble(&service, name).await;
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
        queue(&service, &team, 5, DUE).await;
        let organization = id(&team).uuid();
        for statement in [
            format!(
                "INSERT INTO audit_witnesses (org_id, kind, address, secret, set_at, next_at)
                 VALUES ('{organization}', 'webhook', 'http://127.0.0.1:9/', 'x', '2026-02-01', '2040-01-01')"
            ),
            format!(
                "INSERT INTO audit_deliveries (org_id, delivery_id, kind, size, note, created_at, due_at)
                 SELECT '{organization}', gen_random_uuid(), 'webhook', 1, '', '2026-02-01', '{DUE}'
                   FROM generate_series(1, 5)"
            ),
        ] {
            service.database.execute(&statement).await;
        }
    }
    for places in 1..=7_u16 {
        let taken = taking.with(Room { places, ..taking.room() }).await;
        assert_eq!(taken.len(), usize::from(places.min(6)), "{taken:?}");
    }
    let taken = taking.with(taking.room()).await;
    // One of each for each.
    for to in [Subscriber::Witness, Subscriber::Escalations] {
        let mut of: Vec<_> =
            taken.iter().filter(|claimed| claimed.to == to).map(|claimed| claimed.organization).collect();
        of.sort();
        of.dedup();
        assert_eq!((of.len(), taken.len()), (3, 6));
    }
    taking.store.close().await;
}

#[tokio::test]
async fn where_too_much_waits_what_has_waited_longest_is_given_up_and_shown_so() {
    let service = Service::start().await;
    let (many, few) = (Team::assemble(&service, "Many").await, Team::assemble(&service, "Few").await);
    for team in [&many, &few] {
        team.owner().put(WEBHOOK, json!({"url": "http://127.0.0.1:9/"})).await.expect(200);
    }
    queue(&service, &many, 10, DUE).await;
    queue(&service, &many, 2, "2029-01-01").await;
    queue(&service, &few, 10, "2029-01-01").await;
    let taking = Taking::from(&service).await;
    assert_eq!(taking.store.give_up(NOW, 10, "too much").await.unwrap(), 2);
    assert_eq!(taking.store.give_up(NOW, 10, "too much").await.unwrap(), 0);
    let failed = deliveries(many.owner(), "failed", 2).await;
    let failed: Vec<_> = failed.iter().filter(|delivery| delivery["state"] == "failed").collect();
    assert!(failed.iter().all(|delivery| delivery["error"] == "too much"), "{failed:?}");
    let early = "SELECT count(*) AS number FROM escalation_deliveries WHERE state = 'failed' AND due_at < '2030-01-01'";
    assert_eq!((failed.len(), number(&service, early).await), (2, 2));
    taking.store.close().await;
}
