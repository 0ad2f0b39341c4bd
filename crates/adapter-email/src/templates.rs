//! The templates of mails, each as text and as HTML.

use askama::Template;
use rollcall_domain::plans::Shorter;

use crate::security_notice::Words;

#[derive(Template)]
#[template(path = "confirm_signup.html")]
pub(crate) struct ConfirmSignupHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "confirm_signup.txt")]
pub(crate) struct ConfirmSignupText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "account_exists.html")]
pub(crate) struct AccountExistsHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "account_exists.txt")]
pub(crate) struct AccountExistsText<'a> {
    pub(crate) name: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.html")]
pub(crate) struct PasswordResetHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.txt")]
pub(crate) struct PasswordResetText<'a> {
    pub(crate) name: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "password_changed.html")]
pub(crate) struct PasswordChangedHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "password_changed.txt")]
pub(crate) struct PasswordChangedText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "failed_sign_ins.html")]
pub(crate) struct FailedSignInsHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "failed_sign_ins.txt")]
pub(crate) struct FailedSignInsText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "failed_proofs.html")]
pub(crate) struct FailedProofsHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "failed_proofs.txt")]
pub(crate) struct FailedProofsText<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "mfa_required.html")]
pub(crate) struct MfaRequiredHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) until: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "mfa_required.txt")]
pub(crate) struct MfaRequiredText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) until: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "mfa_reminder.html")]
pub(crate) struct MfaReminderHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) until: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "mfa_reminder.txt")]
pub(crate) struct MfaReminderText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) until: &'a str,
    pub(crate) public_url: &'a str,
}

#[derive(Template)]
#[template(path = "security_notice.html")]
pub(crate) struct SecurityNoticeHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) words: Words,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "security_notice.txt")]
pub(crate) struct SecurityNoticeText<'a> {
    pub(crate) name: &'a str,
    pub(crate) words: Words,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "organization_deleted.html")]
pub(crate) struct OrganizationDeletedHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) id: &'a str,
    pub(crate) until: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "organization_deleted.txt")]
pub(crate) struct OrganizationDeletedText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) id: &'a str,
    pub(crate) until: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "api_key_reported.html")]
pub(crate) struct ApiKeyReportedHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) key: &'a str,
    pub(crate) prefix: &'a str,
}

#[derive(Template)]
#[template(path = "api_key_reported.txt")]
pub(crate) struct ApiKeyReportedText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) key: &'a str,
    pub(crate) prefix: &'a str,
}

#[derive(Template)]
#[template(path = "audit_checkpoint.html")]
pub(crate) struct AuditCheckpointHtml<'a> {
    pub(crate) organization: &'a str,
    pub(crate) id: &'a str,
    pub(crate) size: u64,
    pub(crate) note: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "control_switched_off.html")]
pub(crate) struct ControlSwitchedOffHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) control: &'a str,
    pub(crate) at_once: Option<&'a str>,
    pub(crate) public_url: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "retention_shortened.html")]
pub(crate) struct RetentionShortenedHtml<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) plan: &'a str,
    pub(crate) at: &'a str,
    pub(crate) recordings: Option<&'a (Shorter, String)>,
    pub(crate) audit_events: Option<&'a (Shorter, String)>,
    pub(crate) public_url: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "retention_shortened.txt")]
pub(crate) struct RetentionShortenedText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) plan: &'a str,
    pub(crate) at: &'a str,
    pub(crate) recordings: Option<&'a (Shorter, String)>,
    pub(crate) audit_events: Option<&'a (Shorter, String)>,
    pub(crate) public_url: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "audit_checkpoint.txt")]
pub(crate) struct AuditCheckpointText<'a> {
    pub(crate) organization: &'a str,
    pub(crate) id: &'a str,
    pub(crate) size: u64,
    pub(crate) note: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "control_switched_off.txt")]
pub(crate) struct ControlSwitchedOffText<'a> {
    pub(crate) name: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) control: &'a str,
    pub(crate) at_once: Option<&'a str>,
    pub(crate) public_url: &'a str,
    pub(crate) contact: &'a str,
}

#[derive(Template)]
#[template(path = "confirm_email.html")]
pub(crate) struct ConfirmEmailHtml<'a> {
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "confirm_email.txt")]
pub(crate) struct ConfirmEmailText<'a> {
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "address_in_use.html")]
pub(crate) struct AddressInUseHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "address_in_use.txt")]
pub(crate) struct AddressInUseText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "email_change_requested.html")]
pub(crate) struct EmailChangeRequestedHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "email_change_requested.txt")]
pub(crate) struct EmailChangeRequestedText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "email_changed.html")]
pub(crate) struct EmailChangedHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "email_changed.txt")]
pub(crate) struct EmailChangedText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "account_deleted.html")]
pub(crate) struct AccountDeletedHtml<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "account_deleted.txt")]
pub(crate) struct AccountDeletedText<'a> {
    pub(crate) name: &'a str,
}

#[derive(Template)]
#[template(path = "invitation.html")]
pub(crate) struct InvitationHtml<'a> {
    pub(crate) inviter: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) role: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}

#[derive(Template)]
#[template(path = "invitation.txt")]
pub(crate) struct InvitationText<'a> {
    pub(crate) inviter: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) role: &'a str,
    pub(crate) link: &'a str,
    pub(crate) until: &'a str,
}
