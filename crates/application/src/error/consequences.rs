//! What follows from an error beside that it is told: whether the audit log should know, and when it is worth trying again.

use super::Error;

/// Seconds for a busy node: places on it are soon free again.
const BUSY: u64 = 2;
/// Seconds for something that does not answer: it is given a little longer.
const UNAVAILABLE: u64 = 5;

/// What follows from an error.
struct Consequences {
    is_refusal: bool,
    retry_after: Option<u64>,
}

impl Error {
    /// Whether somebody was kept from doing something, so that the audit log should know.
    pub(crate) fn is_refusal(&self) -> bool {
        self.consequences().is_refusal
    }

    /// After how many seconds, at least 1, the same is worth trying again, where waiting is all that it takes: what `Retry-After`
    /// says (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<u64> {
        self.consequences().retry_after
    }

    fn consequences(&self) -> Consequences {
        let (is_refusal, retry_after) = match self {
            Self::LimitReached { retry_after, .. } => {
                (true, Some(retry_after.unsigned_abs().as_secs().max(1)))
            }
            // Not before there is room.
            Self::KeyLimitReached { retry_after, .. } => {
                (false, Some(retry_after.unsigned_abs().as_secs() + 1))
            }
            Self::Busy => (false, Some(BUSY)),
            Self::Unavailable(_) => (false, Some(UNAVAILABLE)),
            Self::InvalidCredentials
            | Self::WrongPassword
            | Self::PasskeyRefused
            | Self::InvalidMfaCode
            | Self::InvalidMfaPasskey
            | Self::LongerPasswordRequired
            | Self::PermissionDenied { .. }
            | Self::ElevationRequired
            | Self::SessionRequired
            | Self::MfaRequired
            | Self::OrganizationSuspended
            | Self::PlanRequired { .. }
            | Self::ControlsInUse { .. }
            | Self::RetentionTooShort { .. }
            | Self::NoSeatLeft { .. }
            | Self::TooManyMembers { .. }
            | Self::TooManyApiKeysForPlan { .. }
            | Self::PaymentDeclined
            | Self::OwnMfa
            | Self::MfaResetByOperator
            | Self::NetworkNotAllowed
            | Self::TooManyApiKeys { .. }
            | Self::NotFound
            | Self::MediaKeyRequired
            | Self::PhiProtected
            | Self::LastOwner
            | Self::LastOwnerOf { .. }
            | Self::WrongAccount { .. } => (true, None),
            Self::Invalid(_)
            | Self::Unauthenticated
            | Self::InvalidChallenge
            | Self::TotpEnabled
            | Self::TotpNotBegun
            | Self::MfaNotEnabled
            | Self::PasswordTooShort
            | Self::AuditLogDisabled
            | Self::ApiKeyRevoked
            | Self::ApiKeyExpired
            | Self::Call(_)
            | Self::Escalation(_)
            | Self::AlreadyMember
            | Self::InvitationPending
            | Self::InvitationGone
            | Self::SignupGone
            | Self::PasswordResetGone
            | Self::EmailChangeGone
            | Self::PasskeyExists
            | Self::TooManyPasskeys
            | Self::NoPasskey
            | Self::PasskeysUnavailable
            | Self::SignInRequired
            | Self::PreconditionFailed
            | Self::PlanChanged { .. }
            | Self::CallRecordingDisabled
            | Self::RecordingTooLarge { .. }
            | Self::NotAudio
            | Self::OtherAudio { .. }
            | Self::DigestMismatch
            | Self::UploadOffset { .. }
            | Self::UploadBrokenOff
            | Self::UploadSuperseded
            | Self::RecordingExists
            | Self::RecordingDamaged
            | Self::ExportRunning
            | Self::OrganizationDeleted
            | Self::Internal(_) => (false, None),
        };
        Consequences { is_refusal, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::api_keys::RateLimit;
    use time::Duration;

    use super::*;
    use crate::Limit;

    #[test]
    fn retry_after_is_given_where_waiting_helps_and_nowhere_else() {
        let limit = Limit { name: "things", what: "things", quota: 1, window: Duration::DAY };
        let reached = |retry_after| Error::LimitReached { limit, retry_after }.retry_after();
        assert_eq!(reached(Duration::DAY), Some(86_400));
        // A header that says 0 says nothing.
        assert_eq!(reached(Duration::milliseconds(300)), Some(1));
        let limit = RateLimit::new(1, 60).expect("a limit");
        let too_fast = Error::KeyLimitReached { limit, retry_after: Duration::milliseconds(10_300) };
        assert_eq!(too_fast.retry_after(), Some(11));
        assert_eq!(Error::Busy.retry_after(), Some(2));
        assert_eq!(Error::Unavailable("the database".into()).retry_after(), Some(5));
        for error in [Error::NotFound, Error::Internal("a fault".into()), Error::InvitationPending] {
            assert_eq!(error.retry_after(), None, "{error}");
        }
    }
}
