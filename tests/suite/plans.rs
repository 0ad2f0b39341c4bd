//! Plans: what they entitle to, who changes them, and what a smaller one needs. When several come at once is in `plan_races`.

use rollcall_domain::{Role, plans::Consent};
use rollcall_tests::{Answer, Caller, PASSWORD, Service, Team, one_line, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{api_keys::make, calls, recording_retention::kept_though_found, recordings};

pub(crate) const PLAN: &str = "/v1/billing/plan";
const DISABLE: Consent = Consent { disable_controls: true, accept_deletion: false };

/// Invites so many newcomers; gives back what each accepts with.
pub(crate) async fn invited(service: &Service, owner: &Caller, number: usize) -> Vec<Value> {
    let mut accept = Vec::new();
    for n in 0..number {
        let (_, token) = service.invite(owner, &Service::new_address(&format!("n{n}")), "viewer").await;
        accept.push(json!({"token": token, "name": format!("Newcomer {n}"), "password": PASSWORD}));
    }
    accept
}

#[tokio::test]
async fn everybody_sees_the_plan_and_what_it_entitles_to() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&secret);
    let free = json!({
        "plan": "free", "entitlements": [],
        "limits": {"seats": 25, "api_keys": 50, "audit_retention_days": 30, "recording_retention_days": 30},
    });
    for caller in Role::ALL.map(|role| team.caller(role.as_str())).into_iter().chain([&program]) {
        assert_eq!(caller.get("/v1/plan").await.expect(200).body, free);
    }
    service.set_plan(&team.organization, "enterprise").await;
    let enterprise = json!({
        "plan": "enterprise",
        "entitlements": ["call_recording", "phi_protection", "end_to_end_encryption", "audit_log"],
        "limits": {"seats": null, "api_keys": 1000, "audit_retention_days": 2557, "recording_retention_days": 2557},
    });
    // What is remembered of sessions and keys is not what was.
    for caller in [team.owner(), team.caller("viewer"), &program] {
        assert_eq!(caller.get("/v1/plan").await.expect(200).body, enterprise);
    }
    assert_eq!(team.owner().get("/v1/organization").await.expect(200).body["plan"], "enterprise");
}

#[tokio::test]
async fn the_owner_changes_the_plan_and_it_is_recorded() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    make(team.owner(), json!({})).await;
    let changed = team.owner().put(PLAN, json!({"plan": "pro"})).await.expect(200);
    assert_eq!(changed.body["plan"], "pro");
    assert_eq!(changed.body["usage"], json!({"seats": 5, "api_keys": 1, "controls": []}));
    let plans: Vec<&Value> = changed.list("plans").iter().map(|plan| &plan["plan"]).collect();
    assert_eq!(plans, [&json!("free"), &json!("pro"), &json!("enterprise")]);
    assert_eq!(team.owner().get("/v1/billing").await.expect(200).body, changed.body);
    let owner = json!({"id": team.id("owner"), "email": team.email("owner"), "name": "Grace Hopper"});
    let change = json!({
        "plan_before": "free", "plan": "pro", "changed_at": "2026-03-01T09:00:00Z", "changed_by": owner,
        "by_operator": false,
    });
    assert_eq!(changed.list("changes"), std::slice::from_ref(&change));
    // The same again changes nothing.
    team.owner().put(PLAN, json!({"plan": "pro"})).await.expect(200);
    service.clock.advance(Duration::SECOND);
    service.set_plan(&team.organization, "enterprise").await;
    let billing = team.owner().get("/v1/billing").await.expect(200);
    assert_eq!(billing.body["changes"][1], change);
    assert_eq!(billing.body["changes"][0]["by_operator"], true);
    assert_eq!(billing.body["changes"][0]["changed_by"], Value::Null);
    let log = service.audit_log(Some(&team.organization)).await;
    let changes = log.iter().filter(|(action, outcome)| action == "plan.changed" && outcome == "success");
    assert_eq!(changes.count(), 2);
    let rows = service
        .database
        .rows(
            "SELECT actor_kind, convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events
                WHERE action = 'plan.changed' ORDER BY written",
        )
        .await;
    assert_eq!(rows[0]["actor_kind"], "user");
    assert_eq!(rows[0]["changes"], json!([{"field": "plan", "before": "free", "after": "pro"}]));
    assert_eq!(rows[1]["actor_kind"], "operator");

    team.owner().put(PLAN, json!({"plan": "gold"})).await.invalid("plan");
    team.owner().put(PLAN, json!({"plan": "pro", "seats": 1_000})).await.invalid("seats");
    team.owner()
        .put(PLAN, json!({"plan": "pro", "disable_controls": null}))
        .await
        .invalid("disable_controls");
    team.owner().put(PLAN, json!({"plan": "pro", "accept_deletion": "yes"})).await.invalid("accept_deletion");
    service.clock.advance(Duration::minutes(11));
    team.owner().put(PLAN, json!({"plan": "pro"})).await.problem(403, "elevation_required");
}

#[tokio::test]
async fn a_smaller_plan_never_ends_a_protection_silently() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let on = json!({"call_recording": {"enabled": true}, "phi_protection": {"enabled": true}});
    team.owner().patch("/v1/security", on).await.expect(200);
    let operated = format!("/operator/v1/organizations/{}/plan", team.organization);
    let before = team.owner().get("/v1/security").await.expect(200).body;
    let in_use = json!(["call_recording", "phi_protection", "audit_log"]);
    for refused in [
        team.owner().put(PLAN, json!({"plan": "free"})).await,
        team.owner().put(PLAN, json!({"plan": "free", "disable_controls": false})).await,
        service.operator().put(&operated, json!({"plan": "free"})).await,
    ] {
        assert_eq!(refused.problem(409, "controls_in_use").body["controls"], in_use);
    }
    let beside =
        service.set_plan_here(&team.organization, "free", Consent::default()).await.unwrap_err().to_string();
    assert!(beside.contains("call_recording, phi_protection, audit_log"), "{beside}");
    assert_eq!(team.owner().get("/v1/security").await.expect(200).body, before);
    // One of them stays with the plan in between.
    let changed = team.owner().put(PLAN, json!({"plan": "pro", "disable_controls": true})).await.expect(200);
    assert_eq!(changed.body["usage"]["controls"], json!(["call_recording", "phi_protection"]));
    let mail = service.told(team.email("owner"), "The audit log of Acme is off").await;
    assert!(one_line(&mail).contains("by an Owner, by the platform's operator"), "{mail}");
    service.set_plan_here(&team.organization, "free", DISABLE).await.unwrap();
    for subject in ["Call recording of Acme is off", "PHI protection of Acme is off"] {
        service.told(team.email("owner"), subject).await;
    }
    assert_eq!(service.mails_to(team.email("admin")).await.len(), 1, "the invitation, and nothing else");
    let security = team.owner().get("/v1/security").await.expect(200).body;
    for control in ["call_recording", "phi_protection", "audit_log"] {
        assert_eq!(security[control]["enabled"], false, "{control}");
        assert_eq!(security[control]["available"], false, "{control}");
    }
    let switched = service
        .database
        .rows("SELECT actor_kind, convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events
                WHERE action = 'security.control_changed' AND outcome = 'success' ORDER BY written DESC LIMIT 3")
        .await;
    let off = |control: &str| json!([{"field": control, "before": "on", "after": "off"}]);
    let kinds: Vec<&Value> = switched.iter().map(|row| &row["actor_kind"]).collect();
    assert_eq!(kinds, ["operator", "operator", "user"]);
    let changes: Vec<&Value> = switched.iter().map(|row| &row["changes"]).collect();
    assert_eq!(changes, [&off("phi_protection"), &off("call_recording"), &off("audit_log")]);
}

#[tokio::test]
async fn a_smaller_plan_deletes_nothing_that_nobody_has_agreed_to() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    recordings::switch(&team, "call_recording", true).await;
    for number in 0..2 {
        let call = calls::write(team.owner(), &format!("CA{number}")).await;
        recordings::put(team.owner(), &call, &recordings::wav(1_000, number)).await.expect(201);
    }
    service.database.all_sequenced().await;
    let organization = team.uuid();
    let leaves = format!("SELECT 1 AS one FROM audit_leaves WHERE org_id = '{organization}'");
    let events = service.database.rows(&leaves).await.len();
    assert!(events >= 4, "{events}");
    // At this moment the smallest plan would keep all of it: nobody is asked.
    service.clock.advance(Duration::days(29));
    let young = service.sign_in(team.email("owner")).await;
    young.put(PLAN, json!({"plan": "free"})).await.problem(409, "controls_in_use");
    service.set_plan_here(&team.organization, "pro", DISABLE).await.unwrap();
    service.clock.advance(Duration::days(2));
    let owner = service.sign_in(team.email("owner")).await;
    let operated = format!("/operator/v1/organizations/{}/plan", team.organization);
    owner.put(PLAN, json!({"plan": "free"})).await.problem(409, "controls_in_use");
    let free = json!({"plan": "free", "disable_controls": true});
    for refused in [
        owner.put(PLAN, free.clone()).await,
        owner.put(PLAN, json!({"plan": "free", "disable_controls": true, "accept_deletion": false})).await,
        service.operator().put(&operated, free).await,
    ] {
        let refused = refused.problem(409, "retention_too_short").body;
        assert_eq!((&refused["recordings"], &refused["audit_events"]), (&json!(2), &json!(events)));
    }
    let beside = service.set_plan_here(&team.organization, "free", DISABLE).await.unwrap_err().to_string();
    assert!(beside.contains(&format!("2 recordings and {events} events")), "{beside}");
    assert!(beside.contains("--accept-deletion"), "{beside}");
    assert_eq!(owner.get("/v1/plan").await.expect(200).body["plan"], "pro");

    let agreed = json!({"plan": "free", "disable_controls": true, "accept_deletion": true});
    owner.put(PLAN, agreed).await.expect(200);
    let mail = service.told(team.email("owner"), "What is too old for the plan of Acme is deleted").await;
    for told in [
        "Recordings of calls are kept for 30 days (before: 365). 2 of them are",
        &format!("Events of the audit log are kept for 30 days (before: 365). {events} of them are"),
        "plan Free on 1 April 2026, 09:00 UTC",
    ] {
        assert!(one_line(&mail).contains(told), "{told}: {mail}");
    }
    let changes = service
        .database
        .rows(
            "SELECT convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events
              WHERE action = 'plan.changed' AND outcome = 'success' ORDER BY written DESC LIMIT 1",
        )
        .await;
    let days = |field: &str| json!({"field": field, "before": "365", "after": "30"});
    let plan = json!({"field": "plan", "before": "pro", "after": "free"});
    let expected = json!([plan, days("recording_retention_days"), days("audit_retention_days")]);
    assert_eq!(changes[0]["changes"], expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_larger_plan_keeps_what_retention_had_only_listed() {
    let (service, team) = kept_though_found("plan = 'enterprise'").await;
    let owner = service.sign_in(team.email("owner")).await;
    assert_eq!(owner.get("/v1/plan").await.expect(200).body["plan"], "enterprise");
    let recorded = owner.get("/v1/calls?recording=true").await.expect(200);
    assert_eq!(recorded.list("data").len(), 2);
}

#[tokio::test]
async fn a_plan_that_is_too_small_is_refused_with_the_numbers() {
    let service = Service::start_with(&[("plans.free.seats", "4"), ("plans.free.api_keys", "1")]).await;
    let (owner, signed_up) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let organization = signed_up.text_at("/organization/id");
    service.set_plan(organization, "pro").await;
    let mut newcomers = Vec::new();
    for n in 0..4 {
        newcomers.push(service.bring_in(&owner, &Service::new_address(&format!("n{n}")), "viewer").await);
    }
    let (first, _) = make(&owner, json!({})).await;
    make(&owner, json!({})).await;
    let refused = owner.put(PLAN, json!({"plan": "free", "disable_controls": true})).await;
    let refused = refused.problem(409, "too_many_members");
    assert_eq!(refused.body["detail"], "The organization has 5 members, and the plan has 4 seats.");
    let path = format!("/operator/v1/organizations/{organization}/plan");
    service.operator().put(&path, json!({"plan": "free"})).await.problem(409, "too_many_members");
    owner.delete(&format!("/v1/members/{}", newcomers[0].1)).await.expect(204);
    let refused = owner.put(PLAN, json!({"plan": "free"})).await.problem(409, "too_many_api_keys");
    assert!(refused.text_at("/detail").contains("2 API keys"), "{}", refused.text);
    owner.delete(&crate::api_keys::path(&first)).await.expect(204);
    owner.put(PLAN, json!({"plan": "free"})).await.expect(200);
}

#[tokio::test]
async fn where_no_seat_is_left_nobody_comes_in_until_there_is_one() {
    let service = Service::start_with(&[("plans.free.seats", "5")]).await;
    let team = Team::assemble(&service, "Acme").await;
    let existing = Service::new_address("existing");
    let (existing_caller, _) = service.sign_up(&existing, "Own").await;
    let (_, token) = service.invite(team.owner(), &existing, "viewer").await;
    let accept = invited(&service, team.owner(), 1).await.remove(0);
    let anonymous = service.anonymous();
    let full = anonymous.post("/v1/invitations/accept", accept.clone()).await;
    let full = full.problem(409, "seat_limit_reached");
    assert_eq!(full.body["detail"], "All 5 seats of the organization's plan are taken.");
    let with_account = json!({"token": token});
    existing_caller
        .post("/v1/invitations/accept", with_account.clone())
        .await
        .problem(409, "seat_limit_reached");
    let log = service.audit_log(Some(&team.organization)).await;
    let refused = ("invitation.accepted".to_owned(), "refused".to_owned());
    assert_eq!(log.iter().filter(|entry| **entry == refused).count(), 2);
    // Somebody leaves, and one of them comes in; with another plan so does the other.
    team.caller("viewer").delete("/v1/members/me").await.expect(204);
    existing_caller.post("/v1/invitations/accept", with_account).await.expect(201);
    anonymous.post("/v1/invitations/accept", accept.clone()).await.problem(409, "seat_limit_reached");
    service.set_plan(&team.organization, "pro").await;
    anonymous.post("/v1/invitations/accept", accept).await.expect(201);
}

#[tokio::test]
async fn whoever_has_a_plan_witness_or_event_as_it_is_shown_is_told_so() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let (owner, operator) = (team.owner(), service.operator());
    owner.put("/v1/audit/witness", json!({"email": Service::new_address("auditor")})).await.expect(200);
    service.all_mail_sent().await;
    let event = owner.get("/v1/audit/events?limit=1").await.expect(200).list("data")[0]["id"].clone();
    // A tag may have been made weak on its way.
    for (caller, path, on_its_way) in [
        (owner, "/v1/plan".to_owned(), ""),
        (owner, "/v1/audit/witness".to_owned(), ""),
        (owner, format!("/v1/audit/events/{}", event.as_str().unwrap()), ""),
        (&operator, format!("/operator/v1/organizations/{}", team.organization), "W/"),
    ] {
        // What becomes of the first checkpoint is written down a moment later.
        let told = until("what is shown to stand still", async || {
            let shown = caller.get(&path).await.expect(200);
            let known = format!("{on_its_way}{}", shown.header("etag"));
            let again = caller.request(reqwest::Method::GET, &path).header("If-None-Match", known);
            let answer = Answer::of(again).await;
            (answer.status == 304).then_some(answer)
        });
        assert_eq!(told.await.text, "", "{path}");
    }
}
