//! What letters say.

use rollcall_domain::{
    EmailAddress, OrganizationId, Role,
    accounts::PersonName,
    api_keys::{KeyName, KeyPrefix},
    organizations::{OrganizationName, Plan},
    plans::Shorter,
    security::Control,
};
use time::OffsetDateTime;

use super::SecurityNotice;

/// What a letter says.
#[derive(Debug, Clone)]
pub enum Contents {
    /// Confirm the address and complete the sign-up.
    ConfirmSignup {
        /// The address.
        to: EmailAddress,
        /// The name given.
        name: PersonName,
        /// The name of the organization to be.
        organization: OrganizationName,
        /// When the link stops working.
        expires_at: OffsetDateTime,
    },
    /// Somebody signed up with an address that has an account.
    AccountExists {
        /// The address, as the account has it.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Choose a new password.
    PasswordReset {
        /// The address, as the account has it.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
        /// When the link stops working.
        expires_at: OffsetDateTime,
    },
    /// Your password has been changed.
    PasswordChanged {
        /// The address.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Somebody tries to sign in with your address, and fails.
    FailedSignIns {
        /// The address.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Somebody guesses at your password, or at codes, on a device that is signed in.
    FailedProofs {
        /// The address.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
        /// When.
        at: OffsetDateTime,
    },
    /// Your organization asks for a second factor.
    MfaRequired {
        /// The address.
        to: EmailAddress,
        /// The member's name.
        name: PersonName,
        /// How the organization is called.
        organization: OrganizationName,
        /// By when.
        deadline_at: OffsetDateTime,
    },
    /// You still have no second factor, and your organization asks for one.
    MfaReminder {
        /// The address.
        to: EmailAddress,
        /// The member's name.
        name: PersonName,
        /// How the organization is called.
        organization: OrganizationName,
        /// By when.
        deadline_at: OffsetDateTime,
    },
    /// Something about how your account is signed in to has changed.
    SecurityNotice {
        /// The address.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
        /// What.
        notice: SecurityNotice,
    },
    /// Confirm that the address is to be an account's.
    ConfirmEmail {
        /// The address.
        to: EmailAddress,
        /// When the link stops working.
        expires_at: OffsetDateTime,
    },
    /// Somebody wanted to give another account an address that has one.
    AddressInUse {
        /// The address, as the account has it.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Somebody has asked for another address for your account.
    EmailChangeRequested {
        /// The address.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Your organization is deleted.
    OrganizationDeleted {
        /// The address.
        to: EmailAddress,
        /// The Owner's name.
        name: PersonName,
        /// How it was called.
        organization: OrganizationName,
        /// Which one it is, for whoever is asked to undo it.
        id: OrganizationId,
        /// Until when that can be done.
        purge_at: OffsetDateTime,
    },
    /// Somebody has found an API key of your organization.
    ApiKeyReported {
        /// The address.
        to: EmailAddress,
        /// The Owner's name.
        name: PersonName,
        /// How the organization is called.
        organization: OrganizationName,
        /// How the key is called.
        key: KeyName,
        /// How it begins.
        prefix: KeyPrefix,
    },
    /// One of your organization's security controls is off.
    ControlSwitchedOff {
        /// The address.
        to: EmailAddress,
        /// The Owner's name.
        name: PersonName,
        /// How the organization is called.
        organization: OrganizationName,
        /// The control.
        control: Control,
    },
    /// Your organization's plan keeps less, and what is older than that goes.
    RetentionShortened {
        /// The address.
        to: EmailAddress,
        /// The Owner's name.
        name: PersonName,
        /// How the organization is called.
        organization: OrganizationName,
        /// The plan that it has gone over to.
        plan: Plan,
        /// When.
        at: OffsetDateTime,
        /// How long recordings are kept, if that gets shorter, and how many were too old.
        recordings: Option<(Shorter, u64)>,
        /// The same of events of the audit log.
        audit_events: Option<(Shorter, u64)>,
    },
    /// Your account has another address.
    EmailChanged {
        /// The address before, or the one after.
        to: EmailAddress,
        /// The account's name.
        name: PersonName,
    },
    /// Your account has been deleted.
    AccountDeleted {
        /// The address that it had.
        to: EmailAddress,
        /// The name that it had.
        name: PersonName,
    },
    /// A checkpoint of an audit log that you witness.
    AuditCheckpoint {
        /// The witness.
        to: EmailAddress,
        /// How the organization is called.
        organization: OrganizationName,
        /// Which one it is.
        id: OrganizationId,
        /// How many events the checkpoint is about.
        size: u64,
        /// The checkpoint: a signed note.
        note: String,
    },
    /// Come in.
    Invitation {
        /// The invited address.
        to: EmailAddress,
        /// Where to.
        organization: OrganizationName,
        /// Who stands behind it, if there still is somebody.
        inviter: Option<String>,
        /// As what.
        role: Role,
        /// When the link stops working.
        expires_at: OffsetDateTime,
    },
}

impl Contents {
    /// Whom it is for.
    pub const fn to(&self) -> &EmailAddress {
        match self {
            Self::ConfirmSignup { to, .. }
            | Self::AccountExists { to, .. }
            | Self::PasswordReset { to, .. }
            | Self::PasswordChanged { to, .. }
            | Self::FailedSignIns { to, .. }
            | Self::FailedProofs { to, .. }
            | Self::MfaRequired { to, .. }
            | Self::MfaReminder { to, .. }
            | Self::SecurityNotice { to, .. }
            | Self::ConfirmEmail { to, .. }
            | Self::AddressInUse { to, .. }
            | Self::EmailChangeRequested { to, .. }
            | Self::OrganizationDeleted { to, .. }
            | Self::ApiKeyReported { to, .. }
            | Self::ControlSwitchedOff { to, .. }
            | Self::RetentionShortened { to, .. }
            | Self::EmailChanged { to, .. }
            | Self::AccountDeleted { to, .. }
            | Self::AuditCheckpoint { to, .. }
            | Self::Invitation { to, .. } => to,
        }
    }
}
