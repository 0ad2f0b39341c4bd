//! The feed of what is not good any more, which lets services beside Rollcall go by what they remember.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::Method;
use rollcall_tests::{Event, Events, Link, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};

use crate::tokens::{KNOWN, SERVICE_TOKEN, start};

const FEED: &str = "/v1/service/revocations";
/// The longest that it takes until a change is told.
const BOUND: Duration = Duration::from_secs(1);

async fn follow(service: &Service, last: Option<&str>) -> Events {
    let request = service.anonymous().with_token(SERVICE_TOKEN).request(Method::GET, FEED);
    Events::open(match last {
        Some(last) => request.header("Last-Event-ID", last),
        None => request,
    })
    .await
}

/// Follows from now on; gives back what begins it, too.
async fn begin(service: &Service) -> (Events, Event) {
    let mut events = follow(service, None).await;
    let reset = events.next().await.unwrap();
    assert_eq!((reset.kind.as_str(), &reset.data), ("reset", &json!({})));
    (events, reset)
}

fn member(kind: &str, team: &Team, role: &str) -> Value {
    json!({"type": kind, "user_id": team.id(role), "organization_id": team.organization})
}

#[tokio::test]
async fn attack_8_whatever_ends_is_told_within_a_second() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (mut events, _) = begin(&service).await;
    let session = |caller: Value| caller["session"]["id"].as_str().unwrap().to_owned();

    let viewer = service.sign_in(team.email("viewer")).await;
    let ended = session(viewer.get("/v1/session").await.expect(200).body);
    viewer.delete("/v1/session").await.expect(204);
    let since = Instant::now();
    let told = events.next().await.unwrap();
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    let expected = json!({
        "type": "session.ended", "session_id": ended, "user_id": team.id("viewer"), "organization_id": team.organization,
    });
    assert_eq!((told.kind.as_str(), told.data), ("session.ended", expected));

    let path = format!("/v1/members/{}", team.id("admin"));
    team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
    let mut demoted = member("member.role_changed", &team, "admin");
    demoted["role"] = json!("viewer");
    assert_eq!(events.next().await.unwrap().data, demoted);

    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    let since = Instant::now();
    let removed = events.next_of("member.removed").await;
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    assert_eq!(removed.data, member("member.removed", &team, "member"));

    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("member"));
    service.database.execute(&suspend).await;
    let suspended = events.next_of("user.suspended").await;
    assert_eq!(suspended.data, json!({"type": "user.suspended", "user_id": team.id("member")}));

    let change = json!({"current_password": PASSWORD, "new_password": "another horse, another battery"});
    let other = service.sign_in(team.email("viewer")).await;
    other.post("/v1/me/password", change).await.expect(204);
    assert_eq!(events.next_of("session.ended").await.data["user_id"], team.id("viewer"));
    other.delete("/v1/me").await.expect(204);
    let deleted = events.next_of("user.deleted").await;
    assert_eq!(deleted.data, json!({"type": "user.deleted", "user_id": team.id("viewer")}));

    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    let gone = events.next_of("organization.deleted").await;
    assert_eq!(gone.data, json!({"type": "organization.deleted", "organization_id": team.organization}));
}

#[tokio::test]
async fn whoever_comes_back_misses_nothing_and_is_told_nothing_twice() {
    let service = start().await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let email = grace.get("/v1/me").await.expect(200).text_at("/email").to_owned();
    let (mut events, reset) = begin(&service).await;
    let end_one = async || service.sign_in(&email).await.delete("/v1/session").await.expect(204);
    end_one().await;
    let first = events.next().await.unwrap();
    drop(events);
    // While nobody listens.
    end_one().await;
    end_one().await;
    let mut events = follow(&service, Some(&first.id)).await;
    let (second, third) = (events.next().await.unwrap(), events.next().await.unwrap());
    assert_eq!((second.kind.as_str(), third.kind.as_str()), ("session.ended", "session.ended"));
    end_one().await;
    let fourth = events.next().await.unwrap();
    let ids = [&reset.id, &first.id, &second.id, &third.id, &fourth.id];
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{ids:?}");
    // From the very beginning, when that is still known.
    let mut events = follow(&service, Some(&reset.id)).await;
    for expected in [&first, &second, &third, &fourth] {
        assert_eq!(&events.next().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn from_a_place_that_is_not_known_any_more_it_begins_with_a_reset() {
    let service = start().await;
    let (grace, signed_up) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let email = signed_up.text_at("/user/email").to_owned();
    let (mut events, _) = begin(&service).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        service.sign_in(&email).await.delete("/v1/session").await.expect(204);
        ids.push(events.next().await.unwrap().id);
    }
    // What was told an hour ago is forgotten, but for the last: as the regular work of a node that starts does it.
    service.clock.advance(time::Duration::minutes(61));
    let values: Vec<_> = KNOWN.to_vec();
    let another = Service::start_on(service.database.clone(), service.clock.clone(), &values).await;
    until("what was told long ago to be forgotten", async || {
        let kept =
            service.database.rows("SELECT position, org_id, user_id, session_id FROM revocations").await;
        let nothing = json!({"position": 3, "org_id": null, "user_id": null, "session_id": null});
        (kept == [nothing]).then_some(())
    })
    .await;
    let (number, at) = ids[2].split_once('-').unwrap();
    let later = format!("{}-{at}", number.parse::<i64>().unwrap() + 1);
    let set_back = format!("{number}-{}", at.parse::<i64>().unwrap() - 1);
    for unknown in
        [ids[0].as_str(), &ids[1], &later, &set_back, "0-0", "nonsense", "", "1-1; DROP TABLE revocations"]
    {
        let reset = follow(&another, Some(unknown)).await.next().await.unwrap();
        assert_eq!((reset.kind.as_str(), &reset.id), ("reset", &ids[2]), "{unknown}");
    }
    let mut events = follow(&another, Some(&ids[2])).await;
    grace.delete("/v1/session").await.expect(204);
    assert_eq!(events.next().await.unwrap().kind, "session.ended");
}

#[tokio::test]
async fn changes_that_overlap_are_each_told_once_at_every_node() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let first = Service::start_on(database.clone(), clock.clone(), &KNOWN).await;
    let second = Service::start_on(database.clone(), clock, &KNOWN).await;
    let (grace, signed_up) = first.sign_up(&Service::new_address("grace"), "Acme").await;
    let email = signed_up.text_at("/user/email").to_owned();
    let (mut here, _) = begin(&first).await;
    let (mut there, _) = begin(&second).await;

    // One that has its entry first, and commits last.
    let mut slow = database.connect().await;
    let mut transaction = sqlx::Connection::begin(&mut slow).await.unwrap();
    sqlx::query("DELETE FROM sessions").execute(&mut *transaction).await.unwrap();
    let mut sessions = Vec::new();
    for node in [&first, &second, &first, &second] {
        sessions.push(node.sign_in(&email).await);
    }
    let ending = sessions.iter().map(|session| session.delete("/v1/session"));
    futures_util::future::join_all(ending).await.into_iter().for_each(|answer| drop(answer.expect(204)));
    let read = async |events: &mut Events, how_many: usize| {
        let mut told = Vec::new();
        while told.len() < how_many {
            told.push(events.next().await.unwrap());
        }
        told
    };
    let before = [read(&mut here, 4).await, read(&mut there, 4).await];
    assert_eq!(before[0], before[1]);
    transaction.commit().await.unwrap();
    let after = [read(&mut here, 1).await, read(&mut there, 1).await];
    assert_eq!(after[0], after[1]);
    grace.get("/v1/session").await.problem(401, "unauthenticated");
    let numbers: Vec<i64> = before[0]
        .iter()
        .chain(&after[0])
        .map(|event| event.id.split_once('-').unwrap().0.parse().unwrap())
        .collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 5).collect::<Vec<_>>());
}

#[tokio::test]
async fn heartbeats_come_only_while_the_database_is_within_reach() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    // All of the node's connections, those that look included.
    let link = Link::to(database.url(), "rollcall").await;
    let values = [&KNOWN[..], &[("database.url", link.url())]].concat();
    let service = Service::start_on(database, clock, &values).await;
    let (grace, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let (mut events, _) = begin(&service).await;
    let heartbeats = async |events: &mut Events, during: Duration| {
        let before = events.heartbeats;
        let _ = tokio::time::timeout(during, events.next()).await;
        events.heartbeats - before
    };
    until("signs of life", async || (heartbeats(&mut events, BOUND).await >= 3).then_some(())).await;
    link.hold(true);
    until("silence", async || (heartbeats(&mut events, BOUND).await == 0).then_some(())).await;
    link.hold(false);
    grace.delete("/v1/session").await.expect(204);
    assert_eq!(events.next().await.unwrap().kind, "session.ended");
}

#[tokio::test]
async fn a_node_that_stops_ends_its_streams_and_what_has_run_out_is_not_told() {
    let service = start().await;
    let (grace, signed_up) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let (mut events, reset) = begin(&service).await;
    let email = signed_up.text_at("/user/email").to_owned();
    grace.get("/v1/session").await.expect(200);
    let (database, clock) = (service.database.clone(), service.clock.clone());
    let stopping = Instant::now();
    tokio::join!(service.stop(), async { assert_eq!(events.next().await, None) });
    assert!(stopping.elapsed() < Duration::from_secs(10), "{:?}", stopping.elapsed());

    clock.advance(time::Duration::days(31));
    let service = Service::start_on(database.clone(), clock, &KNOWN).await;
    until("sessions that ran out to be forgotten", async || {
        database.rows("SELECT 1 AS one FROM sessions").await.is_empty().then_some(())
    })
    .await;
    let mut events = follow(&service, Some(&reset.id)).await;
    service.sign_in(&email).await.delete("/v1/session").await.expect(204);
    let only = events.next().await.unwrap();
    assert_eq!((only.kind.as_str(), only.id.split_once('-').unwrap().0), ("session.ended", "1"));
}

#[tokio::test]
async fn only_the_credential_of_services_follows() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    for credential in [team.owner().token(), "", "nonsense", &SERVICE_TOKEN[1..]] {
        service.anonymous().with_token(credential).get(FEED).await.problem(401, "unauthenticated");
    }
}
