use axum::{extract::State, response::Response};
use rollcall_application::calls;

use super::object::CallObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows a call.
#[utoipa::path(get, path = "/v1/calls/{call_id}", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The call", body = CallObject, headers(("ETag" = String)))))]
pub(super) async fn show_call(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    known: IfNoneMatch,
) -> Result<Response> {
    let call = calls::show(&api.app, &principal, id).await?;
    let version = call.version;
    Ok(versioned(id, version, &known, &CallObject::from(call)))
}
