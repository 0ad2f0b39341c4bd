//! The organization's rule about second factors: deadlines that nothing extends, and sessions in which nothing is left to do but
//! to set one up, or to leave.
//!
//! Deadlines are on the database's clock, which tests cannot move; so they move the deadline.

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall_domain::{OrganizationId, UserId};
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, until};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::refusals::{Needs, call, rows};

pub(crate) async fn require(owner: &Caller, grace_days: i64) -> Answer {
    let rule = json!({"mfa_required": {"enabled": true, "grace_days": grace_days}});
    owner.patch("/v1/security", rule).await.expect(200)
}

pub(crate) async fn switch_off(owner: &Caller) {
    owner.patch("/v1/security", json!({"mfa_required": {"enabled": false}})).await.expect(200);
}

pub(crate) fn seat(organization: &str, user: &str) -> String {
    let organization = organization.parse::<OrganizationId>().unwrap().uuid();
    let user = user.parse::<UserId>().unwrap().uuid();
    format!("org_id = '{organization}' AND user_id = '{user}'")
}

/// Moves somebody's deadline to a moment of the database's clock.
pub(crate) async fn deadline(service: &Service, organization: &str, user: &str, at: &str) {
    let seat = seat(organization, user);
    service.database.execute(&format!("UPDATE mfa_deadlines SET deadline_at = {at} WHERE {seat}")).await;
}

pub(crate) async fn deadline_of(service: &Service, organization: &str, user: &str) -> Option<OffsetDateTime> {
    let query = format!("SELECT deadline_at FROM mfa_deadlines WHERE {}", seat(organization, user));
    let rows = service.database.rows(&query).await;
    rows.first().map(|row| OffsetDateTime::parse(row["deadline_at"].as_str().unwrap(), &Rfc3339).unwrap())
}

/// Gives somebody a second factor, or takes it away, as far as the rule looks.
pub(crate) async fn set_mfa(service: &Service, user: &str, enabled: bool) {
    let user = user.parse::<UserId>().unwrap().uuid();
    let set =
        format!("UPDATE users SET mfa_enabled = {enabled}, version = version + 1 WHERE user_id = '{user}'");
    service.database.execute(&set).await;
}

/// Waits until the node has heard whether somebody must set up a second factor.
pub(crate) async fn hears(caller: &Caller, must_enrol: bool) {
    until("what the node hears of a deadline", async || {
        let shown = caller.get("/v1/session").await.expect(200);
        (shown.body["mfa_enrolment_required"] == must_enrol).then_some(())
    })
    .await;
}

/// A team of which the viewer's time is over.
pub(crate) async fn late_viewer(service: &Service) -> Team {
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
    let leads_to_one = |path: &str| path.starts_with("/v1/me/mfa");
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
async fn programs_with_api_keys_are_not_people_and_need_no_second_factor() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({})).await;
    require(team.owner(), 0).await;
    team.owner().get("/v1/members").await.problem(403, "mfa_required");
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/organization").await.expect(200);
    // Nobody without a second factor makes another one, though.
    let body = json!({"name": "More", "scopes": ["calls:read"]});
    team.owner().post("/v1/api-keys", body).await.problem(403, "mfa_required");
}
