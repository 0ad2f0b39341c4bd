//! Deadlines for second factors: nothing extends them, and people are told in time. They are on the database's clock, which tests
//! cannot move; so they move the deadline.

use std::sync::Arc;

use rollcall_domain::UserId;
use rollcall_tests::{ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::mfa_rule::{deadline, deadline_of, hears, require, seat, set_mfa, switch_off};

#[tokio::test]
async fn attack_25_turning_the_second_factor_off_again_finds_the_deadline_that_is_over() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    set_mfa(&service, team.id("viewer"), true).await;
    require(team.owner(), 7).await;
    deadline(&service, &team.organization, team.id("viewer"), "now()").await;
    let viewer = team.caller("viewer");
    hears(viewer, false).await;
    viewer.get("/v1/organization").await.expect(200);
    set_mfa(&service, team.id("viewer"), false).await;
    hears(viewer, true).await;
    viewer.get("/v1/organization").await.problem(403, "mfa_required");
}

#[tokio::test]
async fn nothing_extends_a_deadline() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.organization.as_str();
    require(team.owner(), 7).await;
    let first = deadline_of(&service, organization, team.id("viewer")).await.unwrap();
    let stays = async |what: &str| {
        let now = deadline_of(&service, organization, team.id("viewer")).await;
        assert_eq!(now, Some(first), "{what}");
    };
    service.sign_in(team.email("viewer")).await;
    stays("signing in again").await;
    switch_off(team.owner()).await;
    stays("switching off").await;
    require(team.owner(), 30).await;
    stays("on again, with more time").await;
    team.owner().patch("/v1/security", json!({"mfa_required": {"grace_days": 90}})).await.expect(200);
    stays("more time").await;
    team.caller("viewer").delete("/v1/members/me").await.expect(204);
    stays("leaving").await;
    let (_, token) = service.invite(team.owner(), team.email("viewer"), "viewer").await;
    let outside = service.sign_in(team.email("viewer")).await;
    let accepted = outside.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    stays("coming back").await;
    let viewer = outside.with_token(accepted.text_at("/session/token"));
    // Whoever is new has what the rule leaves.
    let (_, newcomer) = service.bring_in(team.owner(), &Service::new_address("new"), "viewer").await;
    let theirs = deadline_of(&service, organization, &newcomer).await.unwrap();
    assert!(theirs > first + Duration::days(80), "{theirs} {first}");
    // Less time is less time for everybody.
    team.owner().patch("/v1/security", json!({"mfa_required": {"grace_days": 2}})).await.expect(200);
    for id in [team.id("viewer"), &newcomer] {
        let shorter = deadline_of(&service, organization, id).await.unwrap();
        assert!(shorter < first - Duration::days(4), "{shorter} {first}");
    }
    // No time at all, and a way out for nobody: off and on, out and in.
    require(team.owner(), 0).await;
    hears(&viewer, true).await;
    team.owner().get("/v1/organization").await.problem(403, "mfa_required");
    set_mfa(&service, team.id("owner"), true).await;
    hears(team.owner(), false).await;
    switch_off(team.owner()).await;
    hears(&viewer, false).await;
    viewer.get("/v1/organization").await.expect(200);
    require(team.owner(), 90).await;
    hears(&viewer, true).await;
    viewer.get("/v1/organization").await.problem(403, "mfa_required");
}

#[tokio::test]
async fn the_database_itself_extends_and_forgets_no_deadline() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    require(team.owner(), 7).await;
    let seat = seat(&team.organization, team.id("viewer"));
    let mut connection = service.database.connect().await;
    let extend =
        format!("UPDATE mfa_deadlines SET deadline_at = deadline_at + interval '1 second' WHERE {seat}");
    let extended = sqlx::Executor::execute(&mut connection, sqlx::AssertSqlSafe(extend)).await;
    assert!(extended.unwrap_err().to_string().contains("not extended"));
    let mut connection = service.database.connect_as_service().await;
    let forget = format!("DELETE FROM mfa_deadlines WHERE {seat}");
    let forgotten = sqlx::Executor::execute(&mut connection, sqlx::AssertSqlSafe(forget)).await;
    assert!(forgotten.unwrap_err().to_string().contains("permission denied"));
    // Whoever has none where one is asked for, which cannot be, is late.
    service.database.execute(&format!("DELETE FROM mfa_deadlines WHERE {seat}")).await;
    hears(team.caller("viewer"), true).await;
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_session_is_remembered_holds_at_its_moment() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    require(team.owner(), 7).await;
    deadline(&service, &team.organization, team.id("viewer"), "now() + interval '3 seconds'").await;
    let at = deadline_of(&service, &team.organization, team.id("viewer")).await.unwrap();
    let viewer = team.caller("viewer");
    let now = async || {
        let rows = service.database.rows("SELECT clock_timestamp() AS now").await;
        OffsetDateTime::parse(rows[0]["now"].as_str().unwrap(), &Rfc3339).unwrap()
    };
    let mut before = 0;
    until("the end of the deadline", async || {
        let (sent, answer) = (now().await, viewer.get("/v1/organization").await);
        if answer.status == 200 {
            before += 1;
            assert!(sent < at, "{sent} is after {at}");
            return None;
        }
        answer.problem(403, "mfa_required");
        Some(())
    })
    .await;
    assert!(now().await >= at - Duration::milliseconds(500) && before > 0, "{before} before");
}

#[tokio::test]
async fn letters_go_out_when_it_goes_on_and_seven_three_and_one_days_before_each_once() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let service = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let other_node = Service::start_on(database, clock, &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    set_mfa(&service, team.id("admin"), true).await;
    require(team.owner(), 30).await;
    let count = async |role: &str, subject: &str| {
        let mails = service.mails_to(team.email(role)).await;
        mails.iter().filter(|mail| mail["subject"] == subject).count()
    };
    let (first, later) = ("Acme asks for a second factor", "Set up a second factor for Acme");
    for role in ["owner", "member", "customer_support_agent", "viewer"] {
        service.told(team.email(role), first).await;
    }
    let organization = team.uuid();
    let nothing_due = async || {
        until("no letter that is due", async || {
            let due = "SELECT 1 AS one FROM mfa_deadlines WHERE notice_at <= now()";
            service.database.rows(due).await.is_empty().then_some(())
        })
        .await;
        service.all_mail_sent().await;
    };
    nothing_due().await;
    for (days, sent) in [(7, 1), (3, 2), (1, 3)] {
        // As if the moment had come.
        service
            .database
            .execute(&format!(
                "UPDATE mfa_deadlines SET deadline_at = now() + interval '{days} days', notice_at = now()
                  WHERE org_id = '{organization}'"
            ))
            .await;
        nothing_due().await;
        for role in ["owner", "member", "customer_support_agent", "viewer"] {
            assert_eq!(
                (count(role, first).await, count(role, later).await),
                (1, sent),
                "{role}, {days} days before"
            );
        }
        let next = service
            .database
            .rows("SELECT DISTINCT extract(epoch FROM deadline_at - notice_at)::int / 3600 AS hours FROM mfa_deadlines")
            .await;
        let hours = match days {
            7 => json!(72),
            3 => json!(24),
            _ => Value::Null,
        };
        assert_eq!(next, [json!({"hours": hours})]);
    }
    for (subject, there) in [(first, false), (later, false)] {
        assert_eq!(count("admin", subject).await > 0, there, "who has one is not told to set one up");
    }
    let notice = service.told(team.email("viewer"), later).await;
    assert!(notice["text"].as_str().unwrap().contains(" UTC"), "{notice}");
    let log = service.audit_log(Some(&team.organization)).await;
    let sent = ("security.mfa_reminders_sent".to_owned(), "success".to_owned());
    assert_eq!(log.iter().filter(|entry| **entry == sent).count(), 4);
    drop(other_node);
}

#[tokio::test]
async fn attack_25_whoever_comes_in_while_it_goes_on_has_a_deadline() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    for round in 0..10 {
        let email = Service::new_address("newcomer");
        let (_, token) = service.invite(team.owner(), &email, "viewer").await;
        let accept = json!({"token": token, "name": "Newcomer", "password": PASSWORD});
        let anonymous = service.anonymous();
        let on = json!({"mfa_required": {"enabled": true}});
        let (accepted, _) = tokio::join!(
            anonymous.post("/v1/invitations/accept", accept),
            team.owner().patch("/v1/security", on)
        );
        let accepted = accepted.expect(201);
        let id = accepted.text_at("/user/id");
        assert!(deadline_of(&service, &team.organization, id).await.is_some(), "round {round}");
        switch_off(team.owner()).await;
    }
}

#[tokio::test]
async fn attack_29_deadlines_go_with_the_account_or_the_organization() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    require(team.owner(), 7).await;
    let viewer = team.id("viewer").parse::<UserId>().unwrap().uuid();
    team.caller("viewer").delete("/v1/me").await.expect(204);
    let left = format!("SELECT 1 AS one FROM mfa_deadlines WHERE user_id = '{viewer}'");
    assert_eq!(service.database.rows(&left).await, [Value::Null; 0]);
    let (database, clock) = (service.database.clone(), service.clock.clone());
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    service.stop().await;
    clock.advance(Duration::days(31));
    let service = Service::start_on(database, clock, &[]).await;
    until("the purge", async || {
        let left = service.database.rows("SELECT 1 AS one FROM organizations").await;
        left.is_empty().then_some(())
    })
    .await;
    for table in ["mfa_deadlines", "security_controls"] {
        assert_eq!(
            service.database.rows(&format!("SELECT * FROM {table}")).await,
            [Value::Null; 0],
            "{table}"
        );
    }
}
