//! How letters are kept in rows of the outbox: their kind, and what they are about.

use rollcall_application::mail::{Letter, SecurityNotice, UnreadableLetter};
use rollcall_domain::{
    ApiKeyId, InvitationId, OrganizationId, UserId,
    id::{DeliveryId, EmailChangeId, NoticeId, PasswordResetId, PlanChangeId, SignupId},
    security::Control,
};
use uuid::Uuid;

const CONFIRM_SIGNUP: &str = "confirm_signup";
const INVITATION: &str = "invitation";
const PASSWORD_RESET: &str = "password_reset";
const PASSWORD_CHANGED: &str = "password_changed";
const FAILED_SIGN_INS: &str = "failed_sign_ins";
const FAILED_PROOFS: &str = "failed_proofs";
const ORGANIZATION_DELETED: &str = "organization_deleted";
const API_KEY_REPORTED: &str = "api_key_reported";
const EMAIL_CHANGE: &str = "email_change";
const EMAIL_CHANGE_REQUESTED: &str = "email_change_requested";
const EMAIL_CHANGED: &str = "email_changed";
const ACCOUNT_DELETED: &str = "account_deleted";
const MFA_REQUIRED: &str = "mfa_required";
const MFA_REMINDER: &str = "mfa_reminder";
const RETENTION_SHORTENED: &str = "retention_shortened";
const AUDIT_CHECKPOINT: &str = "audit_checkpoint";

/// What is kept of a letter: with which organization, its kind, what it is about, and who sends it. One about no organization in
/// particular is kept `here`.
pub(super) fn kept(letter: &Letter, here: Uuid) -> (Uuid, &'static str, Uuid, Option<Uuid>) {
    match letter {
        Letter::ConfirmSignup { signup } => (here, CONFIRM_SIGNUP, signup.uuid(), None),
        Letter::PasswordReset { reset } => (here, PASSWORD_RESET, reset.uuid(), None),
        Letter::PasswordChanged { user } => (here, PASSWORD_CHANGED, user.uuid(), None),
        Letter::FailedSignIns { user } => (here, FAILED_SIGN_INS, user.uuid(), None),
        Letter::FailedProofs { user } => (here, FAILED_PROOFS, user.uuid(), None),
        Letter::SecurityNotice { user, notice } => (here, notice.as_str(), user.uuid(), None),
        Letter::OrganizationDeleted { organization, owner } => {
            (organization.uuid(), ORGANIZATION_DELETED, owner.uuid(), None)
        }
        Letter::MfaRequired { organization, member } => {
            (organization.uuid(), MFA_REQUIRED, member.uuid(), None)
        }
        Letter::MfaReminder { organization, member } => {
            (organization.uuid(), MFA_REMINDER, member.uuid(), None)
        }
        Letter::ApiKeyReported { organization, key, owner } => {
            (organization.uuid(), API_KEY_REPORTED, key.uuid(), Some(owner.uuid()))
        }
        Letter::AuditCheckpoint { organization, delivery } => {
            (organization.uuid(), AUDIT_CHECKPOINT, delivery.uuid(), None)
        }
        Letter::ControlSwitchedOff { organization, control, owner } => {
            (organization.uuid(), switched_off(*control), owner.uuid(), None)
        }
        Letter::RetentionShortened { organization, change, owner } => {
            (organization.uuid(), RETENTION_SHORTENED, change.uuid(), Some(owner.uuid()))
        }
        Letter::EmailChange { change } => (here, EMAIL_CHANGE, change.uuid(), None),
        Letter::EmailChangeRequested { notice } => (here, EMAIL_CHANGE_REQUESTED, notice.uuid(), None),
        Letter::EmailChanged { notice } => (here, EMAIL_CHANGED, notice.uuid(), None),
        Letter::AccountDeleted { notice } => (here, ACCOUNT_DELETED, notice.uuid(), None),
        Letter::Invitation { organization, invitation, sender } => {
            (organization.uuid(), INVITATION, invitation.uuid(), Some(sender.uuid()))
        }
    }
}

/// The kind of a letter about a control that is off.
const fn switched_off(control: Control) -> &'static str {
    match control {
        Control::CallRecording => "call_recording_off",
        Control::PhiProtection => "phi_protection_off",
        Control::EndToEndEncryption => "end_to_end_encryption_off",
        Control::AuditLog => "audit_log_off",
        Control::MfaRequired => "mfa_required_off",
    }
}

/// The letter that a row is kept for.
pub(super) fn read(
    kind: &str,
    organization: Uuid,
    subject: Uuid,
    sender: Option<Uuid>,
) -> Result<Letter, UnreadableLetter> {
    match (kind, sender) {
        (CONFIRM_SIGNUP, _) => Ok(Letter::ConfirmSignup { signup: SignupId::from_uuid(subject) }),
        (PASSWORD_RESET, _) => Ok(Letter::PasswordReset { reset: PasswordResetId::from_uuid(subject) }),
        (PASSWORD_CHANGED, _) => Ok(Letter::PasswordChanged { user: UserId::from_uuid(subject) }),
        (FAILED_SIGN_INS, _) => Ok(Letter::FailedSignIns { user: UserId::from_uuid(subject) }),
        (FAILED_PROOFS, _) => Ok(Letter::FailedProofs { user: UserId::from_uuid(subject) }),
        (ORGANIZATION_DELETED, _) => Ok(Letter::OrganizationDeleted {
            organization: OrganizationId::from_uuid(organization),
            owner: UserId::from_uuid(subject),
        }),
        (MFA_REQUIRED, _) => Ok(Letter::MfaRequired {
            organization: OrganizationId::from_uuid(organization),
            member: UserId::from_uuid(subject),
        }),
        (MFA_REMINDER, _) => Ok(Letter::MfaReminder {
            organization: OrganizationId::from_uuid(organization),
            member: UserId::from_uuid(subject),
        }),
        // It has no sender, so that column holds its recipient.
        (API_KEY_REPORTED, Some(owner)) => Ok(Letter::ApiKeyReported {
            organization: OrganizationId::from_uuid(organization),
            key: ApiKeyId::from_uuid(subject),
            owner: UserId::from_uuid(owner),
        }),
        (RETENTION_SHORTENED, Some(owner)) => Ok(Letter::RetentionShortened {
            organization: OrganizationId::from_uuid(organization),
            change: PlanChangeId::from_uuid(subject),
            owner: UserId::from_uuid(owner),
        }),
        (AUDIT_CHECKPOINT, _) => Ok(Letter::AuditCheckpoint {
            organization: OrganizationId::from_uuid(organization),
            delivery: DeliveryId::from_uuid(subject),
        }),
        (EMAIL_CHANGE, _) => Ok(Letter::EmailChange { change: EmailChangeId::from_uuid(subject) }),
        (EMAIL_CHANGE_REQUESTED, _) => {
            Ok(Letter::EmailChangeRequested { notice: NoticeId::from_uuid(subject) })
        }
        (EMAIL_CHANGED, _) => Ok(Letter::EmailChanged { notice: NoticeId::from_uuid(subject) }),
        (ACCOUNT_DELETED, _) => Ok(Letter::AccountDeleted { notice: NoticeId::from_uuid(subject) }),
        (INVITATION, Some(sender)) => Ok(Letter::Invitation {
            organization: OrganizationId::from_uuid(organization),
            invitation: InvitationId::from_uuid(subject),
            sender: UserId::from_uuid(sender),
        }),
        (kind, _) => {
            if let Some(control) = Control::ALL.into_iter().find(|control| switched_off(*control) == kind) {
                return Ok(Letter::ControlSwitchedOff {
                    organization: OrganizationId::from_uuid(organization),
                    control,
                    owner: UserId::from_uuid(subject),
                });
            }
            let notice = SecurityNotice::ALL.into_iter().find(|notice| notice.as_str() == kind);
            let notice = notice.ok_or(UnreadableLetter("a letter of no known kind"))?;
            Ok(Letter::SecurityNotice { user: UserId::from_uuid(subject), notice })
        }
    }
}
