use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    etag::{IfNoneMatch, by_content},
};

/// Where decisions are to be had (AuthZEN 1.0, "Policy Decision Point Metadata").
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionPoint {
    /// Who decides: the public URL.
    #[schema(example = "https://rollcall.example")]
    policy_decision_point: String,
    /// Where one decision is to be had.
    #[schema(example = "https://rollcall.example/access/v1/evaluation")]
    access_evaluation_endpoint: String,
    /// Where many are.
    #[schema(example = "https://rollcall.example/access/v1/evaluations")]
    access_evaluations_endpoint: String,
}

/// Shows where other services can ask for decisions (AuthZEN metadata).
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "Decisions", security(()),
    responses((status = 200, description = "Where", body = DecisionPoint, headers(("ETag" = String)))))]
pub(super) async fn show_decision_point(State(api): State<Api>, known: IfNoneMatch) -> Response {
    let origin = &api.settings.public_origin;
    let point = DecisionPoint {
        policy_decision_point: origin.clone(),
        access_evaluation_endpoint: format!("{origin}/access/v1/evaluation"),
        access_evaluations_endpoint: format!("{origin}/access/v1/evaluations"),
    };
    by_content(&known, &point)
}
