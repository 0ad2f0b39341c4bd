//! Every operation refuses whom it must: anonymous callers, roles that lack the permission, and members of other
//! organizations with real ids. An operation that has no row here fails the suite.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};

use crate::audit_exports::an_event_of;

/// What an operation asks of whoever calls it.
pub(crate) enum Needs {
    /// Nothing: anybody may.
    Nothing,
    /// To be signed in.
    Session,
    /// The credential of a service.
    Service,
    /// The token of the platform's own staff.
    Operator,
    /// A permission.
    Permission(&'static str),
}

pub(crate) struct Row {
    pub(crate) method: &'static str,
    /// The path as the contract has it.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    /// A body that would be accepted.
    body: Option<Value>,
    /// Which id of the other organization stands in the path, or in the query.
    foreign: Option<Foreign>,
    /// A query that would be accepted.
    query: &'static str,
}

#[derive(Clone, Copy)]
enum Foreign {
    Member,
    Invitation,
    ApiKey,
    Event,
    Call,
}

impl Foreign {
    /// An id of such a thing that never was.
    fn unknown(self) -> &'static str {
        match self {
            Self::Member => "user_01h455vb4pex5vsknk084sn02q",
            Self::Invitation => "inv_01h455vb4pex5vsknk084sn02q",
            Self::ApiKey => "key_01h455vb4pex5vsknk084sn02q",
            Self::Event => "evt_01h455vb4pex5vsknk084sn02q",
            Self::Call => "call_01h455vb4pex5vsknk084sn02q",
        }
    }
}

fn row(method: &'static str, path: &'static str, needs: Needs) -> Row {
    Row { method, path, needs, body: None, foreign: None, query: "" }
}

impl Row {
    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn asking(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn on(self, foreign: Foreign) -> Self {
        Self { foreign: Some(foreign), ..self }
    }

    /// The path with an id in it.
    fn path(&self, id: &str) -> String {
        format!("{}{}", self.path, self.query)
            .replace("{event_id}", id)
            .replace("{user_id}", id)
            .replace("{invitation_id}", id)
            .replace("{session_id}", id)
            .replace("{passkey_id}", id)
            .replace("{api_key_id}", id)
            .replace("{call_id}", id)
            .replace("{organization_id}", id)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    use Foreign::{ApiKey, Call, Event, Invitation, Member};
    use Needs::{Nothing, Operator, Permission as P, Service, Session};
    let invitation = json!({"email": "refused@example.com", "role": "viewer"});
    let event = json!({
        "id": "evt_01h455vb4pex5vsknk084sn02q", "occurred_at": "2026-03-01T09:00:00Z",
        "actor": {"type": "user", "id": "user_01h455vb4pex5vsknk084sn02q"}, "action": "agent.created",
        "target": {"type": "agent", "id": "a1"}, "outcome": "success",
    });
    vec![
        row("get", "/healthz", Nothing),
        row("get", "/readyz", Nothing),
        row("post", "/v1/signup", Nothing),
        row("post", "/v1/signup/complete", Nothing),
        row("post", "/v1/sessions", Nothing),
        row("post", "/v1/sessions/mfa", Nothing),
        row("post", "/v1/sessions/passkey", Nothing),
        row("post", "/v1/sessions/passkey/options", Nothing),
        row("get", "/v1/sessions", Session),
        row("delete", "/v1/sessions", Session),
        row("delete", "/v1/sessions/{session_id}", Session),
        row("post", "/v1/session/elevate", Session).with(json!({"password": "not the password"})),
        row("post", "/v1/session/elevate/options", Session).with(json!({})),
        row("post", "/v1/me/password", Session)
            .with(json!({"current_password": "not the password", "new_password": "another long password"})),
        row("post", "/v1/password-resets", Nothing),
        row("post", "/v1/password-resets/complete", Nothing),
        row("post", "/v1/tokens", Session),
        row("post", "/v1/introspect", Service),
        row("get", "/.well-known/jwks.json", Nothing),
        row("get", "/.well-known/authzen-configuration", Nothing),
        row("post", "/access/v1/evaluation", Service).with(json!({})),
        row("post", "/access/v1/evaluations", Service).with(json!({})),
        row("get", "/v1/service/revocations", Service),
        row("get", "/v1/stream", Session),
        row("get", "/v1/escalations/webhook", P("security:read")),
        row("put", "/v1/escalations/webhook", P("security:manage"))
            .with(json!({"url": "https://example.com/hook"})),
        row("delete", "/v1/escalations/webhook", P("security:manage")),
        row("post", "/v1/escalations/webhook/resend", P("security:manage")),
        row("get", "/v1/session", Session),
        row("delete", "/v1/session", Session),
        row("post", "/v1/session/organization", Session)
            .with(json!({"organization_id": "org_01h455vb4pex5vsknk084sn02q"})),
        row("get", "/v1/me", Session),
        row("patch", "/v1/me", Session).with(json!({})),
        row("delete", "/v1/me", Session),
        row("get", "/v1/me/mfa", Session),
        row("post", "/v1/me/mfa/totp", Session).with(json!({})),
        row("post", "/v1/me/mfa/totp/confirm", Session).with(json!({"code": "000000"})),
        row("delete", "/v1/me/mfa/totp", Session),
        row("post", "/v1/me/mfa/recovery-codes", Session).with(json!({})),
        row("post", "/v1/me/mfa/passkeys/options", Session).with(json!({})),
        row("post", "/v1/me/mfa/passkeys", Session).with(json!({"name": "Refused", "credential": {}})),
        row("patch", "/v1/me/mfa/passkeys/{passkey_id}", Session).with(json!({"name": "Refused"})),
        row("delete", "/v1/me/mfa/passkeys/{passkey_id}", Session),
        row("get", "/v1/me/organizations", Session),
        row("get", "/v1/me/export", Session),
        row("post", "/v1/me/email", Session).with(json!({"new_email": "refused@example.com"})),
        row("post", "/v1/me/email/confirm", Nothing),
        row("get", "/v1/roles", Session),
        row("post", "/v1/authorize", Session).with(json!({"checks": [{"permission": "calls:read"}]})),
        row("get", "/v1/organization", P("organization:read")),
        row("patch", "/v1/organization", P("organization:update")).with(json!({"name": "Refused"})),
        row("delete", "/v1/organization", P("organization:delete")).with(json!({"confirm_name": "Acme"})),
        row("get", "/v1/organization/export", P("organization:export")),
        row("get", "/v1/audit/checkpoint", P("audit_log:read")),
        row("get", "/v1/audit/proofs/inclusion", P("audit_log:read"))
            .asking("?event_id={event_id}")
            .on(Event),
        row("get", "/v1/audit/proofs/consistency", P("audit_log:read")).asking("?from=1"),
        row("get", "/v1/audit/export", P("audit_log:read")),
        row("get", "/v1/members", P("team:read")),
        row("delete", "/v1/members/me", Session),
        row("get", "/v1/members/{user_id}", P("team:read")).on(Member),
        row("patch", "/v1/members/{user_id}", P("team:update_role"))
            .with(json!({"role": "viewer"}))
            .on(Member),
        row("delete", "/v1/members/{user_id}", P("team:remove")).on(Member),
        row("get", "/v1/members/{user_id}/offboarding", P("team:remove")).on(Member),
        row("post", "/v1/members/{user_id}/mfa-reset", P("owners:manage")).on(Member),
        row("get", "/v1/security", P("security:read")),
        row("patch", "/v1/security", P("security:manage")).with(json!({})),
        row("get", "/v1/security/mfa-impact", P("security:read")),
        row("get", "/v1/plan", P("organization:read")),
        row("get", "/v1/billing", P("billing:read")),
        row("put", "/v1/billing/plan", P("billing:manage")).with(json!({"plan": "free"})),
        row("get", "/v1/audit/events", P("audit_log:read")),
        row("get", "/v1/audit/events/{event_id}", P("audit_log:read")).on(Event),
        row("get", "/v1/audit/witness", P("audit_log:read")),
        row("put", "/v1/audit/witness", P("security:manage")).with(json!({"email": "refused@example.com"})),
        row("delete", "/v1/audit/witness", P("security:manage")),
        row("post", "/v1/audit/events", P("audit_log:append")).with(json!({"events": [event]})),
        row("get", "/operator/v1/organizations", Operator),
        row("get", "/operator/v1/organizations/{organization_id}", Operator),
        row("put", "/operator/v1/organizations/{organization_id}/plan", Operator)
            .with(json!({"plan": "pro"})),
        row("post", "/operator/v1/organizations/{organization_id}/suspend", Operator),
        row("post", "/operator/v1/organizations/{organization_id}/restore", Operator),
        row("get", "/v1/invitations", P("team:invite")),
        row("post", "/v1/invitations", P("team:invite")).with(invitation.clone()),
        row("post", "/v1/invitations/bulk", P("team:invite")).with(json!({"invitations": [invitation]})),
        row("post", "/v1/invitations/preview", Nothing),
        row("post", "/v1/invitations/accept", Nothing),
        row("get", "/v1/invitations/{invitation_id}", P("team:invite")).on(Invitation),
        row("delete", "/v1/invitations/{invitation_id}", P("team:invite")).on(Invitation),
        row("post", "/v1/invitations/{invitation_id}/resend", P("team:invite")).on(Invitation),
        row("get", "/v1/api-keys", P("api_keys:read")),
        row("post", "/v1/api-keys", P("api_keys:manage"))
            .with(json!({"name": "Refused", "scopes": ["calls:read"]})),
        row("post", "/v1/api-keys/report", Nothing),
        row("get", "/v1/api-keys/{api_key_id}", P("api_keys:read")).on(ApiKey),
        row("patch", "/v1/api-keys/{api_key_id}", P("api_keys:manage"))
            .with(json!({"name": "Refused"}))
            .on(ApiKey),
        row("delete", "/v1/api-keys/{api_key_id}", P("api_keys:manage")).on(ApiKey),
        row("post", "/v1/api-keys/{api_key_id}/rotate", P("api_keys:manage")).with(json!({})).on(ApiKey),
        row("get", "/v1/calls", P("calls:read")),
        row("post", "/v1/calls", P("calls:write")).with(crate::calls::body("refused")),
        row("get", "/v1/calls/{call_id}", P("calls:read")).on(Call),
        row("patch", "/v1/calls/{call_id}", P("calls:write")).with(json!({"to": "+14155550123"})).on(Call),
        row("get", "/v1/calls/{call_id}/transcript", P("calls:read")).on(Call),
        row("post", "/v1/calls/{call_id}/transcript", P("calls:write"))
            .with(json!({"segments": []}))
            .on(Call),
        row("post", "/v1/redactions/preview", P("calls:read")).with(json!({"text": "nothing"})),
        row("post", "/v1/calls/{call_id}/media-keys", P("media_keys:issue")).with(json!({})).on(Call),
        row("post", "/v1/calls/{call_id}/media-keys/rotate", P("media_keys:issue")).with(json!({})).on(Call),
        row("post", "/v1/calls/{call_id}/live-grants", P("live_space:monitor"))
            .with(json!({"mode": "monitor"}))
            .on(Call),
        row("put", "/v1/calls/{call_id}/recording", P("calls:write")).with(json!("no audio")).on(Call),
        row("get", "/v1/calls/{call_id}/recording", P("recordings:read")).on(Call),
        row("delete", "/v1/calls/{call_id}/recording", P("recordings:delete")).on(Call),
    ]
}

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
        "add a row to `rows` in tests/suite/refusals.rs, with what the operation needs, for {missing:?}"
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
                Some(foreign @ (Foreign::Invitation | Foreign::ApiKey | Foreign::Event | Foreign::Call)) => {
                    foreign.unknown()
                }
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
            Some(foreign @ (Foreign::Invitation | Foreign::ApiKey | Foreign::Call)) => foreign.unknown(),
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
                        (Some(Foreign::Call), ..) => 404,
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
    for path in lists {
        assert_eq!(ours.owner().get(path).await.expect(200).text, before[path], "{path}");
    }
}

pub(crate) async fn call(caller: &Caller, row: &Row, id: &str) -> Answer {
    let method = Method::from_bytes(row.method.to_uppercase().as_bytes()).unwrap();
    let request = caller.request(method, &row.path(id));
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
    let organization = team.organization.parse::<rollcall_domain::OrganizationId>().unwrap().uuid();
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
