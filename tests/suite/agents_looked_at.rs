//! Who can come at all, by whose clock, and what others may see and say of an agent.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    agents::{choose, seen, told},
    escalations::{claim, escalate, shown},
};

const ROLE: &str = "customer_support_agent";
const DAY: &str = "since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z";

fn path(user: &str) -> String {
    format!("/v1/availability/{user}")
}

async fn beat(caller: &Caller) -> Answer {
    Answer::of(caller.request(Method::POST, "/v1/availability/me/heartbeat")).await
}

async fn force(by: &Caller, user: &str, status: &str) -> Answer {
    by.put(&path(user), json!({"status": status})).await
}

fn is(agent: &Value, status: &str, cause: &str) {
    assert_eq!((&agent["status"], &agent["cause"]), (&json!(status), &json!(cause)));
}

#[tokio::test]
async fn whoever_has_no_session_is_not_made_available_and_offered_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, id) = (team.owner(), team.caller(ROLE), team.id(ROLE));
    owner.put("/v1/escalations/settings", json!({"automatic_assignment": true})).await.expect(200);
    choose(agent, "available").await.expect(200);
    // Their session runs out, and nothing has written that down: it is so all the same.
    let uuid = id.parse::<rollcall_domain::UserId>().unwrap().uuid();
    let over = format!("UPDATE sessions SET expires_at = '2026-03-01T08:00:00Z' WHERE user_id = '{uuid}'");
    service.database.execute(&over).await;
    let call = escalate(owner, "CA1", 5).await;
    assert_eq!(shown(owner, &call).await["status"], "waiting");
    is(&seen(owner, id).await, "offline", "signed_out");
    until("it is written down", async || {
        let events = told(&service, "availability.changed").await;
        events.iter().any(|event| event["changes"].to_string().contains("signed_out")).then_some(())
    })
    .await;
    for status in ["available", "away"] {
        force(team.caller("admin"), id, status).await.problem(409, "not_available");
    }
    // Everything else can be said of them, also that they are offline, which they are for another cause.
    owner.put(&path(id), json!({"capacity": 2, "status": "offline"})).await.expect(200);
    is(&seen(owner, id).await, "offline", "signed_out");
    assert_eq!(shown(owner, &call).await["status"], "waiting");
    service.sign_in(team.email(ROLE)).await;
    let here = force(owner, id, "available").await.expect(200);
    assert_eq!(here.body["cause"], "forced");
    assert_eq!(shown(owner, &call).await["agent_id"], id);
}

#[tokio::test]
async fn whoever_is_late_with_a_second_factor_stays_offline_for_that() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, id) = (team.owner(), team.id(ROLE));
    service.enrol(owner).await;
    choose(team.caller(ROLE), "available").await.expect(200);
    let rule = json!({"mfa_required": {"enabled": true, "grace_days": 0}});
    owner.patch("/v1/security", rule).await.expect(200);
    is(&seen(owner, id).await, "offline", "mfa_deadline");
    force(owner, id, "available").await.problem(409, "not_available");
    force(owner, id, "offline").await.expect(200);
    is(&seen(owner, id).await, "offline", "mfa_deadline");
}

#[tokio::test]
async fn an_admin_does_not_choose_in_the_place_of_an_owner() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, admin, id) = (team.owner(), team.caller("admin"), team.id("owner"));
    choose(owner, "available").await.expect(200);
    for body in [json!({"status": "offline"}), json!({"capacity": 3})] {
        let refused = admin.put(&path(id), body).await.problem(403, "permission_denied");
        assert_eq!(refused.body["required_permission"], "owners:manage");
    }
    is(&seen(owner, id).await, "available", "chosen");
    force(owner, id, "away").await.expect(200);
    force(admin, team.id(ROLE), "away").await.expect(200);
}

#[tokio::test]
async fn addresses_of_agents_are_for_whoever_may_see_the_team() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    // Their own is theirs to see, wherever it stands.
    let listed = agent.get("/v1/availability").await.expect(200);
    let shown = listed.list("data").iter().filter(|agent| !agent["user"]["email"].is_null());
    let shown: Vec<_> = shown.map(|agent| (&agent["user"]["id"], &agent["user"]["email"])).collect();
    assert_eq!(shown, [(&json!(id), &json!(team.email(ROLE)))], "{}", listed.text);
    assert!(seen(agent, team.id("admin")).await["user"]["email"].is_null());
    assert_eq!(choose(agent, "away").await.expect(200).body["user"]["email"], team.email(ROLE));
    assert_eq!(seen(agent, id).await["user"]["email"], team.email(ROLE));
    assert_eq!(seen(team.caller("admin"), id).await["user"]["email"], team.email(ROLE));
    let listed = team.owner().get("/v1/availability").await.expect(200);
    assert!(listed.text.contains(team.email(ROLE)));
    let scopes = |scopes: Value| json!({"name": "platform", "scopes": scopes});
    for (given, shows) in [
        (scopes(json!(["availability:read"])), false),
        (scopes(json!(["availability:read", "team:read"])), true),
    ] {
        let (_, secret) = crate::api_keys::make(team.owner(), given).await;
        let listed = service.anonymous().with_token(&secret).get("/v1/availability").await.expect(200);
        assert_eq!(listed.text.contains(team.email(ROLE)), shows);
    }
}

#[tokio::test]
async fn the_history_of_somebody_elsewhere_is_not_found() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    choose(theirs.caller(ROLE), "available").await.expect(200);
    let history =
        async |user: &str| ours.owner().get(&format!("/v1/availability/history?user_id={user}&{DAY}")).await;
    history(theirs.id(ROLE)).await.problem(404, "not_found");
    history("user_01h455vb4pex5vsknk084sn02q").await.problem(404, "not_found");
    history(ours.id("viewer")).await.problem(404, "not_found");
    assert!(history(ours.id(ROLE)).await.expect(200).list("data").is_empty());
}

#[tokio::test]
async fn asvs_7_3_1_heartbeats_prolong_no_session_and_tell_whoever_is_offline() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let agent = team.caller(ROLE);
    assert_eq!(beat(agent).await.expect(204).header("rollcall-availability"), "offline");
    choose(agent, "available").await.expect(200);
    assert_eq!(beat(agent).await.expect(204).header("rollcall-availability"), "available");
    choose(agent, "away").await.expect(200);
    assert_eq!(beat(agent).await.expect(204).header("rollcall-availability"), "away");
    let made = Answer::of(agent.request(Method::POST, "/v1/tokens")).await.expect(201);
    let token = service.anonymous().with_token(made.text_at("/access_token"));
    let last_seen = async || {
        let uuid = team.id(ROLE).parse::<rollcall_domain::UserId>().unwrap().uuid();
        let query = format!("SELECT max(last_seen_at)::text AS at FROM sessions WHERE user_id = '{uuid}'");
        service.database.rows(&query).await[0]["at"].clone()
    };
    let used = last_seen().await;
    service.clock.advance(Duration::minutes(4));
    assert_eq!(beat(&token).await.expect(204).header("rollcall-availability"), "offline");
    service.clock.advance(Duration::hours(23));
    beat(agent).await.expect(204);
    assert_eq!(last_seen().await, used);
    // So the session ends when nothing else was done in it for a day, and what is over is refused.
    service.clock.advance(Duration::HOUR);
    beat(agent).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn nodes_whose_clocks_are_an_hour_apart_agree() {
    let here = Service::start().await;
    let team = Team::assemble(&here, "Acme").await;
    let (owner, agent, id) = (team.owner(), team.caller(ROLE), team.id(ROLE));
    for wrong in [Duration::HOUR, -Duration::HOUR] {
        let there = Service::start_with_wrong_clock(&here, wrong).await;
        let at_there = |caller: &Caller| there.anonymous().with_token(caller.token());
        choose(&at_there(agent), "available").await.expect(200);
        let call = escalate(owner, &format!("CA{wrong}"), 5).await;
        for _ in 0..3 {
            here.clock.advance(Duration::seconds(30));
            beat(&at_there(agent)).await.expect(204);
            assert_eq!(seen(owner, id).await["status"], "available", "{wrong}");
            assert_eq!(seen(owner, id).await, seen(&at_there(owner), id).await);
        }
        assert_eq!(shown(owner, &call).await, shown(&at_there(owner), &call).await);
        assert_eq!(shown(owner, &call).await["waiting_seconds"], 90);
        claim(&at_there(agent), &call).await.expect(200);
        assert_eq!(shown(owner, &call).await["status"], "claimed");
        // What one of them beats holds the lease at the other, and it ends for both at once.
        here.clock.advance(Duration::seconds(44));
        beat(agent).await.expect(204);
        here.clock.advance(Duration::seconds(44));
        assert_eq!(shown(&at_there(owner), &call).await["status"], "claimed");
        here.clock.advance(Duration::seconds(1));
        for at in [owner, &at_there(owner)] {
            is(&seen(at, id).await, "offline", "heartbeat_missed");
        }
        here.clock.advance(Duration::seconds(20));
        until("it is back", async || (shown(owner, &call).await["status"] == "waiting").then_some(())).await;
        there.stop().await;
    }
}

#[tokio::test]
async fn what_is_written_of_agents_is_the_database_s_time() {
    let service = Service::start_by_the_database_s_clock().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, id) = (team.owner(), team.caller(ROLE), team.id(ROLE));
    let so = async |what: &str, of: &str| {
        let rows = service.database.rows(&format!("SELECT ({what}) AS so FROM {of}")).await;
        assert_eq!(rows, [json!({"so": true})], "{what}");
    };
    let lately = |column: &str| format!("{column} BETWEEN now() - interval '1 minute' AND now()");
    let soon = |column: &str, seconds: u16| {
        format!("{column} BETWEEN now() AND now() + make_interval(secs => {seconds})")
    };
    choose(agent, "available").await.expect(200);
    beat(agent).await.expect(204);
    for column in ["since", "idle_since", "last_heartbeat_at"] {
        so(&lately(column), "human_agents").await;
    }
    so(&soon("alive_until", 45), "human_agents").await;
    so(&lately("at"), "availability_changes").await;
    let call = escalate(owner, "CA1", 5).await;
    so(&lately("created_at"), "escalations").await;
    so(&soon("waits_until", 600), "escalations").await;
    let lease = claim(agent, &call).await.expect(200).text_at("/lease/token").to_owned();
    so(&lately("claimed_at"), "escalations").await;
    so(&soon("expires_at", 60), "escalations").await;
    crate::escalations::by_lease(agent, &call, "renew", &lease).await.expect(200);
    assert_eq!(seen(owner, id).await["status"], "busy");
    service.database.execute("UPDATE human_agents SET alive_until = now() - interval '1 second'").await;
    is(&seen(owner, id).await, "offline", "heartbeat_missed");
    service.database.execute("UPDATE escalations SET expires_at = now() - interval '1 second'").await;
    assert_eq!(shown(owner, &call).await["status"], "waiting");
}

#[tokio::test]
async fn who_was_what_is_forgotten_after_400_days_but_for_what_they_were_then() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.uuid();
    for user in [ROLE, "admin"] {
        let user = team.id(user).parse::<rollcall_domain::UserId>().unwrap().uuid();
        // The first two are more than 400 days before the first of March 2026.
        for (version, at) in ["2024-12-01", "2025-01-24", "2025-01-26", "2026-02-01"].iter().enumerate() {
            let add = format!(
                "INSERT INTO availability_changes VALUES ('{organization}', '{user}', '{at}T00:00:00Z', {version}, 'away', 'chosen')"
            );
            service.database.execute(&add).await;
        }
    }
    // More than are forgotten at a time, between others' that stay.
    let user = team.id("owner").parse::<rollcall_domain::UserId>().unwrap().uuid();
    let many = format!(
        "INSERT INTO availability_changes SELECT '{organization}', '{user}', '2024-12-15'::timestamptz + n * interval '1 second', n, 'away', 'chosen' FROM generate_series(4, 2500) n"
    );
    service.database.execute(&many).await;
    // A node looks when it begins.
    let other = Service::start_on_values(&service, &[]).await;
    let kept = async || {
        let rows =
            service.database.rows("SELECT version FROM availability_changes ORDER BY version, user_id").await;
        rows.iter().map(|row| row["version"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    until("what is too old is forgotten", async || (kept().await.len() == 7).then_some(())).await;
    assert_eq!(kept().await, [1, 1, 2, 2, 3, 3, 2500]);
    other.stop().await;
}

#[tokio::test]
async fn a_step_that_forgets_who_was_what_goes_on_where_the_last_has_ended() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.uuid();
    let user = team.id(ROLE).parse::<rollcall_domain::UserId>().unwrap().uuid();
    let add = format!(
        "INSERT INTO availability_changes SELECT '{organization}', '{user}', '2024-12-15', n, 'away', 'chosen' FROM generate_series(1, 6) n"
    );
    service.database.execute(&add).await;
    let mut as_service = service.database.connect_as_service().await;
    sqlx::query("SET rollcall.task = 'availability'").execute(&mut as_service).await.unwrap();
    let mut after: (Option<time::OffsetDateTime>, Option<uuid::Uuid>, Option<uuid::Uuid>, Option<i32>) =
        (None, None, None, None);
    // The fourth is passed over, as if somebody had it: nobody comes back to what lies before.
    for (skip, forgotten, last) in [(false, 2, Some(2)), (true, 1, Some(5)), (false, 0, None)] {
        if skip {
            after.3 = Some(4);
        }
        let step = "SELECT last_at, last_org, last_user, last_version, forgotten FROM forget_availability('2025-01-01', 2, $1, $2, $3, $4)";
        let (at, org, who, version, count): (_, _, _, Option<i32>, i64) = sqlx::query_as(step)
            .bind(after.0)
            .bind(after.1)
            .bind(after.2)
            .bind(after.3)
            .fetch_one(&mut as_service)
            .await
            .unwrap();
        assert_eq!((count, version), (forgotten, last));
        after = (at, org, who, version);
    }
    let left = service.database.rows("SELECT version FROM availability_changes ORDER BY version").await;
    let left: Vec<_> = left.iter().map(|row| row["version"].as_i64().unwrap()).collect();
    assert_eq!(left, [3, 4, 6]);
}

#[tokio::test]
async fn metrics_tell_how_much_waits_and_what_has_run_out_and_of_nobody_in_particular() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let call = escalate(team.owner(), "CA1", 5).await;
    choose(team.caller(ROLE), "available").await.expect(200);
    claim(team.caller(ROLE), &call).await.expect(200);
    service.clock.advance(Duration::seconds(61));
    let _stream = crate::stream::watch(team.owner()).await;
    let told = until("all of it is counted", async || {
        let text = service.operations().get("/metrics").await.expect(200).text;
        let counted = [
            "rollcall_streams_open 1\n",
            "rollcall_stream_resyncs_total 0\n",
            "rollcall_escalations_waiting 1\n",
            "rollcall_escalations_oldest_seconds 61\n",
            "rollcall_agents_overdue_seconds 0\n",
            "rollcall_leases_lapsed_total 1\n",
            "rollcall_offers_lapsed_total 0\n",
        ];
        counted.iter().all(|line| text.contains(line)).then_some(text)
    })
    .await;
    assert!(!told.contains(&team.organization) && !told.contains("org_"));
}

#[tokio::test]
async fn signing_out_while_the_password_is_changed_in_the_same_session_is_no_fault() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let agent = team.caller(ROLE);
    choose(agent, "available").await.expect(200);
    // The one that signs out is held up first, where it has not got its session yet, and then the one that has.
    let held = service.database.open_transaction("SELECT FROM human_agents FOR UPDATE").await;
    let sign_out = tokio::spawn({
        let agent = agent.clone();
        async move { agent.delete("/v1/session").await }
    });
    service.database.lock_waits(1).await;
    let change = tokio::spawn({
        let agent = agent.clone();
        async move {
            let new = "another correct horse battery";
            let body = json!({"current_password": rollcall_tests::PASSWORD, "new_password": new});
            agent.post("/v1/me/password", body).await
        }
    });
    service.database.lock_waits(2).await;
    held.roll_back().await;
    sign_out.await.unwrap().expect(204);
    // There is no session any more to change it in.
    change.await.unwrap().problem(401, "unauthenticated");
}
