//! Why a use case did not do what it was asked.

mod consequences;
mod conversions;

use rollcall_domain::{
    OrganizationId, Permission,
    api_keys::RateLimit,
    calls::CallRefusal,
    escalations::EscalationRefusal,
    organizations::{OrganizationName, Plan},
    plans::Outlived,
    recordings::MediaType,
    security::{Control, ControlSet},
};
use time::Duration;

/// Why a use case did not do what it was asked: neutral to the transport, with nothing internal in any text
/// that a caller is shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Values that cannot be accepted, by field.
    #[error("invalid values")]
    Invalid(Vec<FieldError>),
    /// No credential, or one that is not good (any more).
    #[error("no valid credential")]
    Unauthenticated,
    /// The address and the password do not belong together.
    #[error("wrong address or password")]
    InvalidCredentials,
    /// The password is not the one of the account that is signed in.
    #[error("wrong password")]
    WrongPassword,
    /// What a device has answered does not prove who somebody is.
    #[error("the passkey proves nothing")]
    PasskeyRefused,
    /// The code is not right, or cannot be used again.
    #[error("wrong code")]
    InvalidMfaCode,
    /// What a device has answered is no second factor of whoever signs in.
    #[error("the passkey is no second factor")]
    InvalidMfaPasskey,
    /// The sign-in that waits for its second step is unknown, over or used up.
    #[error("no such challenge")]
    InvalidChallenge,
    /// An authenticator app is on already.
    #[error("an authenticator app is on")]
    TotpEnabled,
    /// No authenticator app waits to be confirmed in this session.
    #[error("no authenticator app waits")]
    TotpNotBegun,
    /// The account has no second factor.
    #[error("no second factor")]
    MfaNotEnabled,
    /// The password is too short to be the only factor.
    #[error("the password is too short on its own")]
    PasswordTooShort,
    /// The password is right, and too short to be the only factor, which it has become.
    #[error("a longer password must be chosen first")]
    LongerPasswordRequired,
    /// The caller lacks a permission.
    #[error("permission {required} is missing")]
    PermissionDenied {
        /// That permission.
        required: Permission,
    },
    /// The caller's last proof of who they are is too old for this.
    #[error("a fresh proof of who you are is needed")]
    ElevationRequired,
    /// The organization asks for a second factor, and the caller's time to set one up is over.
    #[error("a second factor is needed first")]
    MfaRequired,
    /// The platform's operator has suspended the organization.
    #[error("the organization is suspended")]
    OrganizationSuspended,
    /// The organization's plan lacks a control.
    #[error("the plan lacks {}", control.as_str())]
    PlanRequired {
        /// Which control.
        control: Control,
        /// The smallest plan that has it; none where no plan does.
        plan: Option<Plan>,
    },
    /// Controls are on that the other plan lacks, and nobody has said that they may go.
    #[error("controls are in use that the plan lacks")]
    ControlsInUse {
        /// Those controls.
        controls: ControlSet,
    },
    /// Something is older than the other plan keeps it, and nobody has said that it may go.
    #[error("the plan keeps less than there is")]
    RetentionTooShort {
        /// How much.
        outlived: Outlived,
    },
    /// The organization has as many members as its plan has seats.
    #[error("no seat is left")]
    NoSeatLeft {
        /// How many that is.
        most: u32,
    },
    /// There are more members than the other plan has seats.
    #[error("more members than the plan has seats")]
    TooManyMembers {
        /// The members.
        used: u64,
        /// The seats.
        most: u32,
    },
    /// There are more API keys than the other plan allows.
    #[error("more API keys than the plan allows")]
    TooManyApiKeysForPlan {
        /// The keys.
        used: u64,
        /// How many there can be.
        most: u32,
    },
    /// Whoever collects the money does not agree to the plan.
    #[error("the payment was declined")]
    PaymentDeclined,
    /// Somebody else has meanwhile changed to a plan other than the one that was asked for.
    #[error("the plan is {} by now", plan.as_str())]
    PlanChanged {
        /// The plan by now.
        plan: Plan,
    },
    /// The organization's audit log is off.
    #[error("the audit log is off")]
    AuditLogDisabled,
    /// The caller tried to reset their own second factor as if it were lost.
    #[error("the second factor is the caller's own")]
    OwnMfa,
    /// The second factor guards more than the caller's organization.
    #[error("the platform's operator decides about this second factor")]
    MfaResetByOperator,
    /// The caller has shown an access token or an API key for what only a person with the session's own token may do.
    #[error("the token of the session itself is needed")]
    SessionRequired,
    /// The API key may not be used from there.
    #[error("the API key may not be used from this network")]
    NetworkNotAllowed,
    /// The API key has been used more than its own limit allows.
    #[error("the API key is used too fast")]
    KeyLimitReached {
        /// The limit.
        limit: RateLimit,
        /// When there is room for another request.
        retry_after: Duration,
    },
    /// The API key has been revoked.
    #[error("the API key is revoked")]
    ApiKeyRevoked,
    /// The API key has run out.
    #[error("the API key has run out")]
    ApiKeyExpired,
    /// The organization has as many API keys as it may have.
    #[error("as many API keys as there may be")]
    TooManyApiKeys {
        /// How many that is.
        most: u32,
    },
    /// There is no such thing where the caller can see.
    #[error("not found")]
    NotFound,
    /// It would leave an organization without an Owner.
    #[error("the last Owner stays")]
    LastOwner,
    /// Organizations would be left without an Owner by somebody who goes altogether.
    #[error("the last Owner stays")]
    LastOwnerOf {
        /// Those organizations.
        organizations: Vec<(OrganizationId, OrganizationName)>,
    },
    /// What is asked for does not fit the state of a call, or of what the organization has switched on for calls.
    #[error(transparent)]
    Call(#[from] CallRefusal),
    /// What is asked for does not fit the state of an escalation, or of whoever asks.
    #[error(transparent)]
    Escalation(#[from] EscalationRefusal),
    /// The address belongs to somebody in the organization.
    #[error("already a member")]
    AlreadyMember,
    /// The address has an open invitation to the organization.
    #[error("already invited")]
    InvitationPending,
    /// The invitation has been used, revoked or replaced, has expired, or never existed.
    #[error("the invitation is gone")]
    InvitationGone,
    /// The sign-up has been completed, has expired, or never existed.
    #[error("the sign-up is gone")]
    SignupGone,
    /// The password reset has been used, has expired, or never existed.
    #[error("the password reset is gone")]
    PasswordResetGone,
    /// The change of address has been confirmed, withdrawn or replaced, has expired, or never existed; or the address now
    /// has an account.
    #[error("the change of address is gone")]
    EmailChangeGone,
    /// The device has a passkey already.
    #[error("the device has a passkey already")]
    PasskeyExists,
    /// The account has as many passkeys as one may have.
    #[error("too many passkeys")]
    TooManyPasskeys,
    /// The account has no passkey.
    #[error("there is no passkey")]
    NoPasskey,
    /// The service is reached under an address, which passkeys cannot be for.
    #[error("passkeys need a domain name")]
    PasskeysUnavailable,
    /// Whoever accepts has an account and must sign in to it first.
    #[error("an account exists; sign in")]
    SignInRequired,
    /// The invitation is for another address than the one that is signed in.
    #[error("the invitation is for another account")]
    WrongAccount {
        /// The invited address, masked.
        invited: String,
        /// The signed-in address, masked.
        signed_in: String,
    },
    /// The thing has changed since the caller read it.
    #[error("changed in between")]
    PreconditionFailed,
    /// More than is allowed in this time.
    #[error("too many {}", limit.what)]
    LimitReached {
        /// What is allowed.
        limit: Limit,
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// Call recording is off, and nothing is kept.
    #[error("call recording is off")]
    CallRecordingDisabled,
    /// The call is encrypted from end to end, and whoever sends its recording has not fetched its key.
    #[error("a recording is taken from a participant only")]
    MediaKeyRequired,
    /// While PHI protection is on, only Owners and Admins hear recordings.
    #[error("only Owners and Admins hear recordings while PHI protection is on")]
    PhiProtected,
    /// The recording is larger than it may be.
    #[error("the recording is too large")]
    RecordingTooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// It is no audio of a kind that is taken.
    #[error("no audio of a kind that is taken")]
    NotAudio,
    /// It is not the audio that it is said to be.
    #[error("not the audio that it is said to be")]
    OtherAudio {
        /// What it is.
        is: MediaType,
    },
    /// The digest that was given is of other bytes.
    #[error("the digest does not match")]
    DigestMismatch,
    /// The next part does not begin where the last one ended.
    #[error("the upload does not go on there")]
    UploadOffset {
        /// How many bytes are kept.
        received: u64,
    },
    /// Less has come than was to come.
    #[error("the upload broke off")]
    UploadBrokenOff,
    /// Another upload has taken its place.
    #[error("another upload has taken its place")]
    UploadSuperseded,
    /// The call has another recording.
    #[error("the call has another recording")]
    RecordingExists,
    /// What is kept of a recording is not what was kept.
    #[error("the recording is damaged")]
    RecordingDamaged,
    /// Another export of the organization is running, or another by the same person.
    #[error("an export is running")]
    ExportRunning,
    /// The organization is deleted. The platform's operator can restore it until it is purged.
    #[error("the organization is deleted")]
    OrganizationDeleted,
    /// More work than this node takes on at once.
    #[error("busy")]
    Busy,
    /// Something that Rollcall depends on does not answer.
    #[error("unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of Rollcall's own.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// How much is allowed, of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What programs call it.
    pub name: &'static str,
    /// Of what there have been too many, in words.
    pub what: &'static str,
    /// So many,
    pub quota: u32,
    /// in this time.
    pub window: Duration,
}

/// A value that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as a path: `email`, `invitations[3].role`.
    pub field: String,
    /// What is wrong with it, as the end of a sentence that begins with the field.
    pub message: String,
}

impl FieldError {
    /// The most characters that are told of a field, which may be called whatever a client likes.
    const LONGEST: usize = 100;

    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, problem: impl ToString) -> Self {
        let mut field = field.into();
        if let Some((end, _)) = field.char_indices().nth(Self::LONGEST) {
            field.truncate(end);
            field.push('…');
        }
        Self { field, message: problem.to_string() }
    }
}

impl Error {
    /// One value that cannot be accepted.
    pub fn invalid(field: impl Into<String>, problem: impl ToString) -> Self {
        Self::Invalid(vec![FieldError::new(field, problem)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorChain, ports::StoreError};

    #[test]
    fn what_stopped_a_use_case_is_told_with_what_it_comes_from() {
        let lost = || Box::new(std::io::Error::other("connection refused"));
        for (error, told) in [
            (Error::NotFound, "not found"),
            (Error::Unavailable(lost()), "unavailable: connection refused"),
            (Error::Internal(lost()), "internal error: connection refused"),
        ] {
            assert_eq!(ErrorChain(&error).to_string(), told);
        }
        let internal = StoreError::Internal("no known topic".into());
        let told = "the database answered what was not expected: no known topic";
        assert_eq!(ErrorChain(&internal).to_string(), told);
    }
}
