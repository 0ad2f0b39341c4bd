//! Nobody sets what is not theirs to set: each operation that takes a body knows its fields, and refuses any other by its name.

use std::collections::BTreeSet;

use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};

use crate::contract::{Needs, Row, rows};

/// What no operation knows.
const UNKNOWN: &str = "is_owner_of_everything";

/// What may hold anything: the platform's own, and what a device has answered.
const OPEN: [&str; 3] = ["metadata", "personal", "credential"];

/// Where unknown fields change nothing, as AuthZEN 1.0 has it.
const AUTHZEN: &str = "/access/v1/";

/// The schemas of the contract that one refers to, and those that these refer to.
fn referred(contract: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str)
                && found.insert(name.to_owned())
            {
                referred(contract, contract.pointer(&name[1..]).unwrap(), found);
            }
            fields.values().for_each(|value| referred(contract, value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| referred(contract, value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn attack_17_every_field_of_a_request_is_in_the_contract() {
    let service = Service::start().await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let mut asked = BTreeSet::new();
    for (path, operations) in contract["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            if !path.starts_with(AUTHZEN) {
                referred(&contract, &operation["requestBody"]["content"], &mut asked);
            }
        }
    }
    let schemas = contract["components"]["schemas"].as_object().unwrap();
    let named = schemas.keys().filter(|name| name.ends_with("Request"));
    let named: BTreeSet<String> = named.map(|name| format!("#/components/schemas/{name}")).collect();
    assert!(named.len() > 40 && named.is_subset(&asked), "{:?}", named.difference(&asked));
    for name in &asked {
        let schema = contract.pointer(&name[1..]).unwrap();
        if schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{name} takes what it does not tell of");
        }
    }
}

/// A body with a field too many in each of its objects in turn, with the place of that object.
fn with_one_too_many(body: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    objects(body, String::new(), &mut places);
    let with = |place: String| {
        let mut body = body.clone();
        body.pointer_mut(&place).unwrap()[UNKNOWN] = json!(true);
        (place, body)
    };
    places.into_iter().map(with).collect()
}

fn objects(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let closed = fields.iter().filter(|(name, _)| !OPEN.contains(&name.as_str()));
            closed.for_each(|(name, value)| objects(value, format!("{place}/{name}"), found));
            found.push(place);
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| objects(value, format!("{place}/{at}"), found))
        }
        _ => {}
    }
}

/// The fields that are told to be wrong, be it in one of many that were sent.
fn wrong(answer: &Answer) -> Vec<&str> {
    let whole = answer.body["errors"].as_array();
    let each = answer.body["results"].as_array().into_iter().flatten();
    let each = each.filter_map(|result| result["error"]["errors"].as_array());
    whole.into_iter().chain(each).flatten().filter_map(|error| error["field"].as_str()).collect()
}

#[tokio::test]
async fn attack_17_no_operation_takes_a_field_that_it_does_not_know() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["audit_log:append"]})).await;
    let (anonymous, operator) = (service.anonymous(), service.operator());
    let reporter = anonymous.with_token(&secret);
    let takes_json = |row: &Row| {
        let content = &contract["paths"][row.path][row.method]["requestBody"]["content"];
        content.get("application/json").is_some() || row.body.as_ref().is_some_and(Value::is_object)
    };
    let mut refused = 0;
    for row in rows().into_iter().filter(|row| takes_json(row) && !row.path.starts_with(AUTHZEN)) {
        let caller: &Caller = match row.needs {
            Needs::Nothing | Needs::Service => &anonymous,
            Needs::Operator => &operator,
            Needs::Session => team.owner(),
            Needs::Permission(permission) => {
                let permission: Permission = permission.parse().unwrap();
                let role = Role::ALL.into_iter().find(|role| role.grants(permission));
                role.map_or(&reporter, |role| team.caller(role.as_str()))
            }
        };
        let body = row.body.clone().unwrap_or_else(|| json!({}));
        for (place, body) in with_one_too_many(&body) {
            let answer =
                Answer::of(caller.request(row.verb(), &row.path(row.unknown_id())).json(&body)).await;
            let told = wrong(&answer);
            // One of many that is wrong spoils no other.
            let status = if row.path.ends_with("/bulk") && !place.is_empty() { 200 } else { 422 };
            assert_eq!(answer.status, status, "{} {} {place}: {}", row.method, row.path, answer.text);
            assert!(
                told.iter().any(|field| field.ends_with(UNKNOWN)),
                "{} {} {place}: {}",
                row.method,
                row.path,
                answer.text
            );
            refused += 1;
        }
    }
    assert!(refused > 55, "{refused}");
    let made = team.owner().get("/v1/invitations?status=pending").await.expect(200);
    assert!(made.list("data").is_empty(), "{}", made.text);
}
