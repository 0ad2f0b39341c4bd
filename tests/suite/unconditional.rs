//! Whoever does not say which version a change is meant for has it made, whatever else happens at the same moment.

use futures_util::future::join_all;
use reqwest::Method;
use rollcall_tests::{Answer, Caller, HookServer, Service, Team};
use serde_json::{Value, json};

use crate::audit_exports::an_event_of;

/// How many come at once.
const AT_ONCE: usize = 16;

/// How many of them have begun, and not gone on, before any goes on: fewer, so that none waits for so long that it is given up.
const OVERLAP: usize = 8;

/// Whoever comes at once, while nobody gets on with the table.
struct Rush<'a> {
    service: &'a Service,
    caller: &'a Caller,
}

impl Rush<'_> {
    async fn on(&self, table: &str, method: Method, path: &str, body: impl Fn(usize) -> Value) -> Vec<Value> {
        let asked = (0..AT_ONCE).map(|number| {
            let request = self.caller.request(method.clone(), path).json(&body(number));
            Answer::of(request)
        });
        let database = &self.service.database;
        // It can be read, and nothing in it be changed or held.
        let held = database.open_transaction(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).await;
        let let_on = async {
            database.lock_waits(OVERLAP).await;
            held.roll_back().await;
        };
        let (answers, ()) = tokio::join!(join_all(asked), let_on);
        accepted(answers, &method, path)
    }
}

fn accepted(answers: Vec<Answer>, method: &Method, path: &str) -> Vec<Value> {
    answers
        .into_iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
            answer.body
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_nobody_has_changed_yet_are_changed_by_all_who_come_at_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let path = "/v1/escalations/settings";
    // Each changes something of its own: nobody's change undoes another's.
    let fields = ["wait_limit_seconds", "offer_seconds", "lease_seconds"];
    let body = |number: usize| json!({fields[number % 3]: 30 + number});
    let rush = Rush { service: &service, caller: team.owner() };
    rush.on("escalation_settings", Method::PUT, path, body).await;
    let settings = team.owner().get(path).await.expect(200).body;
    for (place, field) in fields.into_iter().enumerate() {
        let given = (0..AT_ONCE).filter(|number| number % 3 == place).map(|number| json!(30 + number));
        assert!(given.into_iter().any(|given| given == settings[field]), "{settings}");
    }
    // Each is in the audit log, and each began where the one before had ended.
    let log = service.audit_log(Some(&team.organization)).await;
    let changed = log.iter().filter(|(action, _)| action == "escalation.settings_changed").count();
    assert_eq!(changed, AT_ONCE);
    let changes = "SELECT c->>'before' AS before, c->>'after' AS after
                     FROM audit_events, jsonb_array_elements(convert_from(leaf, 'UTF8')::jsonb->'changes') c
                    WHERE action = 'escalation.settings_changed' AND c->>'field' = 'offer_seconds'";
    let changes = service.database.rows(changes).await;
    let mut ends: Vec<_> = changes.iter().map(|change| change["after"].clone()).collect();
    ends.push(json!("20"));
    for change in &changes {
        let place = ends.iter().position(|end| *end == change["before"]).unwrap();
        ends.remove(place);
    }
    assert_eq!(ends, [settings["offer_seconds"].to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_names_no_version_is_never_refused_for_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    an_event_of(&service, &team).await;
    let (owner, operator) = (team.owner(), service.operator());
    let (api_key, _) = crate::api_keys::make(owner, json!({})).await;
    let call = crate::calls::write(owner, "CA1").await;
    let (_, added) = crate::passkeys::enrolled(&service, owner).await;
    let hook = HookServer::start().await;
    let rush = Rush { service: &service, caller: owner };
    let name = |number: usize| json!({"name": format!("Name {number}")});
    let (agent, viewer) = (team.id("customer_support_agent"), team.id("viewer"));
    let status = |number: usize| json!({"status": (["available", "away", "offline"][number % 3])});
    rush.on("users", Method::PATCH, "/v1/me", name).await;
    rush.on("organizations", Method::PATCH, "/v1/organization", name).await;
    rush.on("organizations", Method::PATCH, "/v1/security", |number| {
        json!({"mfa_required": {"grace_days": 1 + number}, "call_recording": {"enabled": number % 2 == 0}})
    })
    .await;
    rush.on("api_keys", Method::PATCH, &format!("/v1/api-keys/{api_key}"), name).await;
    rush.on(
        "calls",
        Method::PATCH,
        &format!("/v1/calls/{call}"),
        |number| json!({"metadata": {"number": number.to_string()}}),
    )
    .await;
    rush.on(
        "members",
        Method::PATCH,
        &format!("/v1/members/{viewer}"),
        |number| json!({"role": (["viewer", "member"][number % 2])}),
    )
    .await;
    rush.on("human_agents", Method::PUT, "/v1/availability/me", status).await;
    rush.on(
        "human_agents",
        Method::PUT,
        &format!("/v1/availability/{agent}"),
        |number| json!({"capacity": 1 + number}),
    )
    .await;
    rush.on(
        "subscribers",
        Method::PUT,
        "/v1/escalations/webhook",
        |number| json!({"url": format!("{}/{number}", hook.base())}),
    )
    .await;
    rush.on(
        "subscribers",
        Method::PUT,
        "/v1/audit/witness",
        |number| json!({"email": format!("auditor{number}@example.com")}),
    )
    .await;
    let passkey = format!("/v1/me/mfa/passkeys/{}", added.text_at("/id"));
    rush.on("passkeys", Method::PATCH, &passkey, name).await;
    let of = format!("/operator/v1/organizations/{}", team.organization);
    let rush = Rush { service: &service, caller: &operator };
    rush.on("organizations", Method::PUT, &format!("{of}/plan"), |number| {
        json!({"plan": (["pro", "enterprise"][number % 2]), "disable_controls": true, "accept_deletion": true})
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_somebody_else_has_just_gone_over_to_is_no_refusal() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "free").await;
    let rush = Rush { service: &service, caller: team.owner() };
    for plan in ["enterprise", "pro"] {
        let body = json!({"plan": plan, "disable_controls": true, "accept_deletion": true});
        for bill in rush.on("organizations", Method::PUT, "/v1/billing/plan", |_| body.clone()).await {
            assert_eq!(bill["plan"], plan);
        }
    }
    // Each was gone over to once.
    let log = service.audit_log(Some(&team.organization)).await;
    let changed =
        |outcome: &str| log.iter().filter(|(action, of)| action == "plan.changed" && of == outcome).count();
    assert_eq!((changed("success"), changed("refused")), (2, 0));
}
