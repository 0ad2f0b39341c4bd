use axum::extract::State;
use rollcall_application::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    evaluate::one,
    evaluation::{Action, Asked, Evaluation, Resource, Subject, answer},
};
use crate::{
    api::Api,
    body::{Json, Object, from_raw},
    problem::Result,
    service_credential::SiblingService,
};

/// The most questions in one request.
const MOST: usize = 100;

/// Several questions. What stands beside them is asked in each that does not say otherwise; without any it is the question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedMany {
    #[serde(default)]
    #[schema(value_type = Option<Subject>)]
    subject: Option<Object<Subject>>,
    #[serde(default)]
    #[schema(value_type = Option<Action>)]
    action: Option<Object<Action>>,
    #[serde(default)]
    #[schema(value_type = Option<Resource>)]
    resource: Option<Object<Resource>>,
    /// Changes nothing.
    #[serde(default, rename = "context")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _context: Option<Object<std::collections::HashMap<String, serde::de::IgnoredAny>>>,
    /// At most 100 of them.
    #[serde(default)]
    #[schema(value_type = Vec<Asked>)]
    evaluations: Vec<Box<RawValue>>,
    /// How they are answered.
    #[serde(default)]
    #[schema(value_type = Option<Options>)]
    options: Option<Object<Options>>,
}

/// How questions are answered. Options that are not known here change nothing.
#[derive(Deserialize, ToSchema)]
pub(super) struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// Which questions are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// Those up to the first whose answer is no.
    DenyOnFirstDeny,
    /// Those up to the first whose answer is yes.
    PermitOnFirstPermit,
}

impl Semantic {
    /// The decision that ends it.
    const fn last(self) -> Option<bool> {
        match self {
            Self::ExecuteAll => None,
            Self::DenyOnFirstDeny => Some(false),
            Self::PermitOnFirstPermit => Some(true),
        }
    }
}

/// The decisions.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Evaluations {
    /// In the order asked.
    Many { evaluations: Vec<Evaluation> },
    /// The one, when there were no others.
    One(Evaluation),
}

/// Decides several such questions in one request.
///
/// A malformed question does not affect the others.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "Decisions", security(("service" = [])),
    request_body = AskedMany, responses((status = 200, description = "The decisions", body = Evaluations)))]
pub(super) async fn evaluate_accesses(
    State(api): State<Api>,
    _: SiblingService,
    Json(request): Json<AskedMany>,
) -> Result<axum::Json<Evaluations>> {
    let AskedMany { subject, action, resource, evaluations, options, .. } = request;
    let defaults = Asked { subject, action, resource, _context: None };
    if evaluations.is_empty() {
        return Ok(axum::Json(Evaluations::One(one(&api, &defaults).await?)));
    }
    if evaluations.len() > MOST {
        return Err(Error::invalid("evaluations", format!("must hold at most {MOST} questions")).into());
    }
    let asked = evaluations.iter().map(|raw| from_raw::<Asked>(raw)?.or(&defaults).question());
    let mut evaluations = answer(&api.app, asked.collect()).await?;
    let last = options.map_or(Semantic::default(), |Object(options)| options.evaluations_semantic).last();
    if let Some(end) = last.and_then(|last| evaluations.iter().position(|one| one.decision == last)) {
        evaluations.truncate(end + 1);
    }
    Ok(axum::Json(Evaluations::Many { evaluations }))
}
