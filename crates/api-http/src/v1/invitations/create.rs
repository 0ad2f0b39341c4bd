use axum::{extract::State, response::IntoResponse};
use http::{StatusCode, header};
use rollcall_application::{
    Error,
    invitations::{self, Create},
};
use rollcall_domain::{Permission, Role};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::InvitationObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    credential::Caller,
    etag::Untagged,
    problem::Result,
};

/// The address and the role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateInvitationRequest {
    #[schema(example = "ada@analytical.example")]
    pub(super) email: String,
    #[schema(value_type = String, example = "member")]
    role: Role,
}

impl CreateInvitationRequest {
    pub(super) fn command(&self) -> std::result::Result<Create, Error> {
        let mut fields = Fields::default();
        let email = fields.parse("email", &self.email);
        email.map(|email| Create { email, role: self.role }).ok_or_else(|| fields.into_error())
    }
}

/// Invites somebody by mail.
///
/// Only Owners can invite Owners.
#[utoipa::path(post, path = "/v1/invitations", tag = "Invitations", request_body = CreateInvitationRequest,
    responses((status = 201, description = "Invited", body = InvitationObject, headers(("Location" = String)))))]
pub(super) async fn create_invitation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    _: Untagged,
    Json(request): Json<CreateInvitationRequest>,
) -> Result<impl IntoResponse> {
    let invitation = invitations::create(&api.app, &actor, request.command()?).await?;
    let location = format!("/v1/invitations/{}", invitation.invitation.id);
    let object = InvitationObject::at(api.app.now(), invitation);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(object)))
}
