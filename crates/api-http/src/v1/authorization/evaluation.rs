//! What the OpenID AuthZEN Authorization API 1.0 asks and answers, as far as Rollcall has an answer: may a user, or a program with an
//! API key, do what a permission names in an organization?
//!
//! Whoever is asked about a subject, an action or a resource that is not known here says no, with the reason. What is no
//! question at all is refused. `properties` and `context` are read and change nothing: who somebody is, and what they may
//! do, is not for the asking service to say.

use std::collections::HashMap;

use rollcall_application::{
    Application, Error,
    authorization::{self, DenialReason, Question, Subject as Whom},
};
use rollcall_domain::{OrganizationId, Permission};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use crate::body::Object;

/// What is read, and changes nothing.
type Ignored = Object<HashMap<String, IgnoredAny>>;

/// Who wants to do something: the subject.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    /// `user`, or `api_key` for a program.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    kind: String,
    #[schema(example = "user_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// Changes nothing.
    #[serde(default, rename = "properties")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _properties: Option<Ignored>,
}

/// What the subject wants to do.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    /// A permission.
    #[schema(example = "agents:manage")]
    name: String,
    /// Changes nothing.
    #[serde(default, rename = "properties")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _properties: Option<Ignored>,
}

/// The organization that it is about.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    /// `organization`.
    #[serde(rename = "type")]
    #[schema(example = "organization")]
    kind: String,
    #[schema(example = "org_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// Changes nothing.
    #[serde(default, rename = "properties")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    _properties: Option<Ignored>,
}

/// A question. One of several may leave out what is the same for all of them.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    #[schema(value_type = Option<Subject>)]
    pub(super) subject: Option<Object<Subject>>,
    #[serde(default)]
    #[schema(value_type = Option<Action>)]
    pub(super) action: Option<Object<Action>>,
    #[serde(default)]
    #[schema(value_type = Option<Resource>)]
    pub(super) resource: Option<Object<Resource>>,
    /// Changes nothing.
    #[serde(default, rename = "context")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    pub(super) _context: Option<Ignored>,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evaluation {
    #[schema(example = false)]
    pub(super) decision: bool,
    context: EvaluationContext,
}

/// The reason for the decision.
#[derive(Debug, Serialize, ToSchema)]
struct EvaluationContext {
    /// Why not; null when it is allowed. `role_lacks_permission`, `scope_lacks_permission`, `mfa_required`, `not_a_member`,
    /// `suspended` (the member is, or the organization, in which nobody may do anything then), `plan_required` (an API key that has the
    /// scope, which leads to nothing with the organization's plan; people are not told so); `unknown_subject`,
    /// `unknown_action` and `unknown_resource` for what is of no kind that is known here; `invalid_request` for what is no
    /// question.
    #[schema(example = "role_lacks_permission", required = true)]
    reason: Option<&'static str>,
    /// What is wrong with what is no question.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<EvaluationError>,
}

/// What is wrong with one question of several.
#[derive(Debug, Serialize, ToSchema)]
struct EvaluationError {
    #[schema(example = 422)]
    status: u16,
    #[schema(example = "subject is missing")]
    message: String,
}

impl Evaluation {
    fn of(reason: Option<&'static str>) -> Self {
        Self { decision: reason.is_none(), context: EvaluationContext { reason, error: None } }
    }

    /// The answer to what is no question, among others that are.
    pub(super) fn invalid(error: &Error) -> Self {
        let message = match error {
            Error::Invalid(fields) => {
                let fields = fields.iter().map(|wrong| format!("{} {}", wrong.field, wrong.message));
                fields.collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        };
        let error = Some(EvaluationError { status: 422, message });
        Self { decision: false, context: EvaluationContext { reason: Some("invalid_request"), error } }
    }
}

impl Asked {
    /// The same with what it leaves out filled in.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            subject: self.subject.or_else(|| other.subject.clone()),
            action: self.action.or_else(|| other.action.clone()),
            resource: self.resource.or_else(|| other.resource.clone()),
            _context: None,
        }
    }

    /// What is asked, or why the answer is no before anything is looked up.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no question.
    pub(super) fn question(&self) -> Result<Result<Question, &'static str>, Error> {
        let (Some(Object(subject)), Some(Object(action)), Some(Object(resource))) =
            (&self.subject, &self.action, &self.resource)
        else {
            let parts = [
                ("subject", self.subject.is_none()),
                ("action", self.action.is_none()),
                ("resource", self.resource.is_none()),
            ];
            let missing = parts.into_iter().filter(|(_, missing)| *missing);
            return Err(Error::Invalid(
                missing
                    .map(|(field, _)| rollcall_application::FieldError::new(field, "is missing"))
                    .collect(),
            ));
        };
        Ok(known(subject, action, resource))
    }
}

fn known(subject: &Subject, action: &Action, resource: &Resource) -> Result<Question, &'static str> {
    if !["user", "api_key"].contains(&subject.kind.as_str()) {
        return Err("unknown_subject");
    }
    if resource.kind != "organization" {
        return Err("unknown_resource");
    }
    let permission: Permission = action.name.parse().map_err(|_| "unknown_action")?;
    // What cannot be an id is nobody's, like an id that is.
    let nobody = |_| DenialReason::NotAMember.as_str();
    let subject = match subject.kind.as_str() {
        "user" => Whom::User(subject.id.parse().map_err(nobody)?),
        _ => Whom::ApiKey(subject.id.parse().map_err(nobody)?),
    };
    let organization: OrganizationId = resource.id.parse().map_err(nobody)?;
    Ok(Question { subject, organization, permission })
}

/// Answers questions, in the order asked.
pub(super) async fn answer(
    app: &Application,
    asked: Vec<Result<Result<Question, &'static str>, Error>>,
) -> Result<Vec<Evaluation>, Error> {
    let questions: Vec<Question> = asked.iter().flatten().flatten().copied().collect();
    let mut answers = authorization::evaluate(app, &questions).await?.into_iter();
    let evaluations = asked.into_iter().map(|asked| match asked {
        Err(error) => Evaluation::invalid(&error),
        Ok(Err(reason)) => Evaluation::of(Some(reason)),
        // As many answers as questions; were one lacking, the answer would be no.
        Ok(Ok(_)) => {
            Evaluation::of(answers.next().unwrap_or(Some(DenialReason::NotAMember)).map(DenialReason::as_str))
        }
    });
    Ok(evaluations.collect())
}
