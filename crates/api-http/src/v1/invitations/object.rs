use rollcall_application::invitations::ListedInvitation;
use rollcall_domain::{InvitationId, Role, UserId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An invitation. Its token is in the mail, and nowhere else.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(in crate::v1) struct InvitationObject {
    #[schema(value_type = String, example = "inv_01h455vb4pex5vsknk084sn02q")]
    id: InvitationId,
    #[schema(example = "ada@analytical.example")]
    email: String,
    #[schema(value_type = String, example = "member")]
    role: Role,
    /// `pending`, `accepted`, `revoked` or `expired`.
    #[schema(example = "pending")]
    status: &'static str,
    /// The member who stands behind it; null once that member has left.
    invited_by: Option<Inviter>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-03T08:00:00Z", value_type = Option<String>)]
    accepted_at: Option<OffsetDateTime>,
}

/// The member who stands behind an invitation.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Inviter {
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    id: UserId,
    #[schema(example = "Grace Hopper")]
    name: String,
}

impl InvitationObject {
    /// The invitation as it is at `now`.
    pub(in crate::v1) fn at(
        now: OffsetDateTime,
        ListedInvitation { invitation, inviter_name }: ListedInvitation,
    ) -> Self {
        let inviter = invitation.invited_by.zip(inviter_name);
        Self {
            id: invitation.id,
            email: invitation.email.to_string(),
            role: invitation.role,
            status: invitation.status(now).as_str(),
            invited_by: inviter.map(|(id, name)| Inviter { id, name }),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            accepted_at: invitation.accepted_at,
        }
    }
}
