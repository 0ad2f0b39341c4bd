//! Every operation refuses whom it must: anonymous callers, roles that lack the permission, and members of other
//! organizations with real ids. An operation that has no row here fails the suite.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};

pub(crate) use crate::contract::{Needs, Row, rows};
use crate::{audit_exports::an_event_of, contract::Foreign};

#[tokio::test]
async fn every_operation_of_the_contract_has_a_row() {
    let service = Service::start().await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200);
    let mut published = BTreeSet::new();
    for (path, item) in contract.body["paths"].as_object().unwrap() {
        published.extend(item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    let listed: BTreeSet<_> = rows().iter().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    let missing: Vec<_> = published.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "add a row to `rows` in tests/suite/contract.rs, with what the operation needs, for {missing:?}"
    );
    let stale: Vec<_> = listed.difference(&published).collect();
    assert!(stale.is_empty(), "these rows name no operation any more: {stale:?}");
}

#[tokio::test]
async fn attack_1_anonymous_callers_and_strangers_with_made_up_tokens_get_401() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let made_up = anonymous.with_token("rcs_0000000000000000000000000000000000000000000000000000");
    for row in rows().iter().filter(|row| !matches!(row.needs, Needs::Nothing)) {
        for caller in [&anonymous, &made_up, &anonymous.with_token("nonsense")] {
            let answer =
                call(caller, row, "user_01h455vb4pex5vsknk084sn02q").await.problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{} {}", row.method, row.path);
        }
    }
}

#[tokio::test]
async fn roles_without_the_permission_get_403_and_it_is_written_down() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let mut refused = 0;
    for row in rows() {
        let Needs::Permission(permission) = row.needs else { continue };
        let needed: Permission = permission.parse().unwrap();
        for role in Role::ALL.into_iter().filter(|role| !role.grants(needed)) {
            let id = match row.foreign {
                Some(
                    foreign @ (Foreign::Invitation
                    | Foreign::ApiKey
                    | Foreign::Event
                    | Foreign::Call
                    | Foreign::Escalation),
                ) => foreign.unknown(),
                Some(Foreign::Member) | None => team.id("viewer"),
            };
            let answer = call(team.caller(role.as_str()), &row, id).await.problem(403, "permission_denied");
            assert_eq!(
                answer.text_at("/required_permission"),
                permission,
                "{role} {} {}",
                row.method,
                row.path
            );
            refused += 1;
        }
    }
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.iter().filter(|(_, outcome)| outcome == "refused").count(), refused);
}

#[tokio::test]
async fn attack_5_keys_get_to_what_is_for_programs_and_nowhere_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let every = Permission::ALL.into_iter().filter(|permission| permission.allowed_for_api_keys());
    let every: Vec<&str> = every.map(Permission::as_str).collect();
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": every})).await;
    let (_, weak) = crate::api_keys::make(team.owner(), json!({"scopes": ["analytics:read"]})).await;
    service.turn_audit_log_on(&team).await;
    let event = an_event_of(&service, &team).await;
    let (strong, weak) = (service.anonymous().with_token(&secret), service.anonymous().with_token(&weak));
    service.all_mail_sent().await;
    let before = without_refusals(everything_of(&service, &team).await);
    // Whatever needs somebody and nothing else is open to a key only if it stands here.
    let open = ["/v1/session", "/v1/roles", "/v1/authorize", "/v1/tokens"];
    // A stream is open to a key too, and does not end: `stream::attack_14_each_event_is_for_whoever_has_its_permission`.
    for row in rows().into_iter().filter(|row| row.path != "/v1/stream") {
        let id = match row.foreign {
            Some(foreign @ (Foreign::Invitation | Foreign::ApiKey | Foreign::Call | Foreign::Escalation)) => {
                foreign.unknown()
            }
            Some(Foreign::Event) => &event,
            Some(Foreign::Member) | None => team.id("viewer"),
        };
        let (strongly, weakly) = (call(&strong, &row, id).await, call(&weak, &row, id).await);
        match row.needs {
            Needs::Nothing | Needs::Service => {}
            Needs::Operator => {
                strongly.problem(401, "unauthenticated");
                weakly.problem(401, "unauthenticated");
            }
            Needs::Session if open.contains(&row.path) && row.method != "delete" => {
                assert!(strongly.status.is_success(), "{} {}: {}", row.method, row.path, strongly.text);
            }
            Needs::Session => {
                strongly.problem(403, "session_required");
                weakly.problem(403, "session_required");
            }
            Needs::Permission(permission) => {
                let weakly = weakly.problem(403, "permission_denied");
                assert_eq!(weakly.text_at("/required_permission"), permission);
                if row.path == "/v1/audit/witness" && row.method == "get" {
                    // It gets as far as that there is none.
                    strongly.problem(404, "not_found");
                } else if permission.parse::<Permission>().unwrap().allowed_for_api_keys() {
                    // What is for programs they get to; there is no such call, but one that they write down.
                    let expected = match (row.foreign, row.path, row.method) {
                        (Some(Foreign::Call | Foreign::Escalation), ..) => 404,
                        // A Viewer is no agent.
                        (_, "/v1/availability/{user_id}", _) => 404,
                        (_, "/v1/calls", "post") => 201,
                        _ => 200,
                    };
                    strongly.expect(expected);
                } else {
                    let strongly = strongly.problem(403, "permission_denied");
                    assert_eq!(strongly.text_at("/required_permission"), permission);
                }
            }
        }
    }
    let after = without_refusals(everything_of(&service, &team).await);
    assert_eq!(after, before, "a key has changed something");
    let log = service.audit_log(Some(&team.organization)).await;
    assert!(
        log.iter().filter(|(action, outcome)| action == "permission.denied" && outcome == "refused").count()
            > 40
    );
}

/// Rows, but for refusals and what keys ask for in the audit log, and for when keys were last used.
fn without_refusals(rows: Vec<Value>) -> Vec<Value> {
    let asked = [
        "access_token.issued",
        "audit_log.exported",
        "audit_log.read",
        "api.called",
        "agent.created",
        "call.created",
    ];
    let told = |row: &Value| {
        row["outcome"] == "refused"
            || row["external_id"] == "refused"
            || row["action"].as_str().is_some_and(|action| asked.contains(&action))
    };
    let mut rows: Vec<Value> = rows.into_iter().filter(|row| !told(row)).collect();
    for row in &mut rows {
        if let Some(row) = row.as_object_mut() {
            row.remove("last_used_at");
            row.remove("last_used_ip");
            row.remove("calls_by_day");
        }
    }
    rows
}

#[tokio::test]
async fn attack_1_real_ids_of_another_organization_look_like_ids_of_nothing() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let (invitation, _) = service.invite(theirs.owner(), &Service::new_address("theirs"), "viewer").await;
    let (api_key, _) = crate::api_keys::make(theirs.owner(), json!({})).await;
    service.turn_audit_log_on(&ours).await;
    service.turn_audit_log_on(&theirs).await;
    let event = an_event_of(&service, &theirs).await;
    let call_id = crate::calls::write(theirs.owner(), "theirs").await;
    let escalation = crate::escalations::escalate(theirs.owner(), "theirs too", 5).await;
    crate::agents::choose(theirs.owner(), "away").await.expect(200);
    service.all_mail_sent().await;
    let before = everything_of(&service, &theirs).await;
    for row in rows() {
        let Some(foreign) = row.foreign else { continue };
        let real = match foreign {
            Foreign::Member => theirs.id("viewer"),
            Foreign::Invitation => invitation.as_str(),
            Foreign::ApiKey => api_key.as_str(),
            Foreign::Event => event.as_str(),
            Foreign::Call => call_id.as_str(),
            Foreign::Escalation => escalation.as_str(),
        };
        let unknown = foreign.unknown();
        for caller in Role::ALL.map(|role| ours.caller(role.as_str())) {
            let of_nothing = call(caller, &row, unknown).await;
            for id in [real, "nonsense", "org_01h455vb4pex5vsknk084sn02q", &real.to_uppercase()] {
                let answer = call(caller, &row, id).await;
                assert!(
                    matches!(answer.status.as_u16(), 403 | 404),
                    "{} {}: {}",
                    row.method,
                    row.path,
                    answer.text
                );
                // Whoever may not do it at all learns nothing about ids; everybody else gets the same 404.
                if of_nothing.status == 404 {
                    assert_same(&answer, &of_nothing, &row);
                } else {
                    assert!(
                        id != real || answer.without_request_id() == of_nothing.without_request_id(),
                        "{}",
                        answer.text
                    );
                }
            }
        }
    }
    assert_eq!(everything_of(&service, &theirs).await, before, "something of theirs has changed");
}

#[tokio::test]
async fn attack_2_nothing_of_another_organization_is_listed_or_counted() {
    let service = Service::start().await;
    let ours = Team::assemble(&service, "Ours").await;
    let lists = [
        "/v1/members?limit=200",
        "/v1/members?q=example.com",
        "/v1/invitations",
        "/v1/api-keys",
        "/v1/calls",
        "/v1/calls?external_id=theirs",
        "/v1/availability",
        "/v1/availability/history?since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z",
        "/v1/escalations",
        "/v1/escalations?status=waiting",
        "/v1/me/organizations",
        "/v1/organization",
        "/v1/security/mfa-impact",
    ];
    let mut before = BTreeMap::new();
    for path in lists {
        before.insert(path, ours.owner().get(path).await.expect(200).text);
    }
    let theirs = Team::assemble(&service, "Theirs").await;
    service.invite(theirs.owner(), &Service::new_address("theirs"), "viewer").await;
    crate::api_keys::make(theirs.owner(), json!({})).await;
    crate::calls::write(theirs.owner(), "theirs").await;
    crate::escalations::escalate(theirs.owner(), "theirs too", 5).await;
    crate::agents::choose(theirs.owner(), "away").await.expect(200);
    for path in lists {
        assert_eq!(ours.owner().get(path).await.expect(200).text, before[path], "{path}");
    }
}

pub(crate) async fn call(caller: &Caller, row: &Row, id: &str) -> Answer {
    let request = caller.request(row.verb(), &row.path(id));
    Answer::of(match &row.body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

fn assert_same(answer: &Answer, of_nothing: &Answer, row: &Row) {
    assert_eq!(answer.status, of_nothing.status, "{} {}", row.method, row.path);
    assert_eq!(answer.without_request_id(), of_nothing.without_request_id(), "{} {}", row.method, row.path);
    let headers = |answer: &Answer| -> Vec<(String, String)> {
        let changing = ["x-request-id", "date"];
        let headers =
            answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        headers.filter(|(name, _)| !changing.contains(&name.as_str())).collect()
    };
    assert_eq!(headers(answer), headers(of_nothing), "{} {}", row.method, row.path);
}

/// All rows that belong to an organization, as the database has them.
pub(crate) async fn everything_of(service: &Service, team: &Team) -> Vec<Value> {
    let organization = team.uuid();
    let mut rows = Vec::new();
    for table in [
        "organizations",
        "members",
        "invitations",
        "api_keys",
        "api_key_secrets",
        "calls",
        "transcripts",
        "media_keys",
        "media_key_holders",
        "human_agents",
        "availability_changes",
        "escalation_settings",
        "escalations",
        "sessions",
        "mails",
        "audit_events",
        "security_controls",
        "mfa_deadlines",
        "plan_changes",
    ] {
        let query = format!("SELECT * FROM {table} WHERE org_id = '{organization}' ORDER BY {table}::text");
        rows.extend(service.database.rows(&query).await);
    }
    rows
}
