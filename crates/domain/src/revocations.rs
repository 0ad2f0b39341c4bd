//! What is not good any more, as services beside Rollcall are told that remember what they were told before.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, OrganizationId, Role, SessionId, UserId};

/// Something that was good, and is not any more. The names are those of the wire.
///
/// It calls for asking again, and not for refusing: whoever was removed may be back a moment later.
///
/// ```
/// use rollcall_domain::revocations::Revocation;
///
/// let told = r#"{"type":"user.deleted","user_id":"user_01h455vb4pex5vsknk084sn02q"}"#;
/// let revocation: Revocation = serde_json::from_str(told)?;
/// assert_eq!(revocation.kind(), "user.deleted");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Revocation {
    /// A session has ended before its time.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// Which.
        session_id: SessionId,
        /// Whose it was.
        user_id: UserId,
        /// Where they were at work; none for somebody who is in no organization.
        organization_id: Option<OrganizationId>,
    },
    /// Somebody is not in an organization any more.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// Who.
        user_id: UserId,
        /// Where.
        organization_id: OrganizationId,
    },
    /// A member has another role.
    #[serde(rename = "member.role_changed")]
    RoleChanged {
        /// Who.
        user_id: UserId,
        /// Where.
        organization_id: OrganizationId,
        /// What they are from now on.
        role: Role,
    },
    /// The platform's operator has suspended an account.
    #[serde(rename = "user.suspended")]
    UserSuspended {
        /// Whose.
        user_id: UserId,
    },
    /// An account has been deleted.
    #[serde(rename = "user.deleted")]
    UserDeleted {
        /// Whose.
        user_id: UserId,
    },
    /// An account may do less than before, wherever it is: it has no second factor any more.
    #[serde(rename = "user.changed")]
    UserChanged {
        /// Whose.
        user_id: UserId,
    },
    /// The members of an organization may do less than before: it asks for something that they may not have.
    #[serde(rename = "organization.changed")]
    OrganizationChanged {
        /// Which.
        organization_id: OrganizationId,
    },
    /// An organization has been deleted.
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted {
        /// Which.
        organization_id: OrganizationId,
    },
    /// An API key has been revoked.
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked {
        /// Which.
        api_key_id: ApiKeyId,
        /// Whose it was.
        organization_id: OrganizationId,
    },
    /// An API key may be worth less than before: its scopes, networks, end or secret are others.
    #[serde(rename = "api_key.changed")]
    ApiKeyChanged {
        /// Which.
        api_key_id: ApiKeyId,
        /// Whose it is.
        organization_id: OrganizationId,
    },
}

impl Revocation {
    /// The stable name of what has happened, which is the member `type` and the name of the event on the feed.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SessionEnded { .. } => "session.ended",
            Self::MemberRemoved { .. } => "member.removed",
            Self::RoleChanged { .. } => "member.role_changed",
            Self::UserSuspended { .. } => "user.suspended",
            Self::UserDeleted { .. } => "user.deleted",
            Self::UserChanged { .. } => "user.changed",
            Self::OrganizationChanged { .. } => "organization.changed",
            Self::OrganizationDeleted { .. } => "organization.deleted",
            Self::ApiKeyRevoked { .. } => "api_key.revoked",
            Self::ApiKeyChanged { .. } => "api_key.changed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_revocation_is_its_type_in_json() {
        let (user_id, session_id) = (UserId::from_parts(0, &[1; 10]), SessionId::from_parts(0, &[2; 10]));
        let organization_id = OrganizationId::from_parts(0, &[3; 10]);
        let api_key_id = ApiKeyId::from_parts(0, &[4; 10]);
        for revocation in [
            Revocation::SessionEnded { session_id, user_id, organization_id: None },
            Revocation::MemberRemoved { user_id, organization_id },
            Revocation::RoleChanged { user_id, organization_id, role: Role::Viewer },
            Revocation::UserSuspended { user_id },
            Revocation::UserDeleted { user_id },
            Revocation::OrganizationDeleted { organization_id },
            Revocation::UserChanged { user_id },
            Revocation::OrganizationChanged { organization_id },
            Revocation::ApiKeyRevoked { api_key_id, organization_id },
            Revocation::ApiKeyChanged { api_key_id, organization_id },
        ] {
            let told = serde_json::to_value(revocation).expect("JSON");
            assert_eq!(told["type"], revocation.kind());
            assert_eq!(serde_json::from_value::<Revocation>(told).expect("a revocation"), revocation);
        }
    }
}
