//! When a page cannot do what it was asked.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::Error;

use crate::page::page;

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    title: &'static str,
    explanation: String,
}

/// A page for a link or a form that is not as we have made it.
pub(crate) fn misread() -> Response {
    failure(&Error::Invalid(Vec::new()))
}

/// A page for what is not there.
pub(crate) fn nothing_there() -> Response {
    let explanation = "Nothing is there under this address.".to_owned();
    page(StatusCode::NOT_FOUND, &Failure { title: "There is no such page", explanation })
}

/// A page that tells what went wrong, and what to do.
pub(crate) fn failure(error: &Error) -> Response {
    let (status, title, explanation) = explain(error);
    page(status, &Failure { title, explanation })
}

/// What went wrong, for the reader of a form that can be sent again; none when sending it again is no use.
pub(crate) fn mendable(error: &Error) -> Option<String> {
    match error {
        Error::Invalid(fields) => {
            let problems = fields.iter().map(|problem| format!("The {} {}.", problem.field, problem.message));
            Some(problems.collect::<Vec<_>>().join(" "))
        }
        Error::InvalidCredentials | Error::WrongPassword => Some("The password is not right.".to_owned()),
        Error::InvalidMfaCode => Some("The code is not right, or has been used already.".to_owned()),
        Error::Busy => Some("We are very busy at the moment. Please try again.".to_owned()),
        Error::Unauthenticated
        | Error::InvalidChallenge
        | Error::TotpEnabled
        | Error::TotpNotBegun
        | Error::MfaNotEnabled
        | Error::PasswordTooShort
        | Error::LongerPasswordRequired
        | Error::PasskeyRefused
        | Error::InvalidMfaPasskey
        | Error::PasskeyExists
        | Error::TooManyPasskeys
        | Error::NoPasskey
        | Error::PasskeysUnavailable
        | Error::PermissionDenied { .. }
        | Error::NotFound
        | Error::LastOwner
        | Error::LastOwnerOf { .. }
        | Error::Call(_)
        | Error::Escalation(_)
        | Error::CallRecordingDisabled
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
        | Error::RecordingDamaged
        | Error::ExportRunning
        | Error::OrganizationDeleted
        | Error::AlreadyMember
        | Error::InvitationPending
        | Error::InvitationGone
        | Error::SignupGone
        | Error::PasswordResetGone
        | Error::EmailChangeGone
        | Error::ElevationRequired
        | Error::SessionRequired
        | Error::MfaRequired
        | Error::OwnMfa
        | Error::MfaResetByOperator
        | Error::NetworkNotAllowed
        | Error::KeyLimitReached { .. }
        | Error::ApiKeyRevoked
        | Error::ApiKeyExpired
        | Error::TooManyApiKeys { .. }
        | Error::OrganizationSuspended
        | Error::PlanRequired { .. }
        | Error::ControlsInUse { .. }
        | Error::RetentionTooShort { .. }
        | Error::NoSeatLeft { .. }
        | Error::TooManyMembers { .. }
        | Error::TooManyApiKeysForPlan { .. }
        | Error::PaymentDeclined
        | Error::AuditLogDisabled
        | Error::SignInRequired
        | Error::WrongAccount { .. }
        | Error::PreconditionFailed
        | Error::LimitReached { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => None,
    }
}

fn explain(error: &Error) -> (StatusCode, &'static str, String) {
    let because = |status, title, text: &str| (status, title, text.to_owned());
    match error {
        Error::InvitationGone => because(
            StatusCode::GONE,
            "This invitation cannot be used any more",
            "It has been accepted, taken back, sent again with a newer link, or has run out. Ask whoever invited you \
             for a new one.",
        ),
        Error::SignupGone => because(
            StatusCode::GONE,
            "This link cannot be used any more",
            "It has been used, or has run out. If you have not finished signing up, sign up again to get a new one.",
        ),
        Error::PasswordResetGone => because(
            StatusCode::GONE,
            "This link cannot be used any more",
            "It has been used, or has run out. Say again that you have forgotten your password to get a new one.",
        ),
        Error::EmailChangeGone => because(
            StatusCode::GONE,
            "This link cannot be used any more",
            "It has been used or replaced by a later one, has run out, or the address has got an account. Ask for the change \
             again to get a new one.",
        ),
        Error::SignInRequired => because(
            StatusCode::CONFLICT,
            "You already have an account",
            "Since the mail was sent, this address has got an account. Sign in with it.",
        ),
        Error::AlreadyMember => because(
            StatusCode::CONFLICT,
            "You are already in",
            "You are a member of this organization already.",
        ),
        Error::WrongAccount { invited, signed_in } => (
            StatusCode::FORBIDDEN,
            "This invitation is for another account",
            format!("It is for {invited}; you are signed in as {signed_in}."),
        ),
        Error::MfaRequired => because(
            StatusCode::FORBIDDEN,
            "Set up a second factor first",
            "The organization that you worked in last asks you for a second factor, and your time to set one up is over.",
        ),
        Error::LongerPasswordRequired => because(
            StatusCode::FORBIDDEN,
            "Choose a longer password first",
            "Your second factor was turned off, and your password has fewer than 15 characters, which is too short to do alone. \
             Say that you have forgotten your password, and choose a longer one by the link that you get.",
        ),
        Error::NoSeatLeft { .. } => because(
            StatusCode::CONFLICT,
            "No seat is left",
            "The organization has as many members as its plan has seats. Tell whoever invited you; the invitation stays good.",
        ),
        Error::OrganizationSuspended => because(
            StatusCode::FORBIDDEN,
            "This organization is suspended",
            "Nobody gets in for now. Its Owners can ask whoever runs this service.",
        ),
        Error::LimitReached { .. } => because(
            StatusCode::TOO_MANY_REQUESTS,
            "Please wait a little",
            "That was too much at once. Try again soon.",
        ),
        Error::Busy | Error::Unavailable(_) => because(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available at the moment",
            "Please try again in a minute.",
        ),
        Error::Internal(source) => {
            tracing::error!(error = %source, "internal error");
            because(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here",
                "The fault is ours. Please try again.",
            )
        }
        Error::Invalid(_)
        | Error::Unauthenticated
        | Error::InvalidCredentials
        | Error::WrongPassword
        | Error::InvalidMfaCode
        | Error::InvalidMfaPasskey
        | Error::InvalidChallenge
        | Error::TotpEnabled
        | Error::TotpNotBegun
        | Error::MfaNotEnabled
        | Error::PasswordTooShort
        | Error::PasskeyRefused
        | Error::PasskeyExists
        | Error::TooManyPasskeys
        | Error::NoPasskey
        | Error::PasskeysUnavailable
        | Error::PermissionDenied { .. }
        | Error::ElevationRequired
        | Error::SessionRequired
        | Error::OwnMfa
        | Error::MfaResetByOperator
        | Error::NetworkNotAllowed
        | Error::KeyLimitReached { .. }
        | Error::ApiKeyRevoked
        | Error::ApiKeyExpired
        | Error::TooManyApiKeys { .. }
        | Error::PlanRequired { .. }
        | Error::ControlsInUse { .. }
        | Error::RetentionTooShort { .. }
        | Error::TooManyMembers { .. }
        | Error::TooManyApiKeysForPlan { .. }
        | Error::PaymentDeclined
        | Error::AuditLogDisabled
        | Error::NotFound
        | Error::LastOwner
        | Error::LastOwnerOf { .. }
        | Error::Call(_)
        | Error::Escalation(_)
        | Error::CallRecordingDisabled
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
        | Error::RecordingDamaged
        | Error::ExportRunning
        | Error::OrganizationDeleted
        | Error::InvitationPending
        | Error::PreconditionFailed => {
            because(StatusCode::BAD_REQUEST, "That did not work", "Open the link in the mail again, please.")
        }
    }
}
