//! The organization's rule about second factors: deadlines that nothing extends, and sessions in which nothing is left to do but
//! to set one up, or to leave.
//!
//! Deadlines are on the database's clock, which tests cannot move; so they move the deadline.

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Method;
use rollcall_domain::{OrganizationId, UserId};
use rollcall_tests::{Answer, Caller, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::refusals::{Needs, call, rows};

async fn require(owner: &Caller, grace_days: i64) -> Answer {
    let rule = json!({"mfa_required": {"enabled": true, "grace_days": grace_days}});
    owner.patch("/v1/security", rule).await.expect(200)
}

async fn switch_off(owner: &Caller) {
    owner.patch("/v1/security", json!({"mfa_required": {"enabled": false}})).await.expect(200);
}

fn seat(organization: &str, user: &str) -> String {
    let organization = organization.parse::<OrganizationId>().unwrap().uuid();
    let user = user.parse::<UserId>().unwrap().uuid();
    format!("org_id = '{organization}' AND user_id = '{user}'")
}

/// Moves somebody's deadline to a moment of the database's clock.
async fn deadline(service: &Service, organization: &str, user: &str, at: &str) {
    let seat = seat(organization, user);
    service.database.execute(&format!("UPDATE mfa_deadlines SET deadline_at = {at} WHERE {seat}")).await;
}

async fn deadline_of(service: &Service, organization: &str, user: &str) -> Option<OffsetDateTime> {
    let query = format!("SELECT deadline_at FROM mfa_deadlines WHERE {}", seat(organization, user));
    let rows = service.database.rows(&query).await;
    rows.first().map(|row| OffsetDateTime::parse(row["deadline_at"].as_str().unwrap(), &Rfc3339).unwrap())
}

/// Gives somebody a second factor, or takes it away, as far as the rule looks.
async fn set_mfa(service: &Service, user: &str, enabled: bool) {
    let user = user.parse::<UserId>().unwrap().uuid();
    let set =
        format!("UPDATE users SET mfa_enabled = {enabled}, version = version + 1 WHERE user_id = '{user}'");
    service.database.execute(&set).await;
}

/// Waits until the node has heard whether somebody must set up a second factor.
async fn hears(caller: &Caller, must_enrol: bool) {
    until("what the node hears of a deadline", async || {
        let shown = caller.get("/v1/session").await.expect(200);
        (shown.body["mfa_enrolment_required"] == must_enrol).then_some(())
    })
    .await;
}

/// A team of which the viewer's time is over.
async fn late_viewer(service: &Service) -> Team {
    let team = Team::assemble(service, "Acme").await;
    require(team.owner(), 7).await;
    deadline(service, &team.organization, team.id("viewer"), "now() - interval '1 second'").await;
    hears(team.caller("viewer"), true).await;
    team
}

#[tokio::test]
async fn the_rule_is_off_until_an_owner_with_a_fresh_proof_switches_it_on() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let before = team.caller("admin").get("/v1/security").await.expect(200);
    let rule = &before.body["mfa_required"];
    assert_eq!(rule["enabled"], false);
    assert_eq!(rule["grace_days"], 7);
    assert_eq!(rule["available"], true);
    assert_eq!(rule["available_from_plan"], "free");
    assert_eq!((&rule["changed_at"], &rule["changed_by"]), (&Value::Null, &Value::Null));
    assert!(rule["effects"].as_array().unwrap().iter().all(Value::is_string));

    let patch = async |body: Value| team.owner().patch("/v1/security", body).await;
    for (wrong, field) in [
        (json!({"mfa_required": {"grace_days": 91}}), "mfa_required.grace_days"),
        (json!({"mfa_required": {"grace_days": -1}}), "mfa_required.grace_days"),
        (json!({"mfa_required": {"grace_days": null}}), "mfa_required.grace_days"),
        (json!({"mfa_required": {"enabled": "yes"}}), "mfa_required.enabled"),
        (json!({"mfa_required": null}), "mfa_required"),
        (json!({"mfa_required": {"available": true}}), "mfa_required.available"),
        (json!({"mfa_required": {"changed_by": null}}), "mfa_required.changed_by"),
        (json!({"org_id": "org_01h455vb4pex5vsknk084sn02q"}), "org_id"),
    ] {
        patch(wrong).await.invalid(field);
    }
    let on = json!({"mfa_required": {"enabled": true}});
    service.clock.advance(Duration::minutes(10));
    patch(on.clone()).await.problem(403, "elevation_required");
    team.owner().post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    let with_tag = async |tag: &str, body: &Value| {
        let request = team.owner().request(Method::PATCH, "/v1/security").header("If-Match", tag);
        Answer::of(request.json(body)).await
    };
    // A tag of the organization is none of its controls.
    let organization = team.owner().get("/v1/organization").await.expect(200).header("etag").to_owned();
    with_tag(&organization, &on).await.problem(412, "precondition_failed");
    let tag = team.owner().get("/v1/security").await.expect(200).header("etag").to_owned();
    let changed = with_tag(&tag, &on).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.body["mfa_required"]["enabled"], true);
    assert_eq!(changed.body["mfa_required"]["changed_at"], "2026-03-01T09:10:00Z");
    assert_eq!(changed.body["mfa_required"]["changed_by"]["id"], team.id("owner"));
    with_tag(&tag, &on).await.problem(412, "precondition_failed");
    let shown = team.owner().get("/v1/security").await.expect(200);
    assert_eq!((&shown.body, shown.header("etag")), (&changed.body, changed.header("etag")));
    // The same again, or nothing, is no change.
    for nothing in [on, json!({}), json!({"mfa_required": {}})] {
        assert_eq!(patch(nothing).await.expect(200).body, changed.body);
    }
    patch(json!({"mfa_required": {"grace_days": 3}})).await.expect(200);
    let log = service.audit_log(Some(&team.organization)).await;
    let of_controls: Vec<&str> = log
        .iter()
        .filter(|(action, _)| action == "security.control_changed")
        .map(|(_, outcome)| outcome.as_str())
        .collect();
    assert_eq!(of_controls, ["refused", "success", "success"]);
}

#[tokio::test]
async fn mfa_impact_lists_whom_it_would_meet_and_then_their_deadlines() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    set_mfa(&service, team.id("admin"), true).await;
    let listed = async |query: &str| {
        let mut listed = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/security/mfa-impact?{query}{cursor}");
            let page = team.owner().get(&path).await.expect(200);
            listed.extend(page.list("data").iter().cloned());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return listed,
            }
        }
    };
    let before = listed("").await;
    let roles: BTreeSet<&str> = before.iter().map(|entry| entry["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["owner", "member", "customer_support_agent", "viewer"].into(), "those without one");
    assert!(before.iter().all(|entry| entry["deadline_at"].is_null()), "{before:?}");
    let owner = before.iter().find(|entry| entry["role"] == "owner").unwrap();
    assert_eq!(owner["user"]["email"], team.email("owner"));

    require(team.owner(), 7).await;
    let after = listed("limit=1").await;
    assert_eq!(after.len(), 4);
    for entry in &after {
        let kept = deadline_of(&service, &team.organization, entry["user"]["id"].as_str().unwrap()).await;
        let shown = OffsetDateTime::parse(entry["deadline_at"].as_str().unwrap(), &Rfc3339).unwrap();
        assert_eq!(Some(shown), kept);
    }
    // Whoever has one is given a deadline as well, for when they turn it off.
    assert!(deadline_of(&service, &team.organization, team.id("admin")).await.is_some());
    let other = Team::assemble(&service, "Other").await;
    let cursor = team.owner().get("/v1/security/mfa-impact?limit=1").await.expect(200);
    let path = format!("/v1/security/mfa-impact?cursor={}", cursor.text_at("/next_cursor"));
    other.owner().get(&path).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn attack_25_before_the_deadline_everything_goes_on_and_after_it_nothing_but_enrolling_or_leaving() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    require(team.owner(), 7).await;
    // The Owner who switched it on is no exception.
    for role in ["owner", "viewer"] {
        let (caller, id) = (team.caller(role), team.id(role));
        let shown = caller.get("/v1/session").await.expect(200);
        assert_eq!(shown.body["mfa_enrolment_required"], false);
        assert_eq!(
            OffsetDateTime::parse(shown.text_at("/mfa_deadline_at"), &Rfc3339).ok(),
            deadline_of(&service, &team.organization, id).await
        );
        caller.get("/v1/organization").await.expect(200);
        deadline(&service, &team.organization, id, "now()").await;
        hears(caller, true).await;
    }

    let open: BTreeSet<(&str, &str)> = [
        ("get", "/v1/session"),
        ("delete", "/v1/session"),
        ("post", "/v1/session/elevate"),
        ("post", "/v1/session/organization"),
        ("get", "/v1/me"),
        ("get", "/v1/me/organizations"),
        ("delete", "/v1/members/me"),
        ("post", "/v1/authorize"),
    ]
    .into();
    let leads_to_one =
        |path: &str| path.starts_with("/v1/me/mfa");
    let mut closed = 0;
    for row in rows().iter().filter(|row| matches!(row.needs, Needs::Session | Needs::Permission(_))) {
        if open.contains(&(row.method, row.path)) || leads_to_one(row.path) {
            continue;
        }
        for caller in [team.owner(), team.caller("viewer")] {
            call(caller, row, team.id("member")).await.problem(403, "mfa_required");
            closed += 1;
        }
    }
    assert!(closed > 50, "{closed}");
    // Nor as one of two identities: a request that need not be signed in, but is.
    let accept = json!({"token": "none"});
    team.owner().post("/v1/invitations/accept", accept).await.problem(403, "mfa_required");

    let viewer = team.caller("viewer");
    let shown = viewer.get("/v1/session").await.expect(200);
    assert_eq!(shown.body["permissions"], json!([]));
    assert_eq!(shown.body["role"], "viewer");
    let checks = json!({"checks": [{"permission": "calls:read"}, {"permission": "team:read"}]});
    let answers = viewer.post("/v1/authorize", checks).await.expect(200);
    for answer in answers.list("results") {
        assert_eq!((&answer["allowed"], &answer["reason"]), (&json!(false), &json!("mfa_required")));
    }
    viewer.get("/v1/me").await.expect(200);
    viewer.get("/v1/me/organizations").await.expect(200);
    viewer.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);
    viewer
        .post("/v1/session/elevate", json!({"password": "not the one"}))
        .await
        .problem(401, "invalid_credentials");
    let log = service.audit_log(Some(&team.organization)).await;
    let denied = log.iter().filter(|(action, _)| action == "permission.denied").count();
    assert_eq!(denied, closed + 1, "each refusal is written down");

    // A second factor opens everything again, and so does leaving.
    set_mfa(&service, team.id("owner"), true).await;
    hears(team.owner(), false).await;
    team.owner().get("/v1/organization").await.expect(200);
    viewer.delete("/v1/members/me").await.expect(204);
    let anew = service.sign_in(team.email("viewer")).await;
    assert_eq!(anew.get("/v1/session").await.expect(200).body["mfa_enrolment_required"], false);
}

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
async fn attack_25_every_way_in_leads_to_the_same_deadline() {
    let token = "a token that other services may see";
    let service = Service::start_with(&[("service.token", token)]).await;
    let team = Team::assemble(&service, "Acme").await;
    let (viewer, email) = (team.caller("viewer"), team.email("viewer"));
    let own = {
        let (_, token) = service
            .invite(&service.sign_up(&Service::new_address("o"), "Own").await.0, email, "viewer")
            .await;
        let accepted = viewer.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
        viewer.with_token(accepted.text_at("/session/token"))
    };
    let issued = viewer.post("/v1/tokens", json!({})).await.expect(201);
    let by_token = viewer.with_token(issued.text_at("/access_token"));
    by_token.get("/v1/organization").await.expect(200);
    let keyed = async || {
        let request = viewer.request(Method::POST, "/v1/tokens").header("Idempotency-Key", "once");
        Answer::of(request.json(&json!({}))).await
    };
    keyed().await.expect(201);
    require(team.owner(), 7).await;
    deadline(&service, &team.organization, team.id("viewer"), "now()").await;
    hears(viewer, true).await;

    // The access token is worth nothing from that moment on, not even for what leads to a second factor.
    by_token.get("/v1/organization").await.problem(403, "mfa_required");
    by_token.get("/v1/session").await.problem(403, "mfa_required");
    viewer.post("/v1/tokens", json!({})).await.problem(403, "mfa_required");
    keyed().await.problem(403, "mfa_required");
    for token_of in [viewer.token(), by_token.token()] {
        let request = service.anonymous().with_token(token).request(Method::POST, "/v1/introspect");
        let told = Answer::of(request.form(&[("token", token_of)])).await.expect(200);
        assert_eq!(told.body, json!({"active": false}));
    }

    // Signing in.
    let organization = json!(team.organization);
    let credentials = json!({"email": email, "password": PASSWORD, "organization_id": organization});
    let signed_in = service.anonymous().post("/v1/sessions", credentials).await.expect(201);
    let anew = viewer.with_token(signed_in.text_at("/session/token"));
    anew.get("/v1/organization").await.problem(403, "mfa_required");
    // Going there from another organization, where nothing is asked for.
    own.get("/v1/organization").await.expect(200);
    let there =
        own.post("/v1/session/organization", json!({"organization_id": organization})).await.expect(201);
    let there = own.with_token(there.text_at("/session/token"));
    there.get("/v1/organization").await.problem(403, "mfa_required");
    // And back to where it is not asked for.
    let organizations = there.get("/v1/me/organizations").await.expect(200);
    let elsewhere =
        organizations.list("data").iter().find(|seat| seat["organization"]["name"] == "Own").unwrap();
    let back = json!({"organization_id": elsewhere["organization"]["id"]});
    let back = there.post("/v1/session/organization", back).await.expect(201);
    there.with_token(back.text_at("/session/token")).get("/v1/organization").await.expect(200);
    // Another password in place of a forgotten one.
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let reset = service.token_for(email, "/password/reset").await;
    let complete = json!({"token": reset, "password": "another long passphrase 42"});
    service.anonymous().post("/v1/password-resets/complete", complete).await.expect(204);
    let credentials =
        json!({"email": email, "password": "another long passphrase 42", "organization_id": organization});
    let signed_in = service.anonymous().post("/v1/sessions", credentials).await.expect(201);
    let viewer = viewer.with_token(signed_in.text_at("/session/token"));
    viewer.get("/v1/organization").await.problem(403, "mfa_required");
}

#[tokio::test]
async fn attack_25_an_invitation_elsewhere_is_no_way_around_it() {
    let service = Service::start().await;
    let team = late_viewer(&service).await;
    let (viewer, email) = (team.caller("viewer"), team.email("viewer"));
    let (host, _) = service.sign_up(&Service::new_address("host"), "Host").await;
    let (_, token) = service.invite(&host, email, "viewer").await;
    viewer.post("/v1/invitations/accept", json!({"token": token})).await.problem(403, "mfa_required");
    let form = [("token", token.as_str()), ("password", PASSWORD)];
    let request = service.anonymous().request(Method::POST, "/invitations/accept").form(&form);
    let page = Answer::of(request.header("Origin", service.base())).await.expect(403);
    assert!(page.text.contains("Set up a second factor first"), "{}", page.text);
    // Leaving is one, as it ends what is guarded.
    viewer.delete("/v1/members/me").await.expect(204);
    let outside = service.sign_in(email).await;
    outside.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
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
    let organization = team.organization.parse::<OrganizationId>().unwrap().uuid();
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
async fn an_owner_turns_off_the_second_factor_of_a_member_who_has_lost_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, viewer) = (team.owner(), team.caller("viewer"));
    let reset = async |id: &str| owner.post(&format!("/v1/members/{id}/mfa-reset"), json!({})).await;
    reset(team.id("viewer")).await.problem(409, "mfa_not_enabled");
    set_mfa(&service, team.id("viewer"), true).await;
    set_mfa(&service, team.id("owner"), true).await;
    reset(team.id("owner")).await.problem(409, "own_mfa");
    reset("user_01h455vb4pex5vsknk084sn02q").await.problem(404, "not_found");
    service.clock.advance(Duration::minutes(10));
    reset(team.id("viewer")).await.problem(403, "elevation_required");
    owner.post("/v1/session/elevate", json!({"password": PASSWORD})).await.expect(200);

    let done = reset(team.id("viewer")).await.expect(200);
    assert_eq!(done.body["mfa_enabled"], false);
    assert_eq!(done.text_at("/user/id"), team.id("viewer"));
    viewer.get("/v1/session").await.problem(401, "unauthenticated");
    let told = service.told(team.email("viewer"), "Your second factor has been turned off").await;
    assert!(told["text"].as_str().unwrap().contains("rollcall@localhost.localdomain"), "{told}");
    let anew = service.sign_in(team.email("viewer")).await;
    assert_eq!(anew.get("/v1/me").await.expect(200).body["mfa_enabled"], false);
    let log = service.audit_log(Some(&team.organization)).await;
    let of_resets = log.iter().filter(|(action, _)| action == "mfa.reset");
    let outcomes: Vec<&str> = of_resets.map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(outcomes, ["refused", "refused", "refused", "success"]);
}

#[tokio::test]
async fn asvs_6_4_4_whoever_is_elsewhere_too_is_reset_by_the_platform_s_operator_alone() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (other, _) = service.sign_up(&Service::new_address("other"), "Elsewhere").await;
    let (_, token) = service.invite(&other, team.email("viewer"), "viewer").await;
    let viewer = team.caller("viewer");
    let there = viewer.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let there = viewer.with_token(there.text_at("/session/token"));
    set_mfa(&service, team.id("viewer"), true).await;
    let path = format!("/v1/members/{}/mfa-reset", team.id("viewer"));
    let refused = team.owner().post(&path, json!({})).await.problem(409, "mfa_reset_by_operator");
    assert!(!refused.text.contains("Elsewhere"), "{}", refused.text);
    there.get("/v1/session").await.expect(200);
    // A deleted organization can come back, so it counts.
    other.delete_with("/v1/organization", json!({"confirm_name": "Elsewhere"})).await.expect(204);
    team.owner().post(&path, json!({})).await.problem(409, "mfa_reset_by_operator");

    service.reset_mfa(team.id("viewer")).await.unwrap();
    // The command is another process, so this node hears of it.
    until("the end of every session", async || (viewer.get("/v1/session").await.status == 401).then_some(()))
        .await;
    service.told(team.email("viewer"), "Your second factor has been turned off").await;
    assert!(service.audit_log(None).await.contains(&("mfa.reset".to_owned(), "success".to_owned())));
    let nothing = service.reset_mfa(team.id("viewer")).await.unwrap_err().to_string();
    assert!(nothing.contains("has no second factor"), "{nothing}");
    let nobody = service.reset_mfa("user_01h455vb4pex5vsknk084sn02q").await.unwrap_err().to_string();
    assert!(nobody.contains("is no account"), "{nobody}");
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
async fn the_rule_of_one_organization_is_none_of_another_s() {
    let service = Service::start().await;
    let ours = late_viewer(&service).await;
    let theirs = Team::assemble(&service, "Theirs").await;
    theirs.caller("viewer").get("/v1/organization").await.expect(200);
    assert_eq!(theirs.owner().get("/v1/security").await.expect(200).body["mfa_required"]["enabled"], false);
    assert!(deadline_of(&service, &theirs.organization, theirs.id("viewer")).await.is_none());
    assert!(deadline_of(&service, &theirs.organization, ours.id("viewer")).await.is_none());
    let path = format!("/v1/members/{}/mfa-reset", ours.id("viewer"));
    theirs.owner().post(&path, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn attack_29_with_the_account_or_the_organization_deadlines_go() {
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
