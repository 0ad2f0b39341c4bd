use axum::extract::State;
use http::StatusCode;
use rollcall_application::{
    Error,
    sessions::{self, Switch},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{api::Api, body::Json, credential::Enrollee, etag::Untagged, problem::Result};

/// The organization to switch to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchRequest {
    #[schema(example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: String,
}

/// Switches to another of the caller's organizations: starts a session there and ends this one.
#[utoipa::path(post, path = "/v1/session/organization", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])), request_body = SwitchRequest,
    responses((status = 201, description = "The new session", body = SignedInObject)))]
pub(super) async fn switch_organization(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    _: Untagged,
    Json(request): Json<SwitchRequest>,
) -> Result<(StatusCode, axum::Json<SignedInObject>)> {
    // An id of another kind names nothing that exists.
    let organization = request.organization_id.parse().map_err(|_| Error::NotFound)?;
    let signed_in = sessions::switch(&api.app, &actor, Switch { organization }).await?;
    Ok((StatusCode::CREATED, axum::Json(signed_in.into())))
}
