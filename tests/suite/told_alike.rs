//! Who else there is shows in no answer: neither people who have accounts, nor what other organizations call their things.

use std::collections::BTreeSet;

use rollcall_tests::{Answer, Service, Team};
use serde_json::{Value, json};

use crate::audit_reports::{EVENTS, event};

/// Fields whose values chance draws, or the order in which things were done.
const DRAWN: [&str; 6] = ["index", "prefix", "request_id", "secret", "slug", "token"];

/// What somebody is told: the status, which headers there are, and the body. What is drawn is left out, ids say their kinds, and these
/// names are all one.
fn told(answer: &Answer, names: &[&str]) -> (u16, BTreeSet<String>, Value) {
    let headers = answer.headers.keys().map(ToString::to_string).collect();
    let mut body = answer.body.clone();
    make_plain(&mut body, names);
    (answer.status.as_u16(), headers, body)
}

fn make_plain(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if DRAWN.contains(&name.as_str()) {
                    *value = Value::Null;
                } else {
                    make_plain(value, names);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| make_plain(value, names)),
        Value::String(text) if names.contains(&text.as_str()) => *text = "somebody".to_owned(),
        Value::String(text) => {
            let is_id =
                |rest: &str| rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let kind = text.rsplit_once('_').filter(|(_, rest)| is_id(rest)).map(|(kind, _)| kind.to_owned());
            if let Some(kind) = kind {
                *text = kind;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn attack_13_inviting_tells_nothing_of_who_has_an_account_or_where() {
    let service = Service::start().await;
    let (team, other) = (Team::assemble(&service, "Acme").await, Team::assemble(&service, "Other").await);
    service.turn_audit_log_on(&team).await;
    // Somebody in no organization any more, and somebody who is suspended.
    let alone = Service::new_address("alone");
    let (caller, _) = service.sign_up(&alone, "Alone").await;
    caller.delete_with("/v1/organization", json!({"confirm_name": "Alone"})).await.expect(204);
    let suspended = Service::new_address("suspended");
    service.sign_up(&suspended, "Suspended").await;
    let suspend = format!("UPDATE users SET status = 'suspended' WHERE email = '{suspended}'");
    service.database.execute(&suspend).await;

    let inviter = team.caller("admin");
    let nobody = Service::new_address("nobody");
    let mut all = Vec::new();
    for email in [nobody.as_str(), &alone, other.email("owner"), other.email("member"), &suspended] {
        let one = json!({"email": email, "role": "viewer"});
        let made = inviter.post("/v1/invitations", one.clone()).await;
        let path = format!("/v1/invitations/{}", made.text_at("/id"));
        let mut answers = vec![
            made.clone(),
            inviter.post("/v1/invitations", one.clone()).await,
            inviter.post("/v1/invitations/bulk", json!({"invitations": [one]})).await,
            inviter.get("/v1/invitations?status=pending").await,
            inviter.post(&format!("{path}/resend"), json!({})).await,
            inviter.get(&path).await,
            inviter.delete(&path).await,
            inviter.get(&path).await,
            team.owner().get(&format!("{EVENTS}?target={}", made.text_at("/id"))).await,
        ];
        let many = inviter.post("/v1/invitations/bulk", json!({"invitations": [one]})).await;
        let path = format!("/v1/invitations/{}", many.text_at("/results/0/invitation/id"));
        answers.extend([many, inviter.delete(&path).await]);
        all.push((email, answers.iter().map(|answer| told(answer, &[email])).collect::<Vec<_>>()));
    }
    let statuses: Vec<u16> = all[0].1.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [201, 409, 200, 200, 200, 200, 204, 200, 200, 200, 204]);
    let (_, _, logged) = &all[0].1[8];
    assert_eq!(logged["data"].as_array().unwrap().len(), 3, "made, sent again, taken back: {logged}");
    for (email, one) in &all[1..] {
        assert_eq!(one, &all[0].1, "{email}");
    }
}

/// What an organization is told that calls its things like any other.
async fn names_its_things(service: &Service, event: &Value) -> Vec<(u16, BTreeSet<String>, Value)> {
    let email = Service::new_address("owner");
    let (owner, signed_up) = service.sign_up(&email, "Acme").await;
    let organization = signed_up.text_at("/organization/id");
    service.set_plan(organization, "enterprise").await;
    let mut answers = vec![signed_up.clone()];
    let mut note = |answer: Answer| answers.push(answer);
    note(owner.patch("/v1/organization", json!({"name": "Navy"})).await);
    note(owner.get("/v1/organization").await);
    note(owner.patch("/v1/security", json!({"audit_log": {"enabled": true}})).await);
    let key = json!({"name": "Importer", "scopes": ["audit_log:append", "calls:read"]});
    let made = owner.post("/v1/api-keys", key.clone()).await;
    let program = service.anonymous().with_token(made.text_at("/secret"));
    note(made);
    // A second of the same name, in the same organization.
    note(owner.post("/v1/api-keys", key).await);
    note(program.post(EVENTS, json!({"events": [event]})).await);
    for _ in 0..2 {
        note(owner.post("/v1/calls", crate::calls::body("CA1")).await);
    }
    note(owner.get("/v1/calls?external_id=CA1").await);
    note(owner.post("/v1/invitations", json!({"email": "ada@example.com", "role": "viewer"})).await);
    note(owner.put("/v1/audit/witness", json!({"email": "auditor@example.com"})).await);
    answers.iter().map(|answer| told(answer, &[email.as_str()])).collect()
}

#[tokio::test]
async fn attack_37_what_another_organization_calls_its_things_is_free() {
    let service = Service::start().await;
    let somebody = Team::assemble(&service, "Other").await;
    let event = event(&service, somebody.id("viewer"));
    let first = names_its_things(&service, &event).await;
    let statuses: Vec<u16> = first.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [201, 200, 200, 200, 201, 201, 200, 201, 200, 200, 201, 200]);
    let second = names_its_things(&service, &event).await;
    for (before, now) in first.iter().zip(&second) {
        assert_eq!(now, before);
    }
    // Each has its own.
    let calls = service.database.rows("SELECT org_id FROM calls WHERE external_id = 'CA1'").await;
    assert_eq!((first.len(), calls.len()), (second.len(), 2));
    assert_ne!(calls[0], calls[1]);
}
