use axum::{extract::State, response::Response};
use http::HeaderMap;
use rollcall_application::invitations;

use super::object::InvitationObject;
use crate::{api::Api, credential::Caller, etag::tagged, id_path::IdPath, problem::Result};

/// Shows an invitation.
#[utoipa::path(get, path = "/v1/invitations/{invitation_id}", tag = "Invitations",
    params(("invitation_id" = String, Path, example = "inv_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The invitation", body = InvitationObject, headers(("ETag" = String)))))]
pub(super) async fn show_invitation(
    State(api): State<Api>,
    Caller(actor): Caller,
    IdPath(id): IdPath<rollcall_domain::id::Invitation>,
    headers: HeaderMap,
) -> Result<Response> {
    let listed = invitations::show(&api.app, &actor, id).await?;
    // Running out changes what is shown, and happens without a change of version.
    let (version, now) = (listed.invitation.version, api.app.now());
    let tag = format!("{version}-{}", listed.invitation.status(now));
    Ok(tagged(tag, &headers, axum::Json(InvitationObject::at(now, listed))))
}
