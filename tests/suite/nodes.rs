//! Several nodes on one database: what one of them changes, the others know within a second.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rollcall_tests::{Caller, Link, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::json;

use crate::tokens::RING;

/// The longest that another node goes by what was true before.
const BOUND: Duration = Duration::from_secs(1);

/// Two nodes on one database, the second by a way that can be held up where it hears of changes.
pub(crate) struct Pair {
    pub(crate) first: Service,
    pub(crate) second: Service,
    pub(crate) link: Link,
    pub(crate) team: Team,
}

impl Pair {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(values: &[(&str, &str)]) -> Self {
        let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
        let link = Link::to(database.url(), "rollcall changes").await;
        // What is kept of an API key is made by the keyring, which all nodes share.
        let both = [&[("keys.ring", RING)][..], values].concat();
        let first = Service::start_on(database.clone(), clock.clone(), &both).await;
        let held_up = [&both[..], &[("database.url", link.url())]].concat();
        let second = Service::start_on(database, clock, &held_up).await;
        let team = Team::assemble(&first, "Acme").await;
        Self { first, second, link, team }
    }

    /// The same person at the second node, who has just been there.
    async fn at_the_second(&self, role: &str) -> Caller {
        let caller = self.second.anonymous().with_token(self.team.caller(role).token());
        self.answers_without_the_database(&caller).await;
        caller
    }

    /// Waits until the second node knows a session without asking for it.
    async fn answers_without_the_database(&self, caller: &Caller) {
        self.answers_without_the_database_of("sessions", caller).await;
    }

    /// Waits until the second node knows somebody without looking into these tables.
    async fn answers_without_the_database_of(&self, tables: &str, caller: &Caller) {
        until("somebody who is remembered", async || {
            caller.get("/v1/session").await.expect(200);
            // What looks for them now waits for this lock.
            let lock = format!("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE");
            let held = self.second.database.open_transaction(&lock).await;
            let answered = tokio::time::timeout(Duration::from_millis(500), caller.get("/v1/session")).await;
            held.roll_back().await;
            answered.ok().map(|answer| answer.expect(200))
        })
        .await;
    }
}

/// Polls until the answer's status is what it should be; no request that was sent later than the bound is answered otherwise.
async fn within_the_bound(since: Instant, caller: &Caller, status: u16) {
    until("what the other node has changed", async || {
        let sent = Instant::now();
        let answer = caller.get("/v1/session").await;
        if answer.status == status {
            return Some(());
        }
        assert!(sent - since < BOUND, "{:?} after the change: {}", sent - since, answer.body);
        None
    })
    .await;
}

#[tokio::test]
async fn attack_8_whoever_is_removed_is_out_on_this_node_at_once_and_on_the_other_within_a_second() {
    let pair = Pair::start().await;
    let team = &pair.team;
    let elsewhere = pair.at_the_second("member").await;
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    let since = Instant::now();
    team.caller("member").get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;
}

#[tokio::test]
async fn attack_9_a_demotion_holds_on_this_node_at_once_and_on_the_other_within_a_second() {
    let pair = Pair::start().await;
    let team = &pair.team;
    let elsewhere = pair.at_the_second("admin").await;
    let path = format!("/v1/members/{}", team.id("admin"));
    team.owner().patch(&path, json!({"role": "viewer"})).await.expect(200);
    let since = Instant::now();
    team.caller("admin").get("/v1/members").await.problem(403, "permission_denied");
    until("the new role on the other node", async || {
        let sent = Instant::now();
        let answer = elsewhere.get("/v1/session").await.expect(200);
        if answer.body["role"] == "viewer" {
            return Some(());
        }
        assert!(sent - since < BOUND);
        None
    })
    .await;
}

#[tokio::test]
async fn asvs_7_4_2_passwords_sign_outs_and_suspensions_end_sessions_on_the_other_node_within_a_second() {
    let pair = Pair::start().await;
    let team = &pair.team;

    let elsewhere = pair.at_the_second("viewer").await;
    let viewer = pair.first.sign_in(team.email("viewer")).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse, another battery"});
    viewer.post("/v1/me/password", change).await.expect(204);
    let since = Instant::now();
    team.caller("viewer").get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;

    let elsewhere = pair.at_the_second("admin").await;
    team.caller("admin").delete("/v1/session").await.expect(204);
    let since = Instant::now();
    team.caller("admin").get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;

    let elsewhere = pair.at_the_second("member").await;
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{}'", team.email("member"));
    pair.first.database.execute(&suspend).await;
    let since = Instant::now();
    within_the_bound(since, &elsewhere, 401).await;
    within_the_bound(since, team.caller("member"), 401).await;
}

#[tokio::test]
async fn attack_8_a_node_that_hears_nothing_any_more_does_not_go_by_what_it_remembers() {
    let pair = Pair::start().await;
    let team = &pair.team;
    let elsewhere = pair.at_the_second("member").await;
    let still_here = pair.at_the_second("viewer").await;
    // From here on the second node hears of nothing, though its other connections work.
    pair.link.hold(true);
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    within_the_bound(Instant::now(), &elsewhere, 401).await;
    still_here.get("/v1/session").await.expect(200);
    // When it hears again, it remembers again, and what it missed is not among it.
    pair.link.hold(false);
    pair.answers_without_the_database(&still_here).await;
    elsewhere.get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_is_remembered_as_it_was_last_seen() {
    let pair = Pair::start().await;
    let elsewhere = pair.at_the_second("member").await;
    let last_seen = async || {
        let id = pair.team.id("member").parse::<rollcall_domain::UserId>().unwrap().uuid();
        let rows = format!("SELECT last_seen_at FROM sessions WHERE user_id = '{id}'");
        pair.first.database.rows(&rows).await[0]["last_seen_at"].clone()
    };
    // Used again and again for longer than a session lasts that nobody uses, it goes on.
    let before = last_seen().await;
    for _ in 0..5 {
        pair.first.clock.advance(time::Duration::hours(10));
        elsewhere.get("/v1/session").await.expect(200);
    }
    assert_ne!(last_seen().await, before);
    pair.first.clock.advance(time::Duration::hours(24));
    elsewhere.get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn asvs_8_3_2_a_node_knows_at_once_what_it_has_changed_itself_though_it_hears_nothing() {
    let pair = Pair::start().await;
    let team = &pair.team;
    let owner = pair.at_the_second("owner").await;
    let member = pair.at_the_second("member").await;
    pair.link.hold(true);
    owner.delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    member.get("/v1/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_10_a_key_that_ends_is_worth_nothing_on_this_node_at_once_and_on_the_other_within_a_second() {
    let pair = Pair::start().await;
    let owner = pair.team.owner();
    let remembered = async |more: serde_json::Value| {
        let (id, secret) = crate::api_keys::make(owner, more).await;
        let elsewhere = pair.second.anonymous().with_token(&secret);
        pair.answers_without_the_database_of("api_keys, api_key_secrets", &elsewhere).await;
        let here = pair.first.anonymous().with_token(&secret);
        here.get("/v1/session").await.expect(200);
        (crate::api_keys::path(&id), secret, here, elsewhere)
    };

    let (path, _, here, elsewhere) = remembered(json!({})).await;
    owner.delete(&path).await.expect(204);
    let since = Instant::now();
    here.get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;

    let (path, _, here, elsewhere) = remembered(json!({})).await;
    owner.post(&format!("{path}/rotate"), json!({"overlap_seconds": 0})).await.expect(200);
    let since = Instant::now();
    here.get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;

    let (path, _, here, elsewhere) = remembered(json!({})).await;
    owner.patch(&path, json!({"allowed_cidrs": ["192.0.2.0/24"]})).await.expect(200);
    let since = Instant::now();
    here.get("/v1/session").await.problem(403, "network_not_allowed");
    within_the_bound(since, &elsewhere, 403).await;

    let (_, secret, here, elsewhere) = remembered(json!({})).await;
    pair.second.anonymous().post("/v1/api-keys/report", json!({"key": secret})).await.expect(202);
    let since = Instant::now();
    elsewhere.get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &here, 401).await;

    let (_, _, here, elsewhere) = remembered(json!({})).await;
    owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    let since = Instant::now();
    here.get("/v1/session").await.problem(401, "unauthenticated");
    within_the_bound(since, &elsewhere, 401).await;
}

#[tokio::test]
async fn attack_10_a_node_that_hears_nothing_any_more_does_not_go_by_the_keys_that_it_remembers() {
    let pair = Pair::start().await;
    let (id, secret) = crate::api_keys::make(pair.team.owner(), json!({})).await;
    let elsewhere = pair.second.anonymous().with_token(&secret);
    pair.answers_without_the_database_of("api_keys, api_key_secrets", &elsewhere).await;
    pair.link.hold(true);
    pair.team.owner().delete(&crate::api_keys::path(&id)).await.expect(204);
    within_the_bound(Instant::now(), &elsewhere, 401).await;
}

#[tokio::test]
async fn attack_10_a_secret_that_was_replaced_without_an_overlap_is_worth_nothing_where_a_clock_is_slow() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let (id, old) = crate::api_keys::make(&owner, json!({})).await;
    let path = format!("{}/rotate", crate::api_keys::path(&id));
    let renewed = owner.post(&path, json!({"overlap_seconds": 0})).await.expect(200);
    // As on a node whose clock has not come to the moment at which another has renewed it.
    service.clock.advance(-time::Duration::HOUR);
    service.anonymous().with_token(&old).get("/v1/session").await.problem(401, "unauthenticated");
    service.anonymous().with_token(renewed.text_at("/secret")).get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn what_is_remembered_of_a_key_ends_with_the_overlap_and_with_its_age_on_every_node() {
    let pair = Pair::start().await;
    let (id, old) =
        crate::api_keys::make(pair.team.owner(), json!({"expires_at": "2026-03-01T09:20:00Z"})).await;
    let rotate = format!("{}/rotate", crate::api_keys::path(&id));
    let renewed = pair.team.owner().post(&rotate, json!({"overlap_seconds": 600})).await.expect(200);
    let old = pair.second.anonymous().with_token(&old);
    let new = pair.second.anonymous().with_token(renewed.text_at("/secret"));
    for caller in [&old, &new] {
        pair.answers_without_the_database_of("api_keys, api_key_secrets", caller).await;
    }
    pair.first.clock.advance(time::Duration::minutes(10));
    old.get("/v1/session").await.problem(401, "unauthenticated");
    pair.answers_without_the_database_of("api_keys, api_key_secrets", &new).await;
    pair.first.clock.advance(time::Duration::minutes(10));
    new.get("/v1/session").await.problem(401, "unauthenticated");
}
