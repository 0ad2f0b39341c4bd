use rollcall_application::Asks;
use rollcall_domain::{Role, UserId, members::Member};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::UserObject;

/// A member of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(in crate::v1) struct MemberObject {
    user: UserObject,
    #[schema(value_type = String, example = "member")]
    role: Role,
    /// `active`, or `suspended` by the platform's operator.
    #[schema(example = "active")]
    status: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    joined_at: OffsetDateTime,
    /// Whether a second factor is on.
    mfa_enabled: bool,
    /// When they were last at work in this organization, to the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-05T09:30:00Z", value_type = Option<String>)]
    last_seen_at: Option<OffsetDateTime>,
}

impl From<Member> for MemberObject {
    fn from(member: Member) -> Self {
        Self {
            user: UserObject { id: member.membership.user, email: member.email, name: member.name },
            role: member.membership.role,
            status: member.status.as_str(),
            joined_at: member.joined_at,
            mfa_enabled: member.mfa_enabled,
            last_seen_at: member.last_seen_at,
        }
    }
}

/// What tags call a member: a person is another member in another organization.
pub(super) fn tag_name(who: &impl Asks, user: UserId) -> String {
    let organization = who.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.{user}")
}
