//! Answers are what the contract says they are, to the last field.

use rollcall_tests::{Service, Team};
use serde_json::Value;

use crate::{
    audit_exports::an_event_of,
    calls::write,
    contract::{Foreign, Needs, rows},
    recordings::{put, switch_on, wav},
    refusals::call,
};

/// What is wrong with a value, by a schema of the contract.
fn wrong(contract: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = misfits(contract, schema, value, place);
    // A schema of several parts tells of what any of them tells of.
    if let (Some(known), Some(fields)) = (known(contract, schema), value.as_object()) {
        let unknown = fields.keys().filter(|name| !known.contains(name));
        found.extend(unknown.map(|name| format!("{place}/{name} is not told of")));
    }
    found
}

/// The fields that a schema tells of; none if it tells of no fields, or is one of several.
fn known<'a>(contract: &'a Value, schema: &'a Value) -> Option<Vec<&'a String>> {
    if let Some(name) = schema["$ref"].as_str() {
        return known(contract, contract.pointer(&name[1..]).unwrap());
    }
    let parts = schema["allOf"].as_array().into_iter().flatten().filter_map(|part| known(contract, part));
    let own = schema["properties"].as_object().map(|properties| properties.keys().collect());
    parts.chain(own).reduce(|all, part| [all, part].concat())
}

/// The same, but for fields that it does not tell of.
fn misfits(contract: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return misfits(contract, contract.pointer(&name[1..]).unwrap(), value, place);
    }
    for any in ["oneOf", "anyOf"] {
        if let Some(ways) = schema[any].as_array() {
            let all: Vec<_> = ways.iter().map(|way| wrong(contract, way, value, place)).collect();
            return if all.iter().any(Vec::is_empty) { vec![] } else { all.concat() };
        }
    }
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut found: Vec<String> = parts.flat_map(|part| misfits(contract, part, value, place)).collect();
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let may_be: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![is],
    };
    if !(may_be.contains(&is) || is == "integer" && may_be.contains(&"number")) {
        found.push(format!("{place} is {is}, not {may_be:?}"));
    }
    if let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(
            required
                .filter(|name| !fields.contains_key(*name))
                .map(|name| format!("{place}/{name} is missing")),
        );
        for (name, field) in fields {
            if let Some(schema) = properties.get(name) {
                found.extend(wrong(contract, schema, field, &format!("{place}/{name}")));
            }
        }
    }
    if let (Some(_), Some(entries)) = (schema.get("items"), value.as_array()) {
        found.extend(
            entries.iter().flat_map(|entry| wrong(contract, &schema["items"], entry, &format!("{place}[]"))),
        );
    }
    found
}

#[tokio::test]
async fn real_answers_are_what_the_contract_says() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, &["call_recording"]).await;
    let owner = team.owner();
    let call_id = write(owner, "CA1").await;
    put(owner, &call_id, &wav(1000, 1)).await.expect(201);
    let (key, _) = crate::api_keys::make(owner, serde_json::json!({"scopes": ["calls:read"]})).await;
    service.turn_audit_log_on(&team).await;
    let event = an_event_of(&service, &team).await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let (mut looked_at, mut problems) = (0, Vec::new());
    for row in rows() {
        let told = matches!(row.needs, Needs::Permission(_) | Needs::Session | Needs::Nothing);
        if row.method != "get" || !told || row.path == "/v1/stream" {
            continue;
        }
        let id: &str = match row.foreign {
            Some(Foreign::Call) => &call_id,
            Some(Foreign::ApiKey) => &key,
            Some(Foreign::Event) => &event,
            Some(foreign @ (Foreign::Invitation | Foreign::Escalation)) => foreign.unknown(),
            Some(Foreign::Member) | None => team.id("viewer"),
        };
        let pointer = format!(
            "/paths/{}/get/responses/200/content/application~1json/schema",
            row.path.replace('/', "~1")
        );
        let Some(schema) = contract.pointer(&pointer) else { continue };
        let answer = call(owner, &row, id).await;
        if answer.status == 200 {
            looked_at += 1;
            problems.extend(wrong(&contract, schema, &answer.body, row.path));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(looked_at > 20, "{looked_at}");
}

#[tokio::test]
async fn whatever_may_be_null_in_an_answer_is_there() {
    let service = Service::start().await;
    let contract = service.anonymous().get("/openapi.json").await.expect(200).body;
    let required = |schema: &str| {
        let required = contract["components"]["schemas"][schema]["required"].as_array().into_iter().flatten();
        required.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    assert!(required("Call").contains(&"ended_at"));
    assert_eq!(required("Session"), ["expires_at", "id", "token"]);
    assert_eq!(required("EvaluationContext"), ["reason"]);
    let page = &contract["components"]["schemas"]["PageOf_Call"];
    assert!(page["required"].as_array().unwrap().contains(&"next_cursor".into()), "{page}");
    // Whoever asks leaves out what they like.
    assert!(!required("UpdateCallRequest").contains(&"ended_at") && !required("Problem").contains(&"errors"));
}
