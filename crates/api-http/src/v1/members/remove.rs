use axum::extract::State;
use http::StatusCode;
use rollcall_application::{
    Error,
    members::{self, Remove},
};
use rollcall_domain::Permission;
use serde::Deserialize;
use utoipa::IntoParams;

use super::object::tag_name;
use crate::{api::Api, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result, query::Query};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemoveQuery {
    /// The member who takes over the open invitations that the removed one stands behind, and the API keys that they made; left out,
    /// the invitations are taken back, and the keys go on without anybody named.
    #[param(example = "user_01h455vb4pex5vsknk084sn02r")]
    hand_over_to: Option<String>,
}

/// Removes a member; their sessions in the organization end at once.
#[utoipa::path(delete, path = "/v1/members/{user_id}", tag = "Team",
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q"), RemoveQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove_member(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamRemove as u8 }>,
    IdPath(user): IdPath<rollcall_domain::id::User>,
    if_match: IfMatch,
    Query(query): Query<RemoveQuery>,
) -> Result<StatusCode> {
    let hand_over_to = query.hand_over_to.map(|id| id.parse()).transpose();
    let hand_over_to = hand_over_to.map_err(|problem| Error::invalid("hand_over_to", problem))?;
    members::remove(
        &api.app,
        &actor,
        Remove { user, hand_over_to, precondition: if_match.precondition(tag_name(&actor, user)) },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
