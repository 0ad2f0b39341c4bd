use axum::{extract::State, response::Response};
use rollcall_application::escalations;

use super::object::EscalationObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows an escalation, with its place in the queue while it waits.
#[utoipa::path(get, path = "/v1/escalations/{escalation_id}", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The escalation", body = EscalationObject, headers(("ETag" = String)))))]
pub(super) async fn show_escalation(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    known: IfNoneMatch,
) -> Result<Response> {
    let shown = escalations::show(&api.app, &principal, id).await?;
    let version = shown.escalation.version;
    Ok(versioned(id, version, &known, &EscalationObject::new(shown)))
}
