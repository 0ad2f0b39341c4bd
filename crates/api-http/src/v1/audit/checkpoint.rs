use axum::{extract::State, response::Response};
use http::HeaderValue;
use rollcall_application::audit;
use rollcall_domain::Permission;

use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, text_by_content},
    problem::Result,
};

/// The media type of a checkpoint.
const KIND: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Shows the newest checkpoint of the organization's audit log.
///
/// A checkpoint is the number of events and the root of the Merkle tree over them, as a signed note (c2sp.org/tlog-checkpoint).
/// It covers everything that was committed before the request. Kept elsewhere, it proves later that the log still is the one it
/// was: `rollcall audit verify FILE --checkpoint OLD`.
#[utoipa::path(get, path = "/v1/audit/checkpoint", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain",
        headers(("ETag" = String)),
        example = "rollcall.example/org_01h455vb4pex5vsknk084sn02q\n20852\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— rollcall.example/org_01h455vb4pex5vsknk084sn02q Az3grl…\n")))]
pub(super) async fn show_audit_checkpoint(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let note = audit::checkpoint(&api.app, &principal).await?;
    Ok(text_by_content(KIND, &known, note))
}
