//! Invitations: a seat in an organization, offered by mail.

use std::{fmt, str::FromStr};

use time::{Duration, OffsetDateTime};

use crate::{
    EmailAddress, InvitationId, Permission, Role, UserId,
    policy::{self, Decision, Grant, Target},
};

/// How long an invitation can be accepted, counted from when it was made or sent again.
pub const LIFETIME: Duration = Duration::days(7);

/// An offer of a seat to whoever reads the mail at an address.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Names the invitation for ever.
    pub id: InvitationId,
    /// Whom it is for.
    pub email: EmailAddress,
    /// What they will be.
    pub role: Role,
    /// What is kept of what has become of it; [`Invitation::status`] knows the time as well.
    pub kept_status: InvitationStatus,
    /// The member who stands behind it; nobody once that member has left.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Until when it can be accepted; at that moment it has expired.
    pub expires_at: OffsetDateTime,
    /// When it was accepted; none as long as it was not.
    pub accepted_at: Option<OffsetDateTime>,
    /// Counts the changes of the invitation, for `If-Match`.
    pub version: i32,
}

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationStatus {
    /// Nothing yet.
    Pending,
    /// Somebody has taken the seat.
    Accepted,
    /// The organization has taken the offer back.
    Revoked,
    /// It ran out, and another took its place.
    Expired,
}

/// The text names no status of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of pending, accepted, revoked, expired")]
pub struct UnknownInvitationStatus;

impl InvitationStatus {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Revoked, Self::Expired];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for InvitationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for InvitationStatus {
    type Err = UnknownInvitationStatus;

    fn from_str(text: &str) -> Result<Self, UnknownInvitationStatus> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownInvitationStatus)
    }
}

impl Invitation {
    /// What the invitation is at `now`: one that nobody took in time has expired.
    pub fn status(&self, now: OffsetDateTime) -> InvitationStatus {
        match self.kept_status {
            InvitationStatus::Pending if self.expires_at <= now => InvitationStatus::Expired,
            kept => kept,
        }
    }

    /// Whether it can be accepted at `now`: it has not ended, and a member stands behind it. One behind which nobody stands was made by
    /// somebody who was gone by then, and is nobody's to accept (decision 0006).
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        self.status(now) == InvitationStatus::Pending && self.invited_by.is_some()
    }
}

/// The invitation cannot be used any more: accepted, taken back or run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationGone;

/// An acceptance that has been decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    invitation: InvitationId,
    role: Role,
    at: OffsetDateTime,
}

/// Why an invitation is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptanceRefusal {
    /// It can no longer be accepted.
    Gone,
    /// It is for somebody else.
    WrongAccount,
}

impl Acceptance {
    /// Decides whether the reader of the mail at `email` may take the seat at `now`.
    ///
    /// # Errors
    /// When the invitation is no longer open, or is for another address.
    pub fn decide(
        invitation: &Invitation,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Self, AcceptanceRefusal> {
        if !invitation.is_open(now) {
            return Err(AcceptanceRefusal::Gone);
        }
        if invitation.email != *email {
            return Err(AcceptanceRefusal::WrongAccount);
        }
        Ok(Self { invitation: invitation.id, role: invitation.role, at: now })
    }

    /// The invitation that is accepted.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// The role that comes with the seat.
    pub fn role(&self) -> Role {
        self.role
    }

    /// When it is accepted.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }
}

/// Whether an invitation to become `invited` may stand when the member behind it has the role `inviter`.
pub fn may_stand(inviter: Role, invited: Role) -> bool {
    let grant = Grant::Member { role: inviter };
    policy::decide(&grant, Permission::TeamInvite, Target::Seat { role: invited }) == Decision::Allowed
}

/// Decides that an open invitation is sent again: its old link dies, and its time begins anew. Gives back until when it can be accepted then.
///
/// # Errors
/// When it has been accepted or taken back, or nobody stands behind it. One that ran out can be sent again.
pub fn renew(invitation: &Invitation, now: OffsetDateTime) -> Result<OffsetDateTime, InvitationGone> {
    match invitation.kept_status {
        InvitationStatus::Pending if invitation.invited_by.is_some() => Ok(now + LIFETIME),
        InvitationStatus::Pending
        | InvitationStatus::Accepted
        | InvitationStatus::Revoked
        | InvitationStatus::Expired => Err(InvitationGone),
    }
}

/// Decides that an invitation is taken back.
///
/// # Errors
/// When it has been accepted or taken back already, or replaced after it ran out.
pub fn revoke(invitation: &Invitation) -> Result<(), InvitationGone> {
    match invitation.kept_status {
        InvitationStatus::Pending => Ok(()),
        InvitationStatus::Accepted | InvitationStatus::Revoked | InvitationStatus::Expired => {
            Err(InvitationGone)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn invitation(state: InvitationStatus) -> Invitation {
        Invitation {
            id: InvitationId::from_parts(0, &[0; 10]),
            email: "Ada@example.com".parse().expect("an address"),
            role: Role::Member,
            kept_status: state,
            invited_by: Some(UserId::from_parts(0, &[9; 10])),
            created_at: NOW,
            expires_at: NOW + LIFETIME,
            accepted_at: None,
            version: 1,
        }
    }

    #[test]
    fn attack_3_only_an_open_invitation_is_accepted() {
        let ada = "ada@EXAMPLE.com".parse().expect("an address");
        let last_moment = NOW + LIFETIME - Duration::MICROSECOND;
        for state in InvitationStatus::ALL {
            let accepted = Acceptance::decide(&invitation(state), &ada, last_moment);
            assert_eq!(accepted.is_ok(), state == InvitationStatus::Pending, "{state}");
        }
        assert_eq!(
            Acceptance::decide(&invitation(InvitationStatus::Pending), &ada, NOW + LIFETIME),
            Err(AcceptanceRefusal::Gone)
        );
    }

    #[test]
    fn attack_4_nobody_accepts_somebody_else_s() {
        let eve = "eve@example.com".parse().expect("an address");
        assert_eq!(
            Acceptance::decide(&invitation(InvitationStatus::Pending), &eve, NOW),
            Err(AcceptanceRefusal::WrongAccount)
        );
    }

    #[test]
    fn attack_5_what_nobody_stands_behind_is_neither_accepted_nor_sent_again_but_taken_back() {
        let ada = "ada@example.com".parse().expect("an address");
        let orphan = Invitation { invited_by: None, ..invitation(InvitationStatus::Pending) };
        assert_eq!(Acceptance::decide(&orphan, &ada, NOW), Err(AcceptanceRefusal::Gone));
        assert_eq!(renew(&orphan, NOW), Err(InvitationGone));
        assert_eq!(revoke(&orphan), Ok(()));
    }

    #[test]
    fn an_expired_invitation_can_be_sent_again_and_a_closed_one_cannot() {
        let later = NOW + LIFETIME * 2;
        assert_eq!(renew(&invitation(InvitationStatus::Pending), later), Ok(later + LIFETIME));
        assert_eq!(renew(&invitation(InvitationStatus::Accepted), NOW), Err(InvitationGone));
        assert_eq!(revoke(&invitation(InvitationStatus::Revoked)), Err(InvitationGone));
        assert_eq!(revoke(&invitation(InvitationStatus::Pending)), Ok(()));
    }
}
