//! A service beside Rollcall, built on the client and the domain alone, in a process of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Binary, Caller, Detour, ManualClock, Service, Team, TestDatabase, until};
use serde_json::{Value, json};

use crate::tokens::{KNOWN, SERVICE_TOKEN, access_token};

/// The longest that the sibling goes by what was true before.
const BOUND: Duration = Duration::from_secs(1);

/// Rollcall, a way to it that can be closed, and the sibling.
struct Pair {
    rollcall: Service,
    way: Detour,
    sibling: Binary,
    team: Team,
}

impl Pair {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(environment: &[(&str, &str)]) -> Self {
        let way = Detour::start().await;
        let database = Arc::new(TestDatabase::create().await);
        let rollcall = serve(&way, database, present().await).await;
        let own = [&[("ROLLCALL_SERVICE_TOKEN", SERVICE_TOKEN)][..], environment].concat();
        let sibling = Binary::sibling(&way.base(), &own);
        let team = Team::assemble(&rollcall, "Acme").await;
        Self { rollcall, way, sibling, team }
    }

    /// Somebody at the sibling, by a token.
    fn with(&self, token: &str) -> Caller {
        self.sibling.anonymous().with_token(token)
    }

    /// The same, once the sibling lets them in without asking.
    async fn known(&self, token: &str) -> Caller {
        let caller = self.with(token);
        until("the sibling to know somebody", async || {
            let asked = self.questions().await;
            let known = caller.get("/agents").await.status == StatusCode::OK;
            (known && self.questions().await == asked).then_some(())
        })
        .await;
        assert!(self.questions().await > 0, "the questions are not counted as the test takes them to be");
        caller
    }

    /// How often Rollcall has been asked about tokens.
    async fn questions(&self) -> u64 {
        let metrics = self.rollcall.operations().get("/metrics").await.expect(200).text;
        let counts = metrics.lines().filter(|line| {
            line.starts_with("rollcall_http_requests_total") && line.contains("\"/v1/introspect\"")
        });
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
    }
}

/// A node behind the way, whose address is its public one.
async fn serve(way: &Detour, database: Arc<TestDatabase>, clock: ManualClock) -> Service {
    let base = way.base();
    let values = [&KNOWN[..], &[("http.public_url", base.as_str())]].concat();
    let rollcall = Service::start_on(database, clock, &values).await;
    way.lead_to(Some(&rollcall.base()));
    rollcall
}

/// A clock that shows the present, which is what the sibling goes by.
pub(crate) async fn present() -> ManualClock {
    let database = TestDatabase::create_empty().await;
    let rows = database.rows("SELECT extract(epoch FROM clock_timestamp())::bigint AS now").await;
    ManualClock::at(time::OffsetDateTime::from_unix_timestamp(rows[0]["now"].as_i64().unwrap()).unwrap())
}

/// Polls until the answer's status is what it should be; no request that was sent later than the bound is answered otherwise.
async fn within_the_bound(since: Instant, status: u16, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    until("what has changed at Rollcall", async || {
        let sent = Instant::now();
        let answer = ask().await;
        if answer.status == status {
            return Some(answer);
        }
        assert!(
            sent - since < BOUND,
            "{:?} after the change: {} {}",
            sent - since,
            answer.status,
            answer.text
        );
        None
    })
    .await
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_with_a_session_and_with_an_access_token() {
    let pair = Pair::start().await;
    let agent = json!({"name": "Reception"});
    for role in Role::ALL {
        let signed_in = pair.team.caller(role.as_str());
        for token in [signed_in.token().to_owned(), access_token(signed_in).await] {
            let caller = pair.with(&token);
            let created = caller.post("/agents", agent.clone()).await;
            if role.grants(Permission::AgentsManage) {
                let id = created.expect(201).body["id"].clone();
                let listed = caller.get("/agents").await.expect(200);
                assert_eq!(listed.body, json!({"data": [{"id": id, "name": "Reception"}]}), "{role}");
                caller.delete(&format!("/agents/{id}")).await.expect(204);
                caller.delete(&format!("/agents/{id}")).await.expect(404);
            } else {
                let refused = created.problem(403, "permission_denied");
                assert_eq!(refused.text_at("/required_permission"), "agents:manage", "{role}");
                caller.delete("/agents/1").await.problem(403, "permission_denied");
            }
            let listed = caller.get("/agents").await;
            if role.grants(Permission::AgentsRead) {
                listed.expect(200);
            } else {
                let refused = listed.problem(403, "permission_denied");
                assert_eq!(refused.text_at("/required_permission"), "agents:read", "{role}");
            }
        }
    }
    for token in ["", "nonsense", "rcs_x", "a.b.c", SERVICE_TOKEN] {
        let refused = pair.with(token).get("/agents").await.problem(401, "unauthenticated");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{token}");
    }
    pair.sibling.anonymous().get("/agents").await.problem(401, "unauthenticated");
    // Signed by Rollcall, and changed since.
    let token = access_token(pair.team.caller("viewer")).await;
    let (head, tail) = token.split_at(token.len() / 2);
    let changed = format!("{head}{}{}", if tail.starts_with('A') { 'B' } else { 'A' }, &tail[1..]);
    pair.with(&changed).get("/agents").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn attack_1_what_belongs_to_one_organization_is_not_seen_in_another() {
    let pair = Pair::start().await;
    let theirs = Team::assemble(&pair.rollcall, "Theirs").await;
    let (ours, theirs) = (pair.with(pair.team.owner().token()), pair.with(theirs.owner().token()));
    let created = ours.post("/agents", json!({"name": "Ours"})).await.expect(201);
    assert_eq!(theirs.get("/agents").await.expect(200).body, json!({"data": []}));
    theirs.delete(&format!("/agents/{}", created.body["id"])).await.expect(404);
    assert_eq!(ours.get("/agents").await.expect(200).list("data").len(), 1);
}

#[tokio::test]
async fn attack_8_whoever_is_removed_or_demoted_at_rollcall_is_so_at_the_sibling_within_a_second() {
    let pair = Pair::start().await;
    let (team, owner) = (&pair.team, pair.team.owner());
    let viewer = team.caller("viewer");
    let (session, token) = (pair.known(viewer.token()).await, pair.known(&access_token(viewer).await).await);
    owner.delete(&format!("/v1/members/{}", team.id("viewer"))).await.expect(204);
    let since = Instant::now();
    for caller in [session, token] {
        let refused = within_the_bound(since, 401, async || caller.get("/agents").await).await;
        refused.problem(401, "unauthenticated");
    }

    let admin = team.caller("admin");
    let (session, token) = (pair.known(admin.token()).await, pair.known(&access_token(admin).await).await);
    owner.patch(&format!("/v1/members/{}", team.id("admin")), json!({"role": "viewer"})).await.expect(200);
    let since = Instant::now();
    for caller in [session, token] {
        let agent = json!({"name": "Reception"});
        within_the_bound(since, 403, async || caller.post("/agents", agent.clone()).await).await;
        caller.get("/agents").await.expect(200);
    }

    let caller = pair.known(owner.token()).await;
    owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    within_the_bound(Instant::now(), 401, async || caller.get("/agents").await).await;
}

#[tokio::test]
async fn without_rollcall_nobody_is_let_in_and_with_it_everybody_is_again() {
    let pair = Pair::start().await;
    let viewer = pair.team.caller("viewer");
    let tokens = [viewer.token().to_owned(), access_token(viewer).await];
    let callers = [pair.known(&tokens[0]).await, pair.known(&tokens[1]).await];
    pair.way.lead_to(None);
    let since = Instant::now();
    for caller in &callers {
        let refused = within_the_bound(since, 503, async || caller.get("/agents").await).await;
        let refused = refused.problem(503, "unavailable");
        assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    }
    // Nobody is kept waiting for an answer that does not come.
    until("an open circuit", async || {
        let asked = Instant::now();
        callers[0].get("/agents").await.problem(503, "unavailable");
        (asked.elapsed() < Duration::from_millis(50)).then_some(())
    })
    .await;
    // Another node comes up in its place, in another process for all that the sibling knows.
    let Pair { rollcall, way, sibling: _sibling, team } = pair;
    let (database, clock) = (rollcall.database.clone(), rollcall.clock.clone());
    team.owner().delete(&format!("/v1/members/{}", team.id("member"))).await.expect(204);
    rollcall.stop().await;
    let rollcall = serve(&way, database, clock).await;
    for caller in &callers {
        until("the sibling to recover", async || {
            let answer = caller.get("/agents").await;
            assert!(matches!(answer.status.as_u16(), 200 | 503), "{}", answer.text);
            (answer.status == StatusCode::OK).then_some(())
        })
        .await;
    }
    rollcall.anonymous().with_token(&tokens[0]).get("/v1/session").await.expect(200);
}

#[tokio::test]
async fn what_it_reports_waits_while_rollcall_does_not_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events");
    let environment = [("AGENTS_EVENTS", file.to_str().unwrap()), ("AGENTS_API_KEY", "rck_none")];
    let pair = Pair::start_with(&environment).await;
    let owner = pair.known(pair.team.owner().token()).await;
    owner.post("/agents", json!({"name": "Reception"})).await.expect(201);
    owner.delete("/agents/1").await.expect(204);
    let waiting = || -> Vec<Value> {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let told = waiting();
    let actions: Vec<&str> = told.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["agent.created", "agent.deleted"]);
    assert!(told.iter().all(|event| event["actor"] == json!({"type": "user", "id": pair.team.id("owner")})));
    // It outlives the process that reported.
    let Pair { rollcall: _rollcall, way, sibling, .. } = pair;
    sibling.kill();
    let _again = Binary::sibling(
        &way.base(),
        &[&[("ROLLCALL_SERVICE_TOKEN", SERVICE_TOKEN)][..], &environment].concat(),
    );
    assert_eq!(waiting(), told);
}

#[tokio::test]
async fn a_key_gets_to_what_its_scopes_name_until_it_changes_or_is_revoked() {
    let pair = Pair::start().await;
    let owner = pair.team.owner();
    let scopes = json!({"scopes": ["agents:read", "agents:manage"]});
    let (id, secret) = crate::api_keys::make(owner, scopes).await;
    let program = pair.known(&secret).await;
    program.post("/agents", json!({"name": "Reception"})).await.expect(201);
    // One that is held to networks is taken from nowhere: the sibling does not see from where it is used.
    let (_, held) =
        crate::api_keys::make(owner, json!({"scopes": ["agents:read"], "allowed_cidrs": ["127.0.0.1/32"]}))
            .await;
    pair.with(&held).get("/agents").await.problem(403, "network_not_allowed");

    let path = crate::api_keys::path(&id);
    owner.patch(&path, json!({"scopes": ["agents:read"]})).await.expect(200);
    let changed = Instant::now();
    until("the sibling to know of fewer scopes", async || {
        let refused = program.post("/agents", json!({"name": "More"})).await;
        (refused.status == StatusCode::FORBIDDEN).then_some(())
    })
    .await;
    assert!(changed.elapsed() < BOUND, "{:?}", changed.elapsed());
    program.get("/agents").await.expect(200);
    owner.delete(&path).await.expect(204);
    let revoked = Instant::now();
    until("the sibling to know of the end of a key", async || {
        (program.get("/agents").await.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    assert!(revoked.elapsed() < BOUND, "{:?}", revoked.elapsed());
}
