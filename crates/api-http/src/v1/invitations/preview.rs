use axum::extract::State;
use rollcall_application::invitations;
use rollcall_domain::{Role, secret::Secret};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{api::Api, body::Json, problem::Result};

/// The token from the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewInvitationRequest {
    /// From the link in the mail.
    #[schema(example = "3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
}

/// What an invitation offers.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitationPreview {
    organization: PreviewOrganization,
    #[schema(value_type = String, example = "member")]
    role: Role,
    /// The invited address.
    #[schema(example = "ada@analytical.example")]
    email: String,
    /// The name of the member who stands behind it; null once that member has left.
    #[schema(example = "Grace Hopper")]
    inviter_name: Option<String>,
    /// Whether the invited address has an account, which must then be signed in to.
    account_exists: bool,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PreviewOrganization {
    #[schema(example = "Acme Voice")]
    name: String,
}

/// Shows what an invitation offers, without using it up.
#[utoipa::path(post, path = "/v1/invitations/preview", tag = "Invitations", security(()),
    request_body = PreviewInvitationRequest,
    responses((status = 200, description = "The offer", body = InvitationPreview)))]
pub(super) async fn preview_invitation(
    State(api): State<Api>,
    Json(request): Json<PreviewInvitationRequest>,
) -> Result<axum::Json<InvitationPreview>> {
    let found = invitations::preview(&api.app, &Secret::new(request.token)).await?;
    Ok(axum::Json(InvitationPreview {
        organization: PreviewOrganization { name: found.organization_name.to_string() },
        role: found.invitation.role,
        email: found.invitation.email.to_string(),
        inviter_name: found.inviter_name,
        account_exists: found.account_exists,
        expires_at: found.invitation.expires_at,
    }))
}
