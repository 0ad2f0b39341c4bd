//! What goes from an audit log with time, and what is proved of it afterwards.

use rollcall_tests::{ManualClock, Service, Team, TestDatabase, until};
use serde_json::json;
use sqlx::Executor;
use time::{Duration, macros::datetime};

use crate::{
    audit_exports::{EXPORT, Files, checkpoint, events, team_with_log},
    audit_reading::{names, search, table},
    audit_reports::EVENTS,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_the_plan_keeps_it_goes_and_everything_is_proved_as_before() {
    let clock = ManualClock::at(datetime!(2020-01-01 00:00:00 UTC));
    let database = std::sync::Arc::new(TestDatabase::create().await);
    let service = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    for name in ["Old", "Older"] {
        team.owner().patch("/v1/organization", json!({"name": name})).await.expect(200);
    }
    let plan = team.owner().get("/v1/plan").await.expect(200).text;
    let days = plan.split("audit_retention_days\":").nth(1).unwrap().split(|c: char| !c.is_ascii_digit());
    let kept: i64 = days.map(|days| days.parse().unwrap()).next().unwrap();
    let seen = checkpoint(team.owner()).await;
    let cleared = format!("SELECT cleared, removed FROM audit_retention WHERE org_id = '{}'", team.uuid());
    let gone_through = async |expected: &str| {
        // A node looks when it starts.
        let node = Service::start_on(database.clone(), clock.clone(), &[]).await;
        until(&format!("retention: {expected}"), async || {
            let rows = database.rows(&cleared).await;
            let row = rows.first()?;
            let done = match expected {
                "cleared" => row["cleared"].as_i64()? >= 3 && row["removed"] == 0,
                _ => row["removed"].as_i64()? >= 3,
            };
            done.then_some(())
        })
        .await;
        node
    };
    clock.advance(Duration::days(kept));
    clock.advance(Duration::HOUR);
    let owner = service.sign_in(team.email("owner")).await;
    owner.patch("/v1/organization", json!({"name": "New"})).await.expect(200);

    let node = gone_through("cleared").await;
    let found = search(&owner, "action=organization.updated").await;
    assert_eq!(names(&found), ["New", "Older", "Old"]);
    assert!(found[0]["personal"]["ip"].is_string() && found[1]["personal"]["ip"].is_null(), "{found:?}");
    let text = owner.get(EXPORT).await.expect(200).text;
    let (code, said) = Files::new().verify(&text, &[&seen]);
    assert_eq!(code, 0, "{said}");
    node.stop().await;

    clock.advance(Duration::days(30));
    let owner = service.sign_in(team.email("owner")).await;
    let node = gone_through("removed").await;
    assert_eq!(names(&search(&owner, "action=organization.updated").await), ["New"]);
    let old = found[2]["id"].as_str().unwrap();
    owner.get(&format!("{EVENTS}/{old}")).await.problem(404, "not_found");
    let text = owner.get(EXPORT).await.expect(200).text;
    let first = events(&text)[0]["index"].as_u64().unwrap();
    assert!(first >= 3, "{text}");
    let rows = table(&owner.get(&format!("{EXPORT}?format=csv")).await.expect(200).text);
    assert_eq!(rows[0]["index"], first.to_string());
    // The hashes of what is gone prove everything else.
    let proof = format!("/v1/audit/proofs/inclusion?event_id={}", found[0]["id"].as_str().unwrap());
    owner.get(&proof).await.expect(200);
    owner
        .get(&format!("/v1/audit/proofs/consistency?from={}", seen.lines().nth(1).unwrap()))
        .await
        .expect(200);
    let (code, said) = Files::new().verify(&text, &[]);
    assert_eq!(code, 0, "{said}");
    node.stop().await;
}

#[tokio::test]
async fn attack_32_nothing_of_today_goes_by_retention_whatever_is_asked_of_it() {
    let service = Service::start_on(
        std::sync::Arc::new(TestDatabase::create().await),
        // Ahead of the database's clock.
        ManualClock::at(datetime!(2100-01-01 00:00:00 UTC)),
        &[],
    )
    .await;
    let team = team_with_log(&service, "Acme").await;
    let retain =
        format!("SELECT retain_audit_events('{}', '2200-01-01', '2200-01-01', 1000) AS events", team.uuid());
    let mut connection = service.database.connect_as_service().await;
    connection.execute("BEGIN; SET LOCAL rollcall.task = 'audit_retention'").await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(retain)).await.unwrap();
    connection.execute("COMMIT").await.unwrap();
    let row = format!("SELECT cleared, removed FROM audit_retention WHERE org_id = '{}'", team.uuid());
    assert_eq!(service.database.rows(&row).await, [json!({"cleared": 0, "removed": 0})]);
    // Nor can the service do it by itself.
    for statement in [
        "DELETE FROM audit_events",
        "UPDATE audit_events SET personal = '{}'",
        "UPDATE audit_retention SET removed = 1",
        "DELETE FROM audit_leaves",
    ] {
        assert!(connection.execute(statement).await.is_err(), "{statement}");
    }
}
