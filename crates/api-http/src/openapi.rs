//! The contract as OpenAPI 3.1, made from the handlers.

use std::sync::LazyLock;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{StatusCode, header::CONTENT_TYPE};
use rollcall_application::ErrorChain;
use utoipa::{
    OpenApi,
    openapi::{
        Components, ContentBuilder, Object, Ref, RefOr, Required, ResponseBuilder,
        header::HeaderBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::Type,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{api::Api, middleware::is_keyed, operations, operations::Parts, problem, v1};

mod answers;
mod values;

/// Where no body is as good as an empty object. Handlers cannot say so: an optional body of theirs would also be allowed to be null.
const BODY_MAY_BE_LEFT_OUT: &str = "/v1/sessions/passkey/options";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "Team and user management: who is this, which organization are they in, what may they do, and who changed what. A whole number is sent without a fraction and an exponent: `1500`, not `1500.0` or `15e2`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(problem::Shown, problem::InvalidField, problem::NamedOrganization)),
    tags(
        (name = "Sign-up and sessions", description = "Signing up, in and out."),
        (name = "Access tokens", description = "What services beside Rollcall go by."),
        (name = "Decisions", description = "What services beside Rollcall ask, and what they are told without asking."),
        (name = "Own account", description = "What a person may do with their own account."),
        (name = "Organization", description = "The organization that one is at work in."),
        (name = "Team", description = "Its members, and what they may do."),
        (name = "Invitations", description = "Seats offered by mail."),
        (name = "API keys", description = "Programs at work in the organization."),
        (name = "Calls", description = "What the platform writes down of calls, and who may read it."),
        (name = "Recordings", description = "The sound of calls."),
        (name = "Escalations", description = "Calls that wait for a human, and the humans who take them."),
        (name = "Plans", description = "What the organization pays for, and what that entitles it to."),
        (name = "Audit log", description = "Who did what, and the proof of it."),
        (name = "Operator", description = "For the platform's own staff."),
        (name = "Operation", description = "For those who run the service."),
    ),
)]
struct Contract;

fn described(operations: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Contract::openapi()).merge(v1::routes()).merge(operations)
}

/// The contract.
pub fn document() -> utoipa::openapi::OpenApi {
    complete(described(operations::public()).into_openapi())
}

/// All routes of the API, and the contract at `/openapi.json`. [`around`](crate::around) goes around them, last.
pub fn router(api: &Api, parts: Parts) -> Router {
    // Around the routes that look at the parts and no others: each layer is copied for every request that it is around of.
    let operations = operations::public().layer(axum::Extension(parts));
    Router::from(described(operations)).with_state(api.clone()).route("/openapi.json", get(contract))
}

/// The contract, written when it is first asked for: what it is made of takes ten times as much memory as what it says.
async fn contract() -> Response {
    static WRITTEN: LazyLock<serde_json::Result<Bytes>> =
        LazyLock::new(|| Ok(serde_json::to_vec(&document())?.into()));
    match &*WRITTEN {
        Ok(written) => ([(CONTENT_TYPE, "application/json")], written.clone()).into_response(),
        Err(error) => {
            tracing::error!(error = %ErrorChain(error), "the contract cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds what is the same for every operation, so that no handler has to repeat it.
fn complete(mut contract: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = contract.components.get_or_insert_with(Components::new);
    let bearer = || HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let session = bearer().description(Some("The token of a session (`rcs_…`).")).build();
    components.add_security_scheme("session", SecurityScheme::Http(session));
    let access_token = bearer()
        .bearer_format("JWT")
        .description(Some("An access token. It cannot create credentials, nor prove identity."))
        .build();
    components.add_security_scheme("access_token", SecurityScheme::Http(access_token));
    let api_key = bearer()
        .description(Some("An API key (`rck_…`), for what is open to programs, as far as its scopes go."))
        .build();
    components.add_security_scheme("api_key", SecurityScheme::Http(api_key));
    let service = bearer().description(Some("The credential of services beside Rollcall.")).build();
    components.add_security_scheme("service", SecurityScheme::Http(service));
    let operator = bearer().description(Some("The token of the platform's own staff.")).build();
    components.add_security_scheme("operator", SecurityScheme::Http(operator));
    let cookie = ApiKeyValue::with_description(
        "__Host-rollcall_session",
        "The token of a session, in the cookie of a browser.",
    );
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let scopes = Vec::<String>::new;
    contract.security = Some(vec![
        SecurityRequirement::new("session", scopes()),
        SecurityRequirement::new("access_token", scopes()),
        SecurityRequirement::new("cookie", scopes()),
    ]);
    for (path, item) in &mut contract.paths.paths {
        complete_item(path, item);
    }
    answers::complete(&mut contract);
    values::complete(&mut contract);
    contract
}

fn complete_item(path: &str, item: &mut PathItem) {
    for operation in [&mut item.get, &mut item.put, &mut item.delete].into_iter().flatten() {
        add_problems(operation);
    }
    if let Some(operation) = item.get.as_mut().filter(|operation| has_tag(operation)) {
        let known = "The ETags that are known. If the thing still has one of them, the answer is 304, without a body.";
        add_header(operation, "If-None-Match", known);
        let unchanged = ResponseBuilder::new().description("It is as it was").build();
        operation.responses.responses.insert("304".to_owned(), RefOr::T(unchanged));
    }
    for operation in item.post.iter_mut() {
        add_problems(operation);
        let body = operation.request_body.as_mut().filter(|_| path == BODY_MAY_BE_LEFT_OUT);
        if let Some(RefOr::T(body)) = body {
            body.required = Some(Required::False);
        }
        if is_keyed(path) {
            add_header(
                operation,
                "Idempotency-Key",
                "Repeats with the same key, within 24 hours, get the same answer.",
            );
        }
    }
    for operation in item.patch.iter_mut() {
        add_problems(operation);
        // A passkey has no versions: of it only its owner changes anything, and only the name.
        if path != "/v1/me/mfa/passkeys/{passkey_id}" {
            add_header(operation, "If-Match", "The ETag of the version that the change is meant for.");
        }
    }
}

/// Whether the thing that an operation answers with has an entity tag.
fn has_tag(operation: &Operation) -> bool {
    match operation.responses.responses.get("200") {
        Some(RefOr::T(answer)) => answer.headers.contains_key("ETag"),
        Some(RefOr::Ref(_)) | None => false,
    }
}

fn add_problems(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let id = HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some("Names the request, here and in the logs."))
        .build();
    let problem = ResponseBuilder::new()
        .description("A problem (RFC 9457)")
        .content("application/problem+json", content)
        .header("X-Request-Id", id)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}

fn add_header(operation: &mut Operation, name: &str, description: &str) {
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(Object::with_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(header));
}
