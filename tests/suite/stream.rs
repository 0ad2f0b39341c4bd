//! Live events: who is told what, from where on, and until when.

use std::time::{Duration, Instant};

use reqwest::Method;
use rollcall_tests::{Caller, Events, PASSWORD, Service, Team, until};
use serde_json::{Value, json};

use crate::{nodes::Pair, tokens::RING};

pub(crate) const STREAM: &str = "/v1/stream";
/// The longest that a stream goes on after what it was opened with has ended.
const BOUND: Duration = Duration::from_secs(1);
/// Signs of life come often here, so that no test waits for them.
const OFTEN: (&str, &str) = ("stream.heartbeat_seconds", "1");

pub(crate) async fn watch(caller: &Caller) -> Events {
    Events::open(caller.request(Method::GET, STREAM)).await
}

async fn watch_from(caller: &Caller, last: &str) -> Events {
    Events::open(caller.request(Method::GET, STREAM).header("Last-Event-ID", last)).await
}

/// Waits until a stream has begun, so that what happens from now on is told.
pub(crate) async fn begun(events: &mut Events) {
    let before = events.until_beats(1).await;
    assert!(before.is_empty(), "{before:?}");
}

/// Tells an organization so many things, as commits would, all of one kind.
pub(crate) async fn tell(
    service: &Service,
    organization: &str,
    permission: &str,
    count: u32,
    padding: usize,
) {
    let organization = organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
    let kind = permission.replace(':', ".");
    service
        .database
        .execute(&format!(
            "WITH head AS (INSERT INTO stream_heads AS h (org_id, last) VALUES ('{organization}', {count})
                           ON CONFLICT (org_id) DO UPDATE SET last = h.last + {count} RETURNING last)
             INSERT INTO stream_events (org_id, sequence, event_id, action, permission, data, occurred_at)
             SELECT '{organization}', head.last - {count} + n, gen_random_uuid(), '{kind}', '{permission}',
                    jsonb_build_object('n', n, 'padding', repeat('x', {padding})), '2026-03-01T09:00:00Z'
               FROM head, generate_series(1, {count}) n"
        ))
        .await;
}

async fn start() -> (Service, Team) {
    let service = Service::start_with(&[OFTEN, ("keys.ring", RING)]).await;
    let team = Team::assemble(&service, "Acme").await;
    (service, team)
}

/// The same person at the second of two nodes.
fn at_the_second(pair: &Pair, role: &str) -> Caller {
    pair.second.anonymous().with_token(pair.team.caller(role).token())
}

async fn invite(team: &Team) -> String {
    let body = json!({"email": Service::new_address("guest"), "role": "viewer"});
    team.owner().post("/v1/invitations", body).await.expect(201).text_at("/id").to_owned()
}

#[tokio::test]
async fn an_event_says_what_to_look_at_again_and_names_nobody() {
    let (service, team) = start().await;
    let mut events = watch(team.owner()).await;
    begun(&mut events).await;
    let path = format!("/v1/members/{}", team.id("member"));
    team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
    let told = events.next().await.unwrap();
    assert_eq!(told.kind, "member.role_changed");
    let log = "SELECT event_id FROM audit_events WHERE action = 'member.role_changed'";
    let id: uuid::Uuid = service.database.rows(log).await[0]["event_id"].as_str().unwrap().parse().unwrap();
    let expected = json!({
        "id": rollcall_domain::EventId::from_uuid(id), "type": "member.role_changed", "occurred_at": "2026-03-01T09:00:00Z",
        "actor": {"id": team.id("owner"), "type": "user"}, "target": {"id": team.id("member"), "type": "user"},
        "changes": [{"field": "role", "before": "member", "after": "viewer"}],
    });
    assert_eq!(told.data, expected);

    let invitation = invite(&team).await;
    let told = events.next().await.unwrap();
    assert_eq!((told.kind.as_str(), &told.data["target"]["id"]), ("invitation.created", &json!(invitation)));
    service.set_plan(&team.organization, "enterprise").await;
    team.owner().patch("/v1/security", json!({"audit_log": {"enabled": true}})).await.expect(200);
    assert_eq!(events.next().await.unwrap().kind, "security.changed");
    // What was refused, and what is none of these, is not told.
    team.caller("viewer")
        .post("/v1/invitations", json!({"email": "x@example.com", "role": "viewer"}))
        .await
        .expect(403);
    crate::api_keys::make(team.owner(), json!({})).await;
    events.quiet().await;
    let kept = service.database.rows("SELECT data::text AS data FROM stream_events").await;
    assert!(kept.len() >= 7, "{kept:?}");
    let kept = Value::from(kept).to_string();
    assert!(
        !kept.contains("@example.com") && !kept.contains("Grace") && !kept.contains("127.0.0.1"),
        "{kept}"
    );
}

#[tokio::test]
async fn attack_14_each_event_is_for_whoever_has_its_permission() {
    let (service, team) = start().await;
    let (_, reads_team) = crate::api_keys::make(team.owner(), json!({"scopes": ["team:read"]})).await;
    let (_, reads_queue) = crate::api_keys::make(team.owner(), json!({"scopes": ["escalations:read"]})).await;
    let key = |secret: &str| service.anonymous().with_token(secret);
    let all = ["availability:read", "escalations:read", "team:read", "security:read"];
    let mut watching = Vec::new();
    for (caller, may) in [
        (team.owner().clone(), &all[..]),
        (team.caller("admin").clone(), &all[..]),
        (team.caller("customer_support_agent").clone(), &all[..2]),
        (team.caller("member").clone(), &[]),
        (team.caller("viewer").clone(), &[]),
        (key(&reads_team), &all[2..3]),
        (key(&reads_queue), &all[1..2]),
    ] {
        let mut events = watch(&caller).await;
        begun(&mut events).await;
        watching.push((events, may));
    }
    for permission in all.iter().chain(&["audit_log:append", "no:such"]) {
        tell(&service, &team.organization, permission, 1, 0).await;
    }
    for (events, may) in &mut watching {
        for permission in *may {
            assert_eq!(events.next().await.unwrap().kind, permission.replace(':', "."));
        }
        events.quiet().await;
    }
    // They have come past what they were not told of: whoever comes back goes on from there.
    let (viewer, _) = &mut watching[4];
    until("the viewer to have come past all of it", async || {
        viewer.quiet().await;
        let mut owner = watch_from(team.owner(), &viewer.last).await;
        owner.until_beats(1).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn attack_14_nothing_of_one_organization_is_on_a_stream_of_another() {
    let (service, ours) = start().await;
    let theirs = Team::assemble(&service, "Theirs").await;
    let mut hear = watch(theirs.owner()).await;
    begun(&mut hear).await;
    tell(&service, &theirs.organization, "team:read", 1, 0).await;
    let of_theirs = hear.next().await.unwrap().id;
    let mut watching = [
        watch(ours.owner()).await,
        watch(ours.caller("member")).await,
        // With a place in the other organization, and with places that are none.
        watch_from(ours.owner(), &of_theirs).await,
        watch_from(ours.caller("admin"), "1").await,
        watch_from(ours.caller("admin"), "*").await,
    ];
    for events in &mut watching[2..] {
        let resync = events.next().await.unwrap();
        assert_eq!((resync.kind.as_str(), resync.data), ("resync", json!({})));
    }
    for events in &mut watching {
        begun(events).await;
    }
    tell(&service, &theirs.organization, "team:read", 1_000, 0).await;
    for number in 1..=1_000 {
        assert_eq!(hear.next().await.unwrap().data["n"], number);
    }
    for path in ["/v1/stream?organization_id=", "/v1/stream?org="] {
        // Whoever hopes that a parameter would lead elsewhere is told that it does nothing.
        let answer = ours.owner().get(&format!("{path}{}", theirs.organization)).await;
        answer.problem(422, "invalid_request");
    }
    // Nor before what is their own.
    let invitation = invite(&ours).await;
    for (number, events) in watching.iter_mut().enumerate() {
        if number != 1 {
            assert_eq!(events.next().await.unwrap().data["target"]["id"], invitation.as_str());
        }
        events.quiet().await;
    }
    service.anonymous().get(STREAM).await.problem(401, "unauthenticated");
    service.anonymous().with_token("rcs_nonsense").get(STREAM).await.problem(401, "unauthenticated");
}

/// Reads a stream to its end; gives back how long that took.
async fn time_to_end(mut events: Events, since: Instant) -> Duration {
    events.end().await;
    since.elapsed()
}

#[tokio::test]
async fn attack_14_a_stream_ends_with_what_it_was_opened_with_on_every_node() {
    let pair = Pair::start_with(&[OFTEN]).await;
    let team = &pair.team;
    let (key, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["team:read"]})).await;
    let (both, first) = ([&pair.first, &pair.second], [&pair.first]);
    let open = async |nodes: &[&Service], caller: &Caller| {
        let mut streams = Vec::new();
        for node in nodes {
            let mut events = watch(&node.anonymous().with_token(caller.token())).await;
            begun(&mut events).await;
            streams.push(events);
        }
        streams
    };
    let ended = async |streams: Vec<Events>, what: &str| {
        let since = Instant::now();
        for events in streams {
            let took = time_to_end(events, since).await;
            assert!(took < BOUND, "{what}: {took:?}");
        }
    };

    let viewer = pair.first.sign_in(team.email("viewer")).await;
    let (streams, other) = (open(&both, &viewer).await, open(&both, team.caller("viewer")).await);
    viewer.delete("/v1/session").await.expect(204);
    ended(streams, "signed out").await;
    for mut events in other {
        events.quiet().await;
    }

    let streams = open(&both, team.caller("member")).await;
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    ended(streams, "removed").await;

    let streams = open(&both, &pair.first.anonymous().with_token(&secret)).await;
    team.owner().delete(&crate::api_keys::path(&key)).await.expect(204);
    ended(streams, "key revoked").await;

    let agent = team.caller("customer_support_agent");
    let token = agent.post("/v1/tokens", json!({})).await.expect(201).text_at("/access_token").to_owned();
    // Each node of this test makes tokens under its own address.
    let streams = open(&first, &pair.first.anonymous().with_token(&token)).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse, another battery"});
    let elsewhere = pair.first.sign_in(team.email("customer_support_agent")).await;
    elsewhere.post("/v1/me/password", change).await.expect(204);
    ended(streams, "password changed").await;

    let streams = open(&both, team.caller("viewer")).await;
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("viewer"));
    pair.first.database.execute(&suspend).await;
    ended(streams, "account suspended").await;

    let streams = open(&both, team.caller("admin")).await;
    let suspend = format!("/operator/v1/organizations/{}/suspend", team.organization);
    pair.first.operator().post(&suspend, json!({})).await.expect(200);
    ended(streams, "organization suspended").await;
}

#[tokio::test]
async fn attack_14_another_role_holds_on_an_open_stream_on_every_node() {
    let pair = Pair::start_with(&[OFTEN]).await;
    let team = &pair.team;
    let mut streams = Vec::new();
    for node in [&pair.first, &pair.second] {
        let mut events = watch(&node.anonymous().with_token(team.caller("admin").token())).await;
        begun(&mut events).await;
        streams.push(events);
    }
    let path = format!("/v1/members/{}", team.id("admin"));
    let become_one = async |role: &str| {
        team.owner().patch(&path, json!({"role": role})).await.expect(200);
        Instant::now()
    };
    let since = become_one("viewer").await;
    for marker in 1.. {
        let told = Instant::now();
        tell(&pair.first, &team.organization, "team:read", 1, marker).await;
        let mut heard = false;
        for events in &mut streams {
            let came = events.until_beats(2).await;
            heard |=
                came.iter().any(|event| event.data["padding"].as_str().is_some_and(|x| x.len() == marker));
        }
        if !heard {
            break;
        }
        assert!(told - since < BOUND, "{:?}", told - since);
    }
    become_one("admin").await;
    // What is told before a node has heard of the new role is not for them yet, and is passed over: they hear that they have to look again.
    for events in &mut streams {
        let mut looks_again = false;
        loop {
            tell(&pair.first, &team.organization, "security:read", 1, 0).await;
            let came = events.until_beats(2).await;
            looks_again |= came.iter().any(|event| event.kind == "resync");
            if came.iter().any(|event| event.kind == "security.read") {
                break;
            }
        }
        assert!(looks_again);
    }
}

#[tokio::test]
async fn whoever_comes_back_goes_on_at_any_node_and_misses_nothing() {
    let pair = Pair::start_with(&[OFTEN]).await;
    let (here, there) = (pair.team.owner(), at_the_second(&pair, "owner"));
    let mut events = watch(here).await;
    begun(&mut events).await;
    // Nothing has been told yet, and all the same there is a place to come back to.
    let mut last = std::mem::take(&mut events.last);
    drop(events);
    let mut told = 0;
    for (round, caller) in [&there, here, &there].into_iter().enumerate() {
        tell(&pair.first, &pair.team.organization, "team:read", 300, 0).await;
        let mut events = watch_from(caller, &last).await;
        for number in 1..=300 {
            let event = events.next().await.unwrap();
            assert_eq!(
                (event.kind.as_str(), &event.data["n"]),
                ("team.read", &json!(number)),
                "round {round}"
            );
            told += 1;
        }
        events.quiet().await;
        last = events.last;
    }
    assert_eq!(told, 900);
}

#[tokio::test]
async fn whoever_comes_back_too_late_is_told_to_look_again() {
    let (service, team) = start().await;
    let mut events = watch(team.owner()).await;
    begun(&mut events).await;
    tell(&service, &team.organization, "team:read", 3, 0).await;
    let first = events.next().await.unwrap().id;
    events.next().await.unwrap();
    let third = events.next().await.unwrap().id;
    drop(events);
    // As the worker forgets: all but the last.
    let forget = "DELETE FROM stream_events WHERE sequence < (SELECT max(sequence) FROM stream_events)";
    service.database.execute(forget).await;
    let mut late = watch_from(team.owner(), &first).await;
    assert_eq!(late.next().await.unwrap().kind, "resync");
    let mut not_late = watch_from(team.owner(), &third).await;
    tell(&service, &team.organization, "team:read", 1, 0).await;
    for events in [&mut late, &mut not_late] {
        assert_eq!(events.next().await.unwrap().kind, "team.read");
    }
    service.database.execute(forget).await;
    let mut late = watch_from(team.owner(), &third).await;
    assert_eq!(late.next().await.unwrap().kind, "resync");
}

#[tokio::test]
async fn a_node_that_hears_nothing_asks_and_tells_it_all_the_same() {
    let pair = Pair::start_with(&[OFTEN]).await;
    let team = &pair.team;
    let mut events = watch(&at_the_second(&pair, "owner")).await;
    let member = watch(&at_the_second(&pair, "member")).await;
    begun(&mut events).await;
    pair.link.hold(true);
    let invitation = invite(team).await;
    assert_eq!(events.next().await.unwrap().data["target"]["id"], invitation.as_str());
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    let took = time_to_end(member, Instant::now()).await;
    assert!(took < BOUND, "{took:?}");
    assert_eq!(events.next_of("member.removed").await.data["target"]["id"], team.id("member"));
    pair.link.hold(false);
    // The connection is cut off altogether, as by a database that is started anew.
    let kill = "SELECT pg_terminate_backend(pid)::text AS ended FROM pg_stat_activity
                 WHERE application_name = 'rollcall changes' AND datname = current_database()";
    let ended = pair.first.database.rows(kill).await;
    assert!(!ended.is_empty());
    for _ in 0..3 {
        let invitation = invite(team).await;
        assert_eq!(events.next_of("invitation.created").await.data["target"]["id"], invitation.as_str());
    }
}

#[tokio::test]
async fn asvs_7_3_1_a_stream_prolongs_no_session_and_ends_with_it() {
    let (service, team) = start().await;
    let mut events = watch(team.owner()).await;
    begun(&mut events).await;
    service.clock.advance(time::Duration::hours(23));
    events.quiet().await;
    // Nor does one that is opened anew, as browsers do by themselves.
    begun(&mut watch(team.owner()).await).await;
    tell(&service, &team.organization, "team:read", 1, 0).await;
    assert_eq!(events.next().await.unwrap().kind, "team.read");
    service.clock.advance(time::Duration::hours(1));
    let since = Instant::now();
    events.end().await;
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    team.owner().get(STREAM).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_14_a_sign_of_life_is_given_to_whoever_may_still_be_there() {
    let (service, team) = start().await;
    let (key, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["team:read"]})).await;
    let mut events = watch(&service.anonymous().with_token(&secret)).await;
    begun(&mut events).await;
    events.quiet().await;
    // Something of which nobody is told: with the next sign of life it is found out.
    let key = key.parse::<rollcall_domain::ApiKeyId>().unwrap().uuid();
    let ended = format!("UPDATE api_keys SET allowed_cidrs = '{{192.0.2.0/24}}' WHERE key_id = '{key}'");
    service.database.execute(&ended).await;
    events.end().await;
}

#[tokio::test]
async fn numbers_are_given_in_the_order_of_commits() {
    let (service, team) = start().await;
    let organization = team.uuid();
    let mut slow = service.database.connect().await;
    let mut transaction = sqlx::Connection::begin(&mut slow).await.unwrap();
    let number = format!(
        "INSERT INTO stream_heads AS h VALUES ('{organization}', 1)
         ON CONFLICT (org_id) DO UPDATE SET last = h.last + 1 RETURNING last"
    );
    let first: i64 =
        sqlx::query_scalar(sqlx::AssertSqlSafe(number.clone())).fetch_one(&mut *transaction).await.unwrap();
    // Whoever comes later waits, and gets the next one.
    let inviting = tokio::spawn({
        let owner = team.owner().clone();
        async move {
            let body = json!({"email": Service::new_address("guest"), "role": "viewer"});
            owner.post("/v1/invitations", body).await.expect(201);
        }
    });
    let waits = "SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                    AND query LIKE '%stream_heads%'";
    until("somebody who waits", async || (!service.database.rows(waits).await.is_empty()).then_some(()))
        .await;
    let tell = format!(
        "INSERT INTO stream_events VALUES ('{organization}', {first}, gen_random_uuid(), 'slow', 'team:read', '{{}}', '2026-03-01T09:00:00Z')"
    );
    sqlx::query(sqlx::AssertSqlSafe(tell)).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    inviting.await.unwrap();
    let rows = service.database.rows("SELECT action FROM stream_events ORDER BY sequence DESC LIMIT 2").await;
    assert_eq!(rows, [json!({"action": "invitation.created"}), json!({"action": "slow"})]);
}
