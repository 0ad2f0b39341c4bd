//! Nodes behind a pooler that gives each transaction another of the server's connections.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join_all;
use rollcall_tests::{ManualClock, Pooler, Service, Team, TestDatabase, connection_settings, until};
use serde_json::json;

use crate::{look_ups::left_look_ups_keep_no_connection, tokens::RING};

#[tokio::test]
async fn two_nodes_share_a_few_connections_and_mix_nothing_up() {
    let database = Arc::new(TestDatabase::create().await);
    let pooler = Pooler::start(&database).await;
    let url = pooler.url();
    let values = [("database.pooler_url", url.as_str()), ("keys.ring", RING)];
    let clock = ManualClock::default();
    let first = Service::start_on(database.clone(), clock.clone(), &values).await;
    let second = Service::start_on(database.clone(), clock, &values).await;
    first.anonymous().get("/readyz").await.expect(200);
    let teams = join_all(["Acme", "Globex", "Initech"].map(|name| Team::assemble(&first, name))).await;

    // More at once than the pooler has connections, each by both nodes, and each about its own organization.
    let asked = teams.iter().flat_map(|team| (0..8).map(move |_| team)).map(async |team| {
        let owner = team.owner();
        let elsewhere = second.anonymous().with_token(owner.token());
        let invitation = json!({"email": Service::new_address("new"), "role": "viewer"});
        owner.post("/v1/invitations", invitation).await.expect(201);
        let organization = elsewhere.get("/v1/organization").await.expect(200);
        assert_eq!(organization.body["id"], team.organization.as_str());
        let members = elsewhere.get("/v1/members").await.expect(200);
        let members = members.list("data").iter().map(|member| member["user"]["id"].as_str().unwrap());
        let ours = team.members.values().map(|(_, id, _)| id.as_str());
        assert_eq!(members.collect::<BTreeSet<&str>>(), ours.collect::<BTreeSet<&str>>());
        let key = json!({"name": "robot", "scopes": ["team:read"]});
        let key = elsewhere.post("/v1/api-keys", key).await.expect(201);
        let robot = first.anonymous().with_token(key.text_at("/secret"));
        assert_eq!(
            robot.get("/v1/session").await.expect(200).body["organization"]["id"],
            team.organization.as_str()
        );
    });
    join_all(asked).await;
    for team in &teams {
        let invitations = team.owner().get("/v1/invitations?status=pending").await.expect(200);
        assert_eq!(invitations.body["data"].as_array().unwrap().len(), 8, "{}", invitations.text);
    }

    // What one node changes the other hears of, by its connection to the database itself.
    let viewer = second.anonymous().with_token(teams[0].caller("viewer").token());
    viewer.get("/v1/session").await.expect(200);
    first.anonymous().with_token(viewer.token()).delete("/v1/session").await.expect(204);
    until("the other node knows", async || (viewer.get("/v1/session").await.status == 401).then_some(()))
        .await;

    let of_the_pool = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rollcall'";
    let connections = database.rows(of_the_pool).await[0]["n"].as_u64().unwrap();
    assert!((1..=pooler.shared().into()).contains(&connections), "{connections} of {}", pooler.shared());
}

#[tokio::test]
async fn limits_hold_behind_a_pooler_and_nobody_but_the_service_comes_by_it() {
    let database = Arc::new(TestDatabase::create().await);
    let pooler = Pooler::start(&database).await;
    let url = pooler.url();
    let clock = ManualClock::default();
    // With as much time as it takes, on whatever machine.
    let patient = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", RING)]).await;
    let (grace, _) = patient.sign_up(&Service::new_address("grace"), "Acme").await;
    let values = [
        ("database.pooler_url", url.as_str()),
        ("database.statement_timeout_seconds", "1"),
        ("keys.ring", RING),
    ];
    let service = Service::start_on(database.clone(), clock, &values).await;
    let grace = service.anonymous().with_token(grace.token());
    // Only the database's own limit holds whoever asks for these: all members are a look-up, which ends by itself.
    let owners = "/v1/members?role=owner";
    let answered = async || {
        until("nobody is in the way", async || (grace.get(owners).await.status == 200).then_some(())).await;
    };
    answered().await;
    // Whoever holds the table for longer than a statement may take.
    let held = database.open_transaction("LOCK TABLE members IN ACCESS EXCLUSIVE MODE").await;
    for path in [owners, "/v1/members"] {
        grace.get(path).await.problem(503, "unavailable");
    }
    held.roll_back().await;
    answered().await;

    use rollcall_adapter_postgres::{ConnectError, ConnectionSettings, PgStore};
    use rollcall_domain::secret::Secret;
    let as_somebody_else = ConnectionSettings {
        // Without a pooler in between, for it lets nobody else in.
        pooler_url: Some(Secret::new(database.url())),
        ..connection_settings(database.url(), 1)
    };
    let entropy = Arc::new(rollcall_server::SystemEntropy);
    let refused = PgStore::connect(&as_somebody_else, entropy).await.map(|_| ());
    assert!(matches!(refused, Err(ConnectError::NotAsService)), "{refused:?}");
}

#[tokio::test]
async fn a_look_up_that_is_left_keeps_no_connection_behind_a_pooler_either() {
    let database = TestDatabase::create().await;
    let pooler = Pooler::start(&database).await;
    let url = rollcall_domain::secret::Secret::new(pooler.url());
    left_look_ups_keep_no_connection(&database, Some(url)).await;
}
