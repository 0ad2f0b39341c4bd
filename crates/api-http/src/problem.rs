//! Errors as problems (RFC 9457): the one place where an error of the application gets a status.

mod answer;
mod codes;
mod escalations;
mod plans;
mod recordings;
#[cfg(test)]
mod tests;

use rollcall_application::{Error, ErrorChain, FieldError, Limit};
use rollcall_domain::{OrganizationId, Permission, calls::CallRefusal, organizations::OrganizationName};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use answer::{UPLOAD_OFFSET, Unfinished};
pub use codes::Code;

/// A problem, ready to be sent (RFC 9457).
#[derive(Debug)]
pub struct Problem(Box<Shown>);

/// What is shown of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Shown {
    /// A page that explains the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/permission_denied")]
    kind: String,
    /// The problem in a few words.
    #[schema(example = "You may not do this")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 403)]
    status: u16,
    /// What happened this time.
    #[schema(example = "The permission team:invite is missing.")]
    detail: String,
    /// The stable name of the kind of problem.
    #[schema(example = "permission_denied")]
    code: &'static str,
    /// Names the request, here and in the logs.
    #[schema(example = "0b5c3a9e7f1d4c2a8e6b9d0f3a7c5e1b")]
    request_id: String,
    /// The values that cannot be accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidField>,
    /// The permission that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    required_permission: Option<Permission>,
    /// The smallest plan that has the security control; null where no plan does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "enterprise")]
    required_plan: Option<Option<&'static str>>,
    /// The security controls that are on and that the plan lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    controls: Vec<&'static str>,
    /// How many recordings the plan would delete. They are counted up to 100,000, which means that or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    recordings: Option<u64>,
    /// How many events of the audit log the plan would delete, counted in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 340)]
    audit_events: Option<u64>,
    /// The organizations that would be left without an Owner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<NamedOrganization>,
    /// The address that was invited, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_email: Option<String>,
    /// The address that is signed in, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_in_email: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
    /// How many bytes of an upload are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_048_576)]
    upload_offset: Option<u64>,
    #[serde(skip)]
    #[schema(ignore)]
    limit: Option<Limit>,
}

/// A value that cannot be accepted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvalidField {
    /// Where it stands: `email`, `invitations[3].role`.
    #[schema(example = "email")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "must be an email address like name@example.com")]
    pub message: String,
}

/// An organization by its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NamedOrganization {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    id: OrganizationId,
    #[schema(example = "Acme Voice")]
    name: String,
}

/// How a handler fails.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem with a text about this time.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Shown {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code: code.as_str(),
            // The outermost middleware fills it in.
            request_id: String::new(),
            errors: Vec::new(),
            required_permission: None,
            required_plan: None,
            controls: Vec::new(),
            recordings: None,
            audit_events: None,
            organizations: Vec::new(),
            invited_email: None,
            signed_in_email: None,
            retry_after: None,
            upload_offset: None,
            limit: None,
        }))
    }

    /// A problem that needs no more words than its kind.
    pub fn plain(code: Code) -> Self {
        Self::new(code, code.explanation())
    }

    /// Some values cannot be accepted.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let errors: Vec<InvalidField> =
            errors.into_iter().map(|FieldError { field, message }| InvalidField { field, message }).collect();
        let detail = match errors.as_slice() {
            [only] => format!("{} {}.", only.field, only.message),
            several => format!("{} values cannot be accepted.", several.len()),
        };
        let mut problem = Self::new(Code::InvalidRequest, detail);
        problem.0.errors = errors;
        problem
    }

    /// The same with seconds to wait.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// The stable name of the kind of problem.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The values that cannot be accepted.
    pub fn errors(&self) -> &[InvalidField] {
        &self.0.errors
    }
}

/// What helps whoever has reached a limit, other than to wait: that may be for a day. Whether there is an account changes nothing of it.
fn way_out(limit: &str) -> Option<&'static str> {
    match limit {
        "password-attempts" => Some(
            "Waiting helps. If these were attempts at one account, a new password ends the wait at once: ask for a link to choose one (POST /v1/password-resets).",
        ),
        "code-attempts" => Some(
            "Who has lost the second factor asks an Owner of the organization to reset it (POST /v1/members/{user_id}/mfa-reset), which ends the wait.",
        ),
        _ => None,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let retry_after = error.retry_after();
        let problem = match error {
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Unauthenticated => Self::plain(Code::Unauthenticated),
            Error::InvalidCredentials => Self::new(
                Code::InvalidCredentials,
                "The address and the password do not belong together. For safety the answer does not say which of them is wrong.",
            ),
            Error::WrongPassword => {
                Self::new(Code::InvalidCredentials, "The password is not the one of your account.")
            }
            Error::PasskeyRefused => Self::new(
                Code::InvalidCredentials,
                "The passkey was not accepted: it is unknown, or its answer is late, repeated or from another origin.",
            ),
            Error::InvalidMfaCode => Self::new(
                Code::InvalidMfaCode,
                "The code is not valid now or has already been used. Wait for the app's next code, or use an unused recovery code.",
            ),
            Error::InvalidMfaPasskey => Self::new(
                Code::InvalidMfaCode,
                "The passkey does not belong to the account, or its answer is late, repeated or from another origin. Request new options and answer those.",
            ),
            Error::InvalidChallenge => Self::plain(Code::InvalidChallenge),
            Error::TotpEnabled => Self::plain(Code::TotpEnabled),
            Error::TotpNotBegun => Self::plain(Code::TotpNotBegun),
            Error::PasswordTooShort => Self::plain(Code::PasswordTooShort),
            Error::LongerPasswordRequired => Self::plain(Code::LongerPasswordRequired),
            Error::PermissionDenied { required } => {
                let mut problem =
                    Self::new(Code::PermissionDenied, format!("The permission {required} is missing."));
                problem.0.required_permission = Some(required);
                problem
            }
            Error::ElevationRequired => Self::plain(Code::ElevationRequired),
            Error::SessionRequired => Self::plain(Code::SessionRequired),
            Error::MfaRequired => Self::plain(Code::MfaRequired),
            Error::OwnMfa => Self::plain(Code::OwnMfa),
            Error::MfaNotEnabled => Self::plain(Code::MfaNotEnabled),
            Error::MfaResetByOperator => Self::plain(Code::MfaResetByOperator),
            Error::NetworkNotAllowed => Self::plain(Code::NetworkNotAllowed),
            Error::KeyLimitReached { limit, .. } => Self::new(
                Code::RateLimited,
                format!(
                    "This API key is answered at most {} requests in {} seconds.",
                    limit.requests(),
                    limit.per_seconds()
                ),
            ),
            Error::AuditLogDisabled => Self::plain(Code::AuditLogDisabled),
            Error::ApiKeyRevoked => Self::plain(Code::ApiKeyRevoked),
            Error::ApiKeyExpired => Self::plain(Code::ApiKeyExpired),
            Error::TooManyApiKeys { most } => Self::new(
                Code::TooManyApiKeys,
                format!("At most {most} API keys that are not revoked belong to an organization."),
            ),
            error @ (Error::OrganizationSuspended
            | Error::PlanRequired { .. }
            | Error::ControlsInUse { .. }
            | Error::RetentionTooShort { .. }
            | Error::NoSeatLeft { .. }
            | Error::TooManyMembers { .. }
            | Error::TooManyApiKeysForPlan { .. }
            | Error::PlanChanged { .. }
            | Error::PaymentDeclined) => Self::of_plan(&error),
            Error::PasswordResetGone => Self::plain(Code::PasswordResetGone),
            Error::EmailChangeGone => Self::plain(Code::EmailChangeGone),
            Error::PasskeyExists => Self::plain(Code::PasskeyExists),
            Error::TooManyPasskeys => Self::plain(Code::PasskeyLimit),
            Error::NoPasskey => Self::plain(Code::NoPasskey),
            Error::PasskeysUnavailable => Self::plain(Code::PasskeysUnavailable),
            Error::NotFound => Self::plain(Code::NotFound),
            Error::LastOwner => Self::new(
                Code::LastOwner,
                "An organization always has at least one Owner. Make somebody else an Owner first.",
            ),
            Error::LastOwnerOf { organizations } => {
                let names: Vec<&str> = organizations.iter().map(|(_, name)| name.as_str()).collect();
                let names = names.join(", ");
                let mut problem = Self::new(
                    Code::LastOwner,
                    format!(
                        "Nobody else is an Owner of {names}. Make somebody one, or delete the organization, first."
                    ),
                );
                let named =
                    |(id, name): (_, OrganizationName)| NamedOrganization { id, name: name.to_string() };
                problem.0.organizations = organizations.into_iter().map(named).collect();
                problem
            }
            Error::Call(CallRefusal::Exists) => Self::plain(Code::CallExists),
            Error::Call(CallRefusal::Ended) => Self::plain(Code::CallEnded),
            Error::Call(CallRefusal::EndToEndEncryptionDisabled) => {
                Self::plain(Code::EndToEndEncryptionDisabled)
            }
            Error::Escalation(refusal) => Self::of_escalation(refusal),
            Error::AlreadyMember => Self::plain(Code::AlreadyMember),
            Error::InvitationPending => Self::plain(Code::InvitationPending),
            Error::InvitationGone => Self::plain(Code::InvitationGone),
            Error::SignupGone => Self::plain(Code::SignupGone),
            Error::SignInRequired => Self::plain(Code::SignInRequired),
            Error::WrongAccount { invited, signed_in } => {
                let detail = format!("The invitation is for {invited}; you are signed in as {signed_in}.");
                let mut problem = Self::new(Code::WrongAccount, detail);
                problem.0.invited_email = Some(invited);
                problem.0.signed_in_email = Some(signed_in);
                problem
            }
            Error::PreconditionFailed => Self::plain(Code::PreconditionFailed),
            Error::LimitReached { limit, .. } => {
                let mut detail = format!("There have been too many {}.", limit.what);
                if let Some(way_out) = way_out(limit.name) {
                    detail.push(' ');
                    detail.push_str(way_out);
                }
                let mut problem = Self::new(Code::RateLimited, detail);
                problem.0.limit = Some(limit);
                problem
            }
            error @ (Error::CallRecordingDisabled
            | Error::MediaKeyRequired
            | Error::PhiProtected
            | Error::RecordingTooLarge { .. }
            | Error::NotAudio
            | Error::OtherAudio { .. }
            | Error::DigestMismatch
            | Error::UploadOffset { .. }
            | Error::UploadBrokenOff
            | Error::UploadSuperseded
            | Error::RecordingExists
            | Error::RecordingDamaged) => Self::of_recording(&error),
            Error::ExportRunning => Self::plain(Code::ExportRunning),
            Error::OrganizationDeleted => Self::plain(Code::OrganizationDeleted),
            Error::Busy => Self::plain(Code::Unavailable),
            Error::Unavailable(source) => {
                tracing::warn!(error = %ErrorChain(source.as_ref()), "a dependency is unavailable");
                Self::plain(Code::Unavailable)
            }
            Error::Internal(source) => {
                tracing::error!(error = %ErrorChain(source.as_ref()), "internal error");
                Self::plain(Code::Internal)
            }
        };
        match retry_after {
            Some(seconds) => problem.retry_after(seconds),
            None => problem,
        }
    }
}
