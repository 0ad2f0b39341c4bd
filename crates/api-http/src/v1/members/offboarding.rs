use axum::{extract::State, response::Response};
use rollcall_application::members;
use rollcall_domain::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, by_content},
    id_path::IdPath,
    problem::Result,
};

/// What removing a member would touch.
#[derive(Serialize, ToSchema)]
pub(super) struct Offboarding {
    /// Sessions in the organization that would end.
    #[schema(example = 2)]
    sessions: u32,
    /// API keys that the member made or took over, and that can be used. They go on; `hand_over_to` says who is asked about them.
    #[schema(example = 1)]
    api_keys: u32,
    /// Open invitations that the member stands behind. They would be taken back, unless `hand_over_to` gives them to somebody else.
    #[schema(example = 3)]
    pending_invitations: u32,
    /// Calls that the member has claimed. They would wait again, in their old places.
    #[schema(example = 1)]
    claimed_calls: u32,
    /// Whether the member is the only Owner, so that the removal would be refused.
    #[schema(example = false)]
    sole_owner: bool,
}

/// Shows what removing a member would affect.
#[utoipa::path(get, path = "/v1/members/{user_id}/offboarding", tag = "Team",
    params(("user_id" = String, Path, example = "user_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "What would be touched", body = Offboarding, headers(("ETag" = String)))))]
pub(super) async fn show_offboarding(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamRemove as u8 }>,
    IdPath(user): IdPath<rollcall_domain::id::User>,
    known: IfNoneMatch,
) -> Result<Response> {
    let members::Offboarding { sessions, api_keys, pending_invitations, claimed_calls, sole_owner } =
        members::offboarding(&api.app, &actor, user).await?;
    Ok(by_content(
        &known,
        &Offboarding { sessions, api_keys, pending_invitations, claimed_calls, sole_owner },
    ))
}
