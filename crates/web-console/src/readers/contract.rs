//! The contract for readers, made from the OpenAPI document.

use askama::Template;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::{
    callers::Visitor,
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

/// How deep examples go; schemas that hold themselves would go on for ever.
const DEPTH: usize = 8;

#[derive(Template)]
#[template(path = "readers/contract.html")]
struct ContractPage {
    t: Texts,
    groups: Vec<Group>,
}

impl Page for ContractPage {
    const LAYOUT: Layout = Layout::Document;

    fn title(&self) -> String {
        self.t.contract_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Group {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: Words,
    /// What else there is to say, a paragraph each.
    description: Vec<Words>,
    open: bool,
    parameters: Vec<Parameter>,
    request: Option<String>,
    responses: Vec<Answer>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    description: Words,
}

struct Answer {
    status: String,
    description: Words,
    example: Option<String>,
}

/// A text in which something stands as code, between backticks: whether it is that, and what it is, piece by piece.
type Words = Vec<(bool, String)>;

pub(crate) async fn show(visitor: Visitor) -> Response {
    visitor.page(&ContractPage { t: visitor.t, groups: groups(&visitor.console.contract) })
}

fn groups(contract: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = list(&contract["tags"])
        .map(|tag| Group {
            name: text(&tag["name"]),
            description: text(&tag["description"]),
            operations: Vec::new(),
        })
        .collect();
    for (path, item) in entries(&contract["paths"]) {
        for (method, operation) in entries(item) {
            let tag = text(&operation["tags"][0]);
            if let Some(group) = groups.iter_mut().find(|group| group.name == tag) {
                group.operations.push(self::operation(contract, path, method, operation));
            }
        }
    }
    groups
}

fn operation(contract: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let example = |content: &Value| {
        let (_, media) = entries(content).next()?;
        let example = example(contract, &media["schema"], DEPTH);
        serde_json::to_string_pretty(&example).ok()
    };
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: words(&text(&operation["summary"])),
        description: text(&operation["description"])
            .split("\n\n")
            .filter(|paragraph| !paragraph.is_empty())
            .map(words)
            .collect(),
        open: list(&operation["security"])
            .any(|requirement| requirement.as_object().is_some_and(Map::is_empty)),
        parameters: list(&operation["parameters"])
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"] == true,
                description: words(&text(&parameter["description"])),
            })
            .collect(),
        request: example(&operation["requestBody"]["content"]),
        responses: entries(&operation["responses"])
            .map(|(status, response)| Answer {
                status: if status == "default" { "otherwise".to_owned() } else { status.clone() },
                description: words(&text(&response["description"])),
                // Problems all look alike, and have pages of their own.
                example: if status == "default" { None } else { example(&response["content"]) },
            })
            .collect(),
    }
}

fn words(text: &str) -> Words {
    let pieces = text.split('`').enumerate();
    pieces.filter(|(_, piece)| !piece.is_empty()).map(|(at, piece)| (at % 2 == 1, piece.to_owned())).collect()
}

/// A value that fits a schema, out of the examples that it gives.
fn example(contract: &Value, schema: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return example(contract, &contract["components"]["schemas"][name], depth - 1);
    }
    if let Some(given) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return given.clone();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| example(contract, part, depth - 1));
        let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(fields.collect());
    }
    if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let something = choices.iter().find(|choice| choice["type"] != "null");
        return something.map_or(Value::Null, |choice| example(contract, choice, depth - 1));
    }
    if schema["properties"].is_object() {
        let fields = entries(&schema["properties"])
            .map(|(name, property)| (name.clone(), example(contract, property, depth - 1)));
        return Value::Object(fields.collect());
    }
    if schema["items"].is_object() {
        return json!([example(contract, &schema["items"], depth - 1)]);
    }
    let kinds =
        schema["type"].as_array().map_or_else(|| vec![&schema["type"]], |kinds| kinds.iter().collect());
    match kinds.iter().find_map(|kind| kind.as_str().filter(|kind| *kind != "null")) {
        Some("string") => json!("…"),
        Some("integer" | "number") => json!(0),
        Some("boolean") => json!(true),
        _ => Value::Null,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let told = words("With `cursor` it goes on. `limit`");
        let told: Vec<(bool, &str)> = told.iter().map(|(code, piece)| (*code, piece.as_str())).collect();
        assert_eq!(told, [(false, "With "), (true, "cursor"), (false, " it goes on. "), (true, "limit")]);
    }

    #[test]
    fn examples_are_made_of_whatever_a_schema_is_made_of() {
        let contract = json!({"components": {"schemas": {
            "Name": {"type": "string", "example": "Ada"},
            "Loop": {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/Loop"}}},
        }}});
        let made = |schema: Value| example(&contract, &schema, DEPTH);
        assert_eq!(made(json!({"$ref": "#/components/schemas/Name"})), "Ada");
        assert_eq!(made(json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Name"}]})), "Ada");
        assert_eq!(made(json!({"type": "array", "items": {"type": "integer"}})), json!([0]));
        let parts = json!({"allOf": [{"properties": {"a": {"type": ["boolean", "null"]}}}, {"properties": {"b": {"example": 2}}}]});
        assert_eq!(made(parts), json!({"a": true, "b": 2}));
        assert!(made(json!({"$ref": "#/components/schemas/Loop"})).is_object());
    }
}
