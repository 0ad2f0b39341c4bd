use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;

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

/// Shows services where decisions are to be had.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "Decisions", security(()),
    responses((status = 200, description = "Where", body = DecisionPoint)))]
pub(super) async fn show_decision_point(State(api): State<Api>) -> axum::Json<DecisionPoint> {
    let origin = &api.settings.public_origin;
    axum::Json(DecisionPoint {
        policy_decision_point: origin.clone(),
        access_evaluation_endpoint: format!("{origin}/access/v1/evaluation"),
        access_evaluations_endpoint: format!("{origin}/access/v1/evaluations"),
    })
}
