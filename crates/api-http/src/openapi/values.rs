//! What values of requests can be, where the domain says it by a list of names or by bounds. Handlers have no words for it: without
//! this the contract would call good what the service refuses. Answers are left as they are: a new name in one should break nobody.

use rollcall_domain::{
    EmailAddress, Permission, Role,
    accounts::TimeZone,
    api_keys::{LONGEST_OVERLAP, Networks, RateLimit},
    audit::{Outcome, reports},
    availability::{Capacity, Choice},
    calls::LiveMode,
    escalations,
    id::{self, Kind},
    invitations,
    members::{MemberSearch, MemberStatus},
    organizations::Plan,
    second_factors::Method,
    webhooks::WebhookUrl,
};
use serde_json::Value;
use utoipa::{
    Number,
    openapi::{
        OpenApi, RefOr,
        path::Operation,
        schema::{ArrayItems, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type},
    },
};

/// What a value can be.
enum Can {
    /// One of these names.
    Be(Vec<&'static str>),
    /// A number between these two, or one of them.
    Lie(i64, i64),
    /// A text of at least and at most so many characters, as it is sent. Many a text is counted without the spaces around it and in
    /// normalization form C: then there is no most, or the contract would forbid what is taken.
    Have(usize, Option<usize>),
    /// A text like this regular expression, and of at most so many characters where that does not say it.
    Match(String, Option<usize>),
    /// A list of at least and at most so many.
    Hold(usize, usize),
}

/// Words with dots between them; one may do.
const WORDS: &str = "^[a-z0-9_]+(\\.[a-z0-9_]+)*$";
/// The same, at least two.
const SEVERAL_WORDS: &str = "^[a-z0-9_]+(\\.[a-z0-9_]+)+$";
/// A language, perhaps a script, perhaps a region.
const LOCALE: &str = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-[A-Za-z]{2})?$";
/// An area, and places in it.
const TIME_ZONE: &str = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*)*$";
/// What is seen, and ASCII.
const REQUEST_KEY: &str = "^[!-~]{1,255}$";

/// The id of something of a kind: 128 bits, the first three of them in the first character.
fn id_of<K: Kind>() -> Can {
    Can::Match(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX), None)
}

fn matching(pattern: &str, most: Option<usize>) -> Can {
    Can::Match(pattern.to_owned(), most)
}

/// What a field of a request can be; none where nothing more is known of it than what the handler says.
fn of_field(schema: &str, field: &str) -> Option<Can> {
    Some(match (schema, field) {
        (_, "role") => Can::Be(roles()),
        ("Check", "permission") => {
            Can::Be(Permission::ALL.iter().map(|permission| permission.as_str()).collect())
        }
        ("CreateApiKeyRequest" | "UpdateApiKeyRequest", "scopes") => {
            let for_programs =
                Permission::ALL.into_iter().filter(|permission| permission.allowed_for_api_keys());
            Can::Be(for_programs.map(Permission::as_str).collect())
        }
        ("RateLimit", "requests") => Can::Lie(1, RateLimit::MOST_REQUESTS.into()),
        ("RateLimit", "per_seconds") => Can::Lie(1, RateLimit::MOST_SECONDS.into()),
        ("RotateApiKeyRequest", "overlap_seconds") => Can::Lie(0, LONGEST_OVERLAP.whole_seconds()),
        ("ChangePlanRequest", "plan") => Can::Be(Plan::ALL.iter().map(|plan| plan.as_str()).collect()),
        ("CreateCallRequest" | "UpdateCallRequest", "direction") => Can::Be(directions()),
        ("GrantLiveRequest", "mode") => Can::Be(LiveMode::ALL.iter().map(|mode| mode.as_str()).collect()),
        ("EscalateRequest", "priority") => Can::Lie(0, 9),
        ("ChangeSettingsRequest", "wait_limit_seconds") => Can::Lie(10, 86_400),
        ("ChangeSettingsRequest", "offer_seconds") => Can::Lie(5, 300),
        ("ChangeSettingsRequest", "lease_seconds") => Can::Lie(10, 3_600),
        ("ManageAgentRequest", "capacity") => Can::Lie(1, Capacity::MOST.into()),
        ("ManageAgentRequest" | "SetAvailabilityRequest", "status") => {
            Can::Be(Choice::ALL.iter().map(|choice| choice.as_str()).collect())
        }
        ("MfaRequiredChange", "grace_days") => Can::Lie(0, 90),
        ("SecondStepRequest", "method") => {
            Can::Be(Method::ALL.iter().map(|method| method.as_str()).collect())
        }
        ("EventReport", "outcome") => Can::Be(outcomes()),
        (_, "email" | "new_email") => Can::Have(1, Some(EmailAddress::LONGEST_TYPED)),
        (_, "url") => Can::Have(1, Some(WebhookUrl::LONGEST)),
        (
            _,
            "name" | "organization_name" | "external_id" | "agent_ref" | "from" | "to" | "reason" | "note",
        ) => Can::Have(1, None),
        ("EscalateRequest" | "ManageAgentRequest", "skills") => Can::Have(1, None),
        ("UpdateMeRequest", "locale") => matching(LOCALE, None),
        ("UpdateMeRequest", "time_zone") => matching(TIME_ZONE, Some(TimeZone::LONGEST)),
        // In sign-ins it can be anything: what is wrong with it is told to whoever has shown who they are.
        ("SwitchRequest", "organization_id") => id_of::<id::Organization>(),
        ("CreateApiKeyRequest" | "UpdateApiKeyRequest", "allowed_cidrs") => Can::Hold(1, Networks::MOST),
        ("EventReport", "id") => id_of::<id::Event>(),
        ("EventReport", "action") => matching(SEVERAL_WORDS, Some(reports::ReportedAction::MOST)),
        ("EventReport", "changes") => Can::Hold(0, reports::MOST_CHANGES),
        ("EventTarget", "type") | ("EventChange", "field") => matching(WORDS, Some(reports::Name::MOST)),
        ("EventTarget", "id") => Can::Have(1, Some(200)),
        ("EventChange", "before" | "after") => Can::Have(0, Some(1_000)),
        _ => return None,
    })
}

/// What a parameter can be.
fn of_parameter(operation: &str, parameter: &str) -> Option<Can> {
    Some(match (operation, parameter) {
        (_, "limit") => Can::Lie(1, 200),
        (_, "Idempotency-Key") => matching(REQUEST_KEY, None),
        ("list_members", "role") => Can::Be(roles()),
        ("list_members", "status") => {
            Can::Be(MemberStatus::ALL.iter().map(|status| status.as_str()).collect())
        }
        ("list_members", "q") => Can::Have(0, Some(MemberSearch::MOST)),
        ("list_invitations", "status") => {
            Can::Be(invitations::InvitationStatus::ALL.iter().map(|status| status.as_str()).collect())
        }
        ("list_calls", "direction") => Can::Be(directions()),
        ("list_escalations", "status") => {
            Can::Be(escalations::EscalationStatus::ALL.iter().map(|status| status.as_str()).collect())
        }
        (_, "outcome") => Can::Be(outcomes()),
        _ => return None,
    })
}

fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.as_str()).collect()
}

fn directions() -> Vec<&'static str> {
    vec!["inbound", "outbound"]
}

fn outcomes() -> Vec<&'static str> {
    Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect()
}

/// Says so in the contract.
pub(super) fn complete(contract: &mut OpenApi) {
    for item in contract.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            of_operation(operation);
            as_it_is(operation);
        }
    }
    let Some(components) = &mut contract.components else { return };
    let requests = |name: &str| name.ends_with("Request") || PARTS.contains(&name);
    for (name, schema) in components.schemas.iter_mut().filter(|(name, _)| requests(name)) {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        for (field, value) in &mut object.properties {
            if let Some(can) = of_field(name, field) {
                say(value, &can);
            }
        }
    }
}

/// What requests consist of besides.
const PARTS: [&str; 6] =
    ["Check", "EventChange", "EventReport", "EventTarget", "MfaRequiredChange", "RateLimit"];

fn of_operation(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if let (Some(can), Some(schema)) = (of_parameter(&id, &parameter.name), &mut parameter.schema) {
            say(schema, &can);
        }
    }
}

/// Audio is sent as it is, and not as a list of numbers; and a stream of events has no end, so it is no text.
fn as_it_is(operation: &mut Operation) {
    let sent = operation.request_body.iter_mut().filter_map(|body| match body {
        RefOr::T(body) => Some(body.content.iter_mut()),
        RefOr::Ref(_) => None,
    });
    let answered = operation.responses.responses.values_mut().filter_map(|response| match response {
        RefOr::T(response) => Some(response.content.iter_mut()),
        RefOr::Ref(_) => None,
    });
    for (kind, content) in sent.flatten().chain(answered.flatten()) {
        let RefOr::T(content) = content else { continue };
        if kind == "text/event-stream" {
            content.schema = None;
        }
        if kind.starts_with("audio/") {
            let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
            let bytes = ObjectBuilder::new().schema_type(Type::String).format(Some(binary));
            content.schema = Some(RefOr::T(Schema::Object(bytes.build())));
        }
    }
}

fn say(value: &mut RefOr<Schema>, can: &Can) {
    let RefOr::T(schema) = value else { return };
    match schema {
        Schema::Object(object) => bound(object, can),
        Schema::Array(array) => {
            if let Can::Hold(least, most) = can {
                array.min_items = (*least > 0).then_some(*least);
                array.max_items = Some(*most);
                return;
            }
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                say(items, can);
            }
        }
        _ => {}
    }
}

fn bound(object: &mut Object, can: &Can) {
    match can {
        Can::Be(names) => {
            let null = match &object.schema_type {
                SchemaType::Array(types) => types.contains(&Type::Null),
                SchemaType::Type(_) | SchemaType::AnyValue => false,
            };
            let names = names.iter().map(|name| Value::from(*name));
            object.enum_values = Some(names.chain(null.then_some(Value::Null)).collect());
        }
        Can::Lie(least, most) => {
            object.minimum = number(*least);
            object.maximum = number(*most);
        }
        Can::Have(least, most) => {
            object.min_length = (*least > 0).then_some(*least);
            object.max_length = *most;
        }
        Can::Match(pattern, most) => {
            object.pattern = Some(pattern.clone());
            object.max_length = *most;
        }
        // It is a list that can.
        Can::Hold(..) => {}
    }
}

fn number(bound: i64) -> Option<Number> {
    isize::try_from(bound).ok().map(Number::Int)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        EmailAddress, Text,
        webhooks::{Reach, WebhookUrl},
    };
    use serde_json::Value;

    /// Texts of requests of which the contract says nothing: what is compared with a secret or a name, hashed, or masked can be any.
    const ANY: [&str; 12] = [
        "challenge",
        "code",
        "confirm_name",
        "current_password",
        "key",
        "lease_token",
        "new_password",
        "password",
        "text",
        "token",
        "token_type_hint",
        // In sign-ins.
        "organization_id",
    ];

    #[test]
    fn every_text_of_a_request_is_bounded_or_can_be_any() {
        let contract = serde_json::to_value(crate::openapi::document()).expect("JSON");
        let schemas = contract["components"]["schemas"].as_object().expect("schemas");
        let is_text = |value: &Value| {
            value["type"] == "string"
                || value["type"].as_array().is_some_and(|types| types.contains(&"string".into()))
        };
        let bounds = ["enum", "format", "maxLength", "minLength", "pattern"];
        let mut seen = 0;
        for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Request")) {
            for (field, value) in
                schema["properties"].as_object().into_iter().flatten().filter(|(_, value)| is_text(value))
            {
                let is_bounded = bounds.iter().any(|bound| value.get(bound).is_some());
                assert!(is_bounded || ANY.contains(&field.as_str()), "{name}.{field}");
                seen += usize::from(is_bounded);
            }
        }
        assert!(seen > 0);
    }

    #[test]
    fn the_contract_forbids_no_text_that_is_taken() {
        let contract = serde_json::to_value(crate::openapi::document()).expect("JSON");
        let of = |schema: &str, field: &str| {
            contract["components"]["schemas"][schema]["properties"][field].clone()
        };
        // Spaces around a name are taken off before it is counted.
        assert!(format!("{:>300}", "Ada").parse::<Text<100>>().is_ok());
        let name = of("SignUpRequest", "name");
        assert_eq!((&name["minLength"], &name["maxLength"]), (&1.into(), &Value::Null));
        // Those around an address as well, but too many are not even looked at.
        let most = of("SignUpRequest", "email")["maxLength"]
            .as_u64()
            .and_then(|most| usize::try_from(most).ok())
            .expect("a most");
        let around =
            |width: usize| format!("{:width$}", "grace@navy.example").parse::<EmailAddress>().is_ok();
        assert!(around(most) && !around(most + 1));
        let most = of("SetWebhookRequest", "url")["maxLength"]
            .as_u64()
            .and_then(|most| usize::try_from(most).ok())
            .expect("a most");
        let url = |length: usize| {
            WebhookUrl::parse(&format!("{:x<length$}", "https://example.com/"), Reach::Public).is_ok()
        };
        assert!(url(most) && !url(most + 1));
        let cidrs = of("UpdateApiKeyRequest", "allowed_cidrs");
        assert_eq!((&cidrs["minItems"], &cidrs["maxItems"]), (&1.into(), &50.into()));
        assert_eq!(of("EventReport", "id")["pattern"], "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$");
        assert_eq!(of("ManageAgentRequest", "skills")["items"]["minLength"], 1);
    }

    #[test]
    fn the_contract_says_which_values_a_field_takes() {
        let contract = serde_json::to_value(crate::openapi::document()).expect("JSON");
        let schemas = &contract["components"]["schemas"];
        let role = &schemas["CreateInvitationRequest"]["properties"]["role"]["enum"];
        assert_eq!(
            role,
            &serde_json::json!(["owner", "admin", "member", "customer_support_agent", "viewer"])
        );
        let scopes = &schemas["UpdateApiKeyRequest"]["properties"]["scopes"]["items"]["enum"];
        assert!(scopes.as_array().is_some_and(|scopes| scopes.contains(&"calls:read".into())));
        assert!(!scopes.to_string().contains("team:invite"));
        let status = &schemas["ManageAgentRequest"]["properties"]["status"]["enum"];
        assert_eq!(status, &serde_json::json!(["available", "away", "offline", null]));
        let recording =
            &contract["paths"]["/v1/calls/{call_id}/recording"]["put"]["requestBody"]["content"]["audio/wav"];
        assert_eq!(recording["schema"], serde_json::json!({"type": "string", "format": "binary"}));
        // Every page of a list has a length, and goes on.
        let paths = contract["paths"].as_object().expect("paths");
        let lists = paths.iter().filter(|(path, item)| {
            item["get"]["responses"].to_string().contains("PageOf_") && path.as_str() != "/v1/roles"
        });
        let mut seen = 0;
        for (path, item) in lists {
            let parameters = item["get"]["parameters"].as_array().expect("parameters");
            let named = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
            let limit = &named("limit").unwrap_or_else(|| panic!("{path} has no limit"))["schema"];
            assert_eq!((&limit["minimum"], &limit["maximum"]), (&1.into(), &200.into()), "{path}");
            assert!(named("cursor").is_some(), "{path} has no cursor");
            seen += 1;
        }
        assert!(seen >= 9, "{seen} lists");
    }
}
