//! What answers always have. Where nothing is known of something, an answer says null and leaves nothing out; but whatever may be null
//! counts as optional by itself, which holds for requests. So it is said here, once for all answers.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::{
    Components, OpenApi, RefOr,
    schema::{ArrayItems, Schema},
};

/// Answers that leave out what does not apply: their forms are others' (RFC 7662, RFC 9457, AuthZEN).
const LEAVE_OUT: [&str; 5] = ["EvaluationContext", "LiveToken", "Problem", "TokenHolder", "TokenState"];

/// Says of every answer that all of its fields are there. What is sent in requests too is left as it is.
pub(super) fn complete(contract: &mut OpenApi) {
    let (mut answered, mut sent) = (BTreeSet::new(), BTreeSet::new());
    let paths = serde_json::to_value(&contract.paths).unwrap_or_default();
    let operations =
        paths.as_object().into_iter().flat_map(|paths| paths.values().filter_map(Value::as_object));
    for operation in operations.flat_map(|item| item.values()) {
        names(&operation["responses"], &mut answered);
        names(&operation["requestBody"], &mut sent);
        names(&operation["parameters"], &mut sent);
    }
    let Some(components) = &mut contract.components else { return };
    let (answered, sent) = (with_parts(components, answered), with_parts(components, sent));
    for (name, schema) in &mut components.schemas {
        if answered.contains(name) && !sent.contains(name) && !LEAVE_OUT.contains(&name.as_str()) {
            require(schema);
        }
    }
}

/// The schemas that something refers to.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(name) if key == "$ref" => {
                        found.extend(name.strip_prefix("#/components/schemas/").map(str::to_owned));
                    }
                    value => names(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// These schemas and all that they consist of.
fn with_parts(components: &Components, named: BTreeSet<String>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut next: Vec<String> = named.into_iter().collect();
    while let Some(name) = next.pop() {
        let Some(schema) = components.schemas.get(&name).filter(|_| all.insert(name.clone())) else {
            continue;
        };
        let mut parts = BTreeSet::new();
        names(&serde_json::to_value(schema).unwrap_or_default(), &mut parts);
        next.extend(parts);
    }
    all
}

fn require(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.required = object.properties.keys().cloned().collect();
            object.properties.values_mut().for_each(require);
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                require(items);
            }
        }
        Schema::OneOf(of) => of.items.iter_mut().for_each(require),
        Schema::AllOf(of) => of.items.iter_mut().for_each(require),
        Schema::AnyOf(of) => of.items.iter_mut().for_each(require),
        _ => {}
    }
}
