//! What is written down about every change: who, from where, what, on what, and how it ended.
//!
//! Names of actions are stable: they stand in logs that outlive the code. What identifies a person goes
//! into [`Event::personal`] and nowhere else, so that it can be erased without touching the rest.

pub mod reports;
pub mod search;
pub mod sketch;
pub mod witnesses;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use time::OffsetDateTime;

use crate::{
    ApiKeyId, CallId, EmailAddress, EscalationId, EventId, InvitationId, OrganizationId, RecordingId,
    SessionId, UserId,
    id::{PasskeyId, SignupId},
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event.
    pub id: EventId,
    /// When, to the microsecond: the precision that is stored, so that what is hashed is what is read.
    pub occurred_at: OffsetDateTime,
    /// Who did it.
    pub actor: Actor,
    /// From where, as far as it is known.
    pub origin: Origin,
    /// What was done or tried.
    pub action: Action,
    /// On what.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// What changed: identifiers, roles and other values that identify nobody.
    pub changes: Vec<Change>,
    /// What identifies a person: names and addresses, by field.
    pub personal: BTreeMap<&'static str, String>,
}

/// Whether a field of [`Event::personal`] is about whoever acted, as their [`Origin`] is. All others are about the target.
pub fn is_of_actor(field: &str) -> bool {
    matches!(field, "ip" | "user_agent")
}

impl Event {
    /// An event that succeeded and changed nothing, to be completed by the methods below.
    pub fn new(
        id: EventId,
        occurred_at: OffsetDateTime,
        actor: Actor,
        origin: Origin,
        action: Action,
        target: Target,
    ) -> Self {
        Self {
            id,
            occurred_at,
            actor,
            origin,
            action,
            target,
            outcome: Outcome::Success,
            changes: Vec::new(),
            personal: BTreeMap::new(),
        }
    }

    /// The same with another outcome.
    pub fn outcome(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// The same with a value that changed. Values that identify a person do not belong here.
    pub fn change(mut self, field: &'static str, before: Option<&str>, after: Option<&str>) -> Self {
        let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
        self.changes.push(Change { field, before, after });
        self
    }

    /// The same with an address, in the one form in which addresses are compared: whoever is to be forgotten is found by it.
    pub fn address(self, field: &'static str, email: &EmailAddress) -> Self {
        self.personal(field, email.key())
    }

    /// The same with a value that identifies a person.
    pub fn personal(mut self, field: &'static str, value: impl ToString) -> Self {
        self.personal.insert(field, value.to_string());
        self
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person, in a session if there was one already.
    User(UserId, Option<SessionId>),
    /// A program, by its API key.
    ApiKey(ApiKeyId),
    /// Somebody who did not say, or could not prove, who they are.
    Anonymous,
    /// The platform's operator, on the machine itself or with the operator's token.
    Operator,
    /// Rollcall itself.
    System,
}

impl Actor {
    /// The kind of actor, and its id and session.
    pub fn parts(&self) -> (&'static str, Option<String>, Option<String>) {
        match self {
            Self::User(user, session) => {
                ("user", Some(user.to_string()), session.map(|session| session.to_string()))
            }
            Self::ApiKey(key) => ("api_key", Some(key.to_string()), None),
            Self::Anonymous => ("anonymous", None, None),
            Self::Operator => ("operator", None, None),
            Self::System => ("system", None, None),
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The request's id, as it stands in the answer and in the logs.
    pub request_id: Option<String>,
}

impl Origin {
    /// The network it came from.
    pub fn network(&self) -> Option<IpAddr> {
        self.ip.map(network_of)
    }
}

/// The network that limits count by: the address, or for IPv6 its /64, as one customer has at least that.
///
/// ```
/// use rollcall_domain::audit::network_of;
///
/// let network = |ip: &str| network_of(ip.parse().expect("an address")).to_string();
/// assert_eq!(network("192.0.2.7"), "192.0.2.7");
/// assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
/// ```
pub fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An account.
    User(UserId),
    /// An organization.
    Organization(OrganizationId),
    /// An invitation.
    Invitation(InvitationId),
    /// A session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A sign-up.
    Signup(SignupId),
    /// A passkey.
    Passkey(PasskeyId),
    /// A call.
    Call(CallId),
    /// The recording of a call.
    Recording(RecordingId),
    /// A call that waits for a human agent, or did.
    Escalation(EscalationId),
    /// Nothing that has an id.
    Nothing,
}

impl Target {
    /// The kind of thing, and its id.
    pub fn parts(&self) -> (&'static str, Option<String>) {
        match self {
            Self::User(id) => ("user", Some(id.to_string())),
            Self::Organization(id) => ("organization", Some(id.to_string())),
            Self::Invitation(id) => ("invitation", Some(id.to_string())),
            Self::Session(id) => ("session", Some(id.to_string())),
            Self::ApiKey(id) => ("api_key", Some(id.to_string())),
            Self::Signup(id) => ("signup", Some(id.to_string())),
            Self::Passkey(id) => ("passkey", Some(id.to_string())),
            Self::Call(id) => ("call", Some(id.to_string())),
            Self::Recording(id) => ("recording", Some(id.to_string())),
            Self::Escalation(id) => ("escalation", Some(id.to_string())),
            Self::Nothing => ("nothing", None),
        }
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 2] = [Self::Success, Self::Refused];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which value.
    pub field: &'static str,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

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

            /// The stable name.
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
    /// Somebody got a key for the media of a call.
    MediaKeyIssued = "media_key.issued";
    /// Somebody has left a call, and whoever goes on got a new key for its media.
    MediaKeyRotated = "media_key.rotated";
    /// Somebody was let into a call that goes on.
    LiveGrantIssued = "live_grant.issued";
    /// The recording of a call was uploaded.
    RecordingUploaded = "recording.uploaded";
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
