//! What is queued: which letter, about what. Never a token, never a text.

use rollcall_domain::{
    ApiKeyId, InvitationId, OrganizationId, UserId,
    id::{DeliveryId, EmailChangeId, NoticeId, PasswordResetId, PlanChangeId, SignupId},
    security::Control,
};

use crate::Seat;

/// A letter that is to be written and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    /// To the address of a sign-up: confirm it, or be told that it has an account already.
    ConfirmSignup {
        /// The sign-up.
        signup: SignupId,
    },
    /// To the account with an address, if there is one: choose another password.
    PasswordReset {
        /// The request.
        reset: PasswordResetId,
    },
    /// To an account: its password has been changed.
    PasswordChanged {
        /// The account.
        user: UserId,
    },
    /// To an account: somebody tries to sign in to it.
    FailedSignIns {
        /// The account.
        user: UserId,
    },
    /// To an account: somebody who is signed in to it does not know its password, or has no code.
    FailedProofs {
        /// The account.
        user: UserId,
    },
    /// To a member who has no second factor: the organization asks for one from now on.
    MfaRequired {
        /// The organization.
        organization: OrganizationId,
        /// The member.
        member: UserId,
    },
    /// To a member who has no second factor: the deadline comes closer.
    MfaReminder {
        /// The organization.
        organization: OrganizationId,
        /// The member.
        member: UserId,
    },
    /// To an account: something about how it is signed in to has changed.
    SecurityNotice {
        /// The account.
        user: UserId,
        /// What.
        notice: SecurityNotice,
    },
    /// To an Owner of an organization: it is deleted, and until when that can be undone.
    OrganizationDeleted {
        /// The organization.
        organization: OrganizationId,
        /// The Owner.
        owner: UserId,
    },
    /// To an Owner of an organization: somebody has found an API key of it, which is revoked.
    ApiKeyReported {
        /// The organization.
        organization: OrganizationId,
        /// The key.
        key: ApiKeyId,
        /// The Owner.
        owner: UserId,
    },
    /// To an Owner of an organization: one of its security controls is off from now on.
    ControlSwitchedOff {
        /// The organization.
        organization: OrganizationId,
        /// The control.
        control: Control,
        /// The Owner.
        owner: UserId,
    },
    /// To an Owner of an organization: with another plan, what is older than that keeps it is deleted.
    RetentionShortened {
        /// The organization.
        organization: OrganizationId,
        /// The change of the plan.
        change: PlanChangeId,
        /// The Owner.
        owner: UserId,
    },
    /// To the address that an account is to have: confirm it. If it has an account, that one is told instead.
    EmailChange {
        /// The request.
        change: EmailChangeId,
    },
    /// To an account: somebody has asked for another address.
    EmailChangeRequested {
        /// Whom to tell.
        notice: NoticeId,
    },
    /// To an address that an account had or has: the account has another one.
    EmailChanged {
        /// Whom to tell.
        notice: NoticeId,
    },
    /// To the address that an account had: it is no more.
    AccountDeleted {
        /// Whom to tell.
        notice: NoticeId,
    },
    /// To the witness of an audit log: a checkpoint.
    AuditCheckpoint {
        /// Whose log.
        organization: OrganizationId,
        /// Which checkpoint.
        delivery: DeliveryId,
    },
    /// To an invited address.
    Invitation {
        /// Where the invitation leads.
        organization: OrganizationId,
        /// The invitation.
        invitation: InvitationId,
        /// Who caused the letter, for the limits.
        sender: UserId,
    },
}

impl Letter {
    /// The letter for an invitation, caused by whoever has `seat`.
    pub fn invitation(seat: Seat, invitation: InvitationId) -> Self {
        Self::Invitation { organization: seat.organization, invitation, sender: seat.membership.user }
    }

    /// The notice that says whom it is for, if that is kept for this letter alone.
    pub const fn notice(&self) -> Option<NoticeId> {
        match *self {
            Self::EmailChangeRequested { notice }
            | Self::EmailChanged { notice }
            | Self::AccountDeleted { notice } => Some(notice),
            Self::ConfirmSignup { .. }
            | Self::PasswordReset { .. }
            | Self::PasswordChanged { .. }
            | Self::FailedSignIns { .. }
            | Self::FailedProofs { .. }
            | Self::MfaRequired { .. }
            | Self::MfaReminder { .. }
            | Self::SecurityNotice { .. }
            | Self::OrganizationDeleted { .. }
            | Self::ApiKeyReported { .. }
            | Self::ControlSwitchedOff { .. }
            | Self::RetentionShortened { .. }
            | Self::EmailChange { .. }
            | Self::AuditCheckpoint { .. }
            | Self::Invitation { .. } => None,
        }
    }
}

/// What the owner of an account is told, whoever has done it (ASVS 6.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityNotice {
    /// An authenticator app is on.
    MfaEnabled,
    /// The authenticator app is off.
    MfaDisabled,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// There are new recovery codes.
    RecoveryCodesRenewed,
    /// There is another passkey.
    PasskeyAdded,
    /// A passkey was taken off.
    PasskeyRemoved,
    /// Every second factor has been turned off for the owner, who is said to have lost it.
    MfaReset,
}

impl SecurityNotice {
    /// Every notice.
    pub const ALL: [Self; 7] = [
        Self::MfaEnabled,
        Self::MfaDisabled,
        Self::RecoveryCodeUsed,
        Self::RecoveryCodesRenewed,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::MfaReset,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MfaEnabled => "mfa_enabled",
            Self::MfaDisabled => "mfa_disabled",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::MfaReset => "mfa_reset",
        }
    }
}
