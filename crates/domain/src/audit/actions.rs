//! What can be done, or tried.

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $wire:literal;)*) => {
        /// What was done or tried.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, as it stands in logs, which outlive the code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }
        }
    };
}

actions! {
    /// Somebody asked to sign up; the address is not confirmed yet.
    SignupRequested = "signup.requested";
    /// An account was made.
    AccountCreated = "account.created";
    /// A person changed their own account.
    AccountUpdated = "account.updated";
    /// A person asked for another address, which is not confirmed yet.
    AccountEmailChangeRequested = "account.email_change_requested";
    /// A person's address changed.
    AccountEmailChanged = "account.email_changed";
    /// A person took away what is held about them.
    AccountExported = "account.exported";
    /// A person deleted their account.
    AccountDeleted = "account.deleted";
    /// Somebody chose another password.
    PasswordChanged = "password.changed";
    /// Somebody asked for another password in place of a forgotten one.
    PasswordResetRequested = "password.reset_requested";
    /// Somebody chose a password in place of a forgotten one.
    PasswordReset = "password.reset";
    /// A person is about to add a passkey.
    PasskeyRegistrationBegun = "passkey.registration_begun";
    /// A person added a passkey.
    PasskeyAdded = "passkey.added";
    /// A person gave a passkey another name.
    PasskeyRenamed = "passkey.renamed";
    /// A person's passkey was taken off.
    PasskeyRemoved = "passkey.removed";
    /// A passkey's counter did not grow, as if there were two of it; it was refused.
    PasskeyCounterRegressed = "passkey.counter_regressed";
    /// Somebody who has shown the right password was asked for a second factor.
    MfaChallenged = "mfa.challenged";
    /// Somebody showed a second factor, or a wrong one.
    SecondFactorUsed = "second_factor.used";
    /// A person was shown a seed for an authenticator app, which is not confirmed yet.
    TotpEnrolmentBegun = "totp.enrolment_begun";
    /// A person confirmed an authenticator app.
    TotpEnabled = "totp.enabled";
    /// A person's authenticator app was taken off.
    TotpDisabled = "totp.disabled";
    /// A person got new recovery codes, and the old ones are void.
    RecoveryCodesRenewed = "recovery_codes.renewed";
    /// An organization was made.
    OrganizationCreated = "organization.created";
    /// An organization was changed.
    OrganizationUpdated = "organization.updated";
    /// An organization was deleted; that can be undone for a while.
    OrganizationDeleted = "organization.deleted";
    /// The platform's operator suspended an organization: nobody gets in until that is lifted.
    OrganizationSuspended = "organization.suspended";
    /// The deletion of an organization was undone, or its suspension lifted.
    OrganizationRestored = "organization.restored";
    /// An organization went over to another plan.
    PlanChanged = "plan.changed";
    /// Everything of a deleted organization was removed.
    OrganizationPurged = "organization.purged";
    /// Everything of an organization was asked for, to be taken along.
    OrganizationExported = "organization.exported";
    /// The audit log, or a part of it, was asked for, to be taken along.
    AuditLogExported = "audit_log.exported";
    /// Somebody signed in, or was refused.
    SessionCreated = "session.created";
    /// Somebody proved once more who they are, or was refused.
    SessionElevated = "session.elevated";
    /// Somebody signed out.
    SessionEnded = "session.ended";
    /// Somebody went to work in another of their organizations.
    SessionSwitched = "session.switched";
    /// Somebody got an access token.
    AccessTokenIssued = "access_token.issued";
    /// An API key was made.
    ApiKeyCreated = "api_key.created";
    /// An API key was changed.
    ApiKeyUpdated = "api_key.updated";
    /// An API key got a new secret.
    ApiKeyRotated = "api_key.rotated";
    /// An API key was ended.
    ApiKeyRevoked = "api_key.revoked";
    /// Somebody has found an API key where it should not be, and it was ended.
    ApiKeyReported = "api_key.reported";
    /// Somebody else is asked about an API key from now on.
    ApiKeyHandedOver = "api_key.handed_over";
    /// A signing key was made.
    SigningKeyCreated = "signing_key.created";
    /// A signing key was made that takes over from another.
    SigningKeyRotated = "signing_key.rotated";
    /// Somebody was invited.
    InvitationCreated = "invitation.created";
    /// An invitation was sent again.
    InvitationResent = "invitation.resent";
    /// An invitation was taken back.
    InvitationRevoked = "invitation.revoked";
    /// Somebody else stands behind an invitation from now on.
    InvitationHandedOver = "invitation.handed_over";
    /// An invitation was accepted.
    InvitationAccepted = "invitation.accepted";
    /// Somebody became a member.
    MemberAdded = "member.added";
    /// A member's role changed.
    MemberRoleChanged = "member.role_changed";
    /// A member was removed.
    MemberRemoved = "member.removed";
    /// A member left.
    MemberLeft = "member.left";
    /// A member's second factor was turned off for them.
    MfaReset = "mfa.reset";
    /// One of an organization's security controls was changed.
    SecurityControlChanged = "security.control_changed";
    /// Members were reminded by when they need a second factor.
    MfaRemindersSent = "security.mfa_reminders_sent";
    /// Somebody looked into the audit log.
    AuditLogRead = "audit_log.read";
    /// An organization chose who is sent the checkpoints of its audit log.
    AuditWitnessSet = "audit_log.witness_set";
    /// An organization has its checkpoints sent to nobody any more.
    AuditWitnessRemoved = "audit_log.witness_removed";
    /// A checkpoint of the audit log is on its way to the witness.
    AuditCheckpointSent = "audit_log.checkpoint_sent";
    /// An organization chose where it is told what becomes of escalated calls.
    WebhookSet = "webhook.set";
    /// Nobody is told any more what becomes of an organization's escalated calls.
    WebhookRemoved = "webhook.removed";
    /// What a webhook has not taken was sent once more.
    WebhookResent = "webhook.resent";
    /// A call was written down.
    CallCreated = "call.created";
    /// What is known about a call was changed.
    CallUpdated = "call.updated";
    /// A call's transcript was stored.
    TranscriptStored = "transcript.stored";
    /// Somebody read a call's transcript.
    TranscriptRead = "transcript.read";
    /// Somebody got a key for the media of a call.
    MediaKeyIssued = "media_key.issued";
    /// Somebody has left a call, and whoever goes on got a new key for its media.
    MediaKeyRotated = "media_key.rotated";
    /// Somebody was let into a call that goes on.
    LiveGrantIssued = "live_grant.issued";
    /// The recording of a call was uploaded.
    RecordingUploaded = "recording.uploaded";
    /// What had come of the recording of a call was given up before it was whole.
    RecordingUploadDiscarded = "recording.upload_discarded";
    /// Somebody heard the recording of a call, or a part of it.
    RecordingPlayed = "recording.played";
    /// Somebody deleted the recording of a call.
    RecordingDeleted = "recording.deleted";
    /// The recording of a call was deleted, as it was kept for as long as the plan says.
    RecordingExpired = "recording.expired";
    /// The recording of a call was found not to be what was kept.
    RecordingDamaged = "recording.damaged";
    /// A human agent's availability changed: by choice, by force or by itself. The cause says which.
    AvailabilityChanged = "availability.changed";
    /// A call was escalated: it waits for a human agent.
    EscalationCreated = "escalation.created";
    /// A waiting call was offered to an agent.
    EscalationOffered = "escalation.offered";
    /// An agent took a waiting call.
    EscalationClaimed = "escalation.claimed";
    /// An agent gave a call back.
    EscalationReleased = "escalation.released";
    /// A call went back to its place among those that wait, as an offer or a lease lapsed or its agent is gone.
    EscalationReturned = "escalation.returned";
    /// An agent is done with a call.
    EscalationResolved = "escalation.resolved";
    /// The caller hung up before anybody took the call.
    EscalationAbandoned = "escalation.abandoned";
    /// Nobody was free for as long as a call is to wait.
    EscalationUnanswered = "escalation.unanswered";
    /// The caller is to be called back.
    EscalationCallbackRequested = "escalation.callback_requested";
    /// How calls are handed to agents was changed.
    EscalationSettingsChanged = "escalation.settings_changed";
    /// Somebody asked for what they have no permission for.
    PermissionDenied = "permission.denied";
    /// A program called an operation with an API key.
    ApiCalled = "api.called";
    /// Somebody came with a token that is not the operator's to a path of the operator.
    OperatorRefused = "operator.refused";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_actions_are_unique() {
        let names: std::collections::BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
    }
}
