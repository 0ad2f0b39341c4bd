use axum::{extract::State, response::Response};
use rollcall_application::audit;
use rollcall_domain::{Permission, id::Event};

use super::object::AuditEventObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, by_content},
    id_path::IdPath,
    problem::Result,
};

/// Shows an event of the audit log.
#[utoipa::path(get, path = "/v1/audit/events/{event_id}", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("event_id" = String, Path, example = "evt_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The event", body = AuditEventObject, headers(("ETag" = String)))))]
pub(super) async fn show_audit_event(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    IdPath(id): IdPath<Event>,
    known: IfNoneMatch,
) -> Result<Response> {
    let event = audit::show(&api.app, &principal, id).await?;
    Ok(by_content(&known, &AuditEventObject::from(event)))
}
