use axum::extract::State;
use rollcall_application::{Error, invitations};
use rollcall_domain::Permission;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{create::CreateInvitationRequest, object::InvitationObject};
use crate::{
    api::Api,
    body::{Json, from_raw},
    credential::Caller,
    etag::Untagged,
    problem::{InvalidField, Problem, Result},
};

/// The most lines of one request.
const MOST: usize = 500;

/// The addresses and their roles, one entry each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateInvitationsRequest {
    /// 1 to 500 of them.
    #[schema(value_type = Vec<CreateInvitationRequest>)]
    invitations: Vec<Box<RawValue>>,
}

/// What became of each entry, in their order.
#[derive(Serialize, ToSchema)]
pub(super) struct CreateInvitationsAnswer {
    results: Vec<Line>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BulkInvitationResult)]
pub(super) struct Line {
    /// Which entry, counted from 0.
    #[schema(example = 0)]
    index: usize,
    /// The address of the entry; null when there is no valid one.
    #[schema(example = "ada@analytical.example")]
    email: Option<String>,
    /// `created` or `failed`.
    #[schema(example = "created")]
    status: &'static str,
    invitation: Option<InvitationObject>,
    error: Option<LineError>,
}

/// Why a line failed.
#[derive(Serialize, ToSchema)]
pub(super) struct LineError {
    #[schema(example = "already_member")]
    code: &'static str,
    detail: String,
    errors: Vec<InvalidField>,
}

/// Invites several people in one request.
///
/// An invalid entry does not affect the others.
///
/// An organization can run one of these requests at a time on a node, and so can a person; a second one is answered 429 `rate_limited` with
/// `Retry-After`, and 503 when the node itself has no room.
#[utoipa::path(post, path = "/v1/invitations/bulk", tag = "Invitations", request_body = CreateInvitationsRequest,
    responses((status = 200, description = "What became of each line", body = CreateInvitationsAnswer)))]
pub(super) async fn create_invitations(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    _: Untagged,
    Json(request): Json<CreateInvitationsRequest>,
) -> Result<axum::Json<CreateInvitationsAnswer>> {
    if !(1..=MOST).contains(&request.invitations.len()) {
        return Err(Error::invalid("invitations", format!("must hold 1 to {MOST} lines")).into());
    }
    let emails: Vec<Option<String>> = request.invitations.iter().map(|line| email_on(line)).collect();
    let commands =
        request.invitations.iter().map(|line| from_raw::<CreateInvitationRequest>(line)?.command()).collect();
    let results = invitations::create_bulk(&api.app, &actor, commands).await?;
    let results = results.into_iter().zip(emails).enumerate().map(|(index, (result, email))| match result {
        Ok(invitation) => {
            let invitation = Some(InvitationObject::at(api.app.now(), invitation));
            Line { index, email, status: "created", invitation, error: None }
        }
        Err(error) => {
            let problem = Problem::from(error);
            let (code, detail, errors) =
                (problem.code(), problem.detail().to_owned(), problem.errors().to_vec());
            Line {
                index,
                email,
                status: "failed",
                invitation: None,
                error: Some(LineError { code, detail, errors }),
            }
        }
    });
    Ok(axum::Json(CreateInvitationsAnswer { results: results.collect() }))
}

/// The address on a line, whatever else is wrong with it, so that whoever reads the results knows which is meant.
fn email_on(line: &RawValue) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line.get()).ok()?;
    Some(line.get("email")?.as_str()?.chars().take(320).collect())
}
