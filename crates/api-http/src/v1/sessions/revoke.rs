use axum::extract::State;
use http::StatusCode;
use rollcall_application::{
    Error,
    sessions::{self, Revoke},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{api::Api, credential::Caller, etag::Untagged, id_path::IdPath, problem::Result, query::Query};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RevokeQuery {
    /// `true`: the session that asks stays. `DELETE /v1/session` ends that one.
    #[param(example = true)]
    others: bool,
}

/// Ends one of the caller's own sessions.
#[utoipa::path(delete, path = "/v1/sessions/{session_id}", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])),
    params(("session_id" = String, Path, example = "sess_01h455vb4pex5vsknk084sn02q")),
    responses((status = 204, description = "Ended")))]
pub(super) async fn revoke_session(
    State(api): State<Api>,
    Caller(actor): Caller,
    _: Untagged,
    IdPath(session): IdPath<rollcall_domain::id::Session>,
) -> Result<StatusCode> {
    sessions::revoke(&api.app, &actor, Revoke::One(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the caller's sessions except the current one.
#[utoipa::path(delete, path = "/v1/sessions", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])), params(RevokeQuery),
    responses((status = 204, description = "Ended")))]
pub(super) async fn revoke_sessions(
    State(api): State<Api>,
    Caller(actor): Caller,
    _: Untagged,
    Query(query): Query<RevokeQuery>,
) -> Result<StatusCode> {
    if !query.others {
        return Err(Error::invalid("others", "must be true").into());
    }
    sessions::revoke(&api.app, &actor, Revoke::Others).await?;
    Ok(StatusCode::NO_CONTENT)
}
