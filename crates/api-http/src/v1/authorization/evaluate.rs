use axum::extract::State;

use super::evaluation::{Asked, Evaluation, answer};
use crate::{
    api::Api,
    body::Json,
    problem::{Code, Problem, Result},
    service_credential::SiblingService,
};

/// Decides whether somebody may do something in an organization at this moment.
///
/// This is the evaluation endpoint of the OpenID AuthZEN Authorization API 1.0. An `X-Request-ID` is returned with the answer.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "Decisions", security(("service" = [])), request_body = Asked,
    responses((status = 200, description = "The decision", body = Evaluation)))]
pub(super) async fn evaluate_access(
    State(api): State<Api>,
    _: SiblingService,
    Json(asked): Json<Asked>,
) -> Result<axum::Json<Evaluation>> {
    one(&api, &asked).await.map(axum::Json)
}

/// The answer to the one question that is asked.
pub(super) async fn one(api: &Api, asked: &Asked) -> Result<Evaluation> {
    let question = asked.question()?;
    let answered = answer(&api.app, vec![Ok(question)]).await?.pop();
    answered.ok_or_else(|| Problem::plain(Code::Internal))
}
