//! What is written down about every change: who, from where, what, on what, and how it ended.
//!
//! Names of actions are stable: they stand in logs that outlive the code. What identifies a person goes
//! into [`Event::personal`] and nowhere else, so that it can be erased without touching the rest.

mod actions;
pub mod reports;
pub mod search;
pub mod sketch;
pub mod witness;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use time::OffsetDateTime;

use crate::{
    ApiKeyId, CallId, EmailAddress, EscalationId, EventId, InvitationId, OrganizationId, RecordingId,
    SessionId, UserId,
    id::{PasskeyId, SignupId},
};

pub use actions::Action;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event.
    pub id: EventId,
    /// When, to the microsecond: the precision that is stored, so that what is hashed is what is read.
    pub occurred_at: OffsetDateTime,
    /// Who did it.
    pub actor: AuditActor,
    /// From where, as far as it is known.
    pub origin: Origin,
    /// What was done or tried.
    pub action: Action,
    /// On what.
    pub target: AuditTarget,
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
        actor: AuditActor,
        origin: Origin,
        action: Action,
        target: AuditTarget,
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

    /// The same with a value that changed; none before, or after, where there was, or is, no value. Values that identify a person do not
    /// belong here: what stands here stays when a person is erased.
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
pub enum AuditActor {
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

impl AuditActor {
    /// The kind of actor, and its id and session where it has one, as leaves of the log tell them.
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

/// Where a request came from; nothing of it is known of what Rollcall does by itself. Everything done for the request has a copy, so its texts
/// are shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client, as far as proxies are trusted to tell it.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<Arc<str>>,
    /// The request's id, as it stands in the answer and in the logs.
    pub request_id: Option<Arc<str>>,
}

impl Origin {
    /// The network it came from ([`network_of`]); none where the address is not known.
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
pub enum AuditTarget {
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

impl AuditTarget {
    /// The kind of thing, and its id, as leaves of the log tell them; none for [`Nothing`](Self::Nothing).
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
    /// What it was; none where there was no value.
    pub before: Option<String>,
    /// What it is; none where there is no value any more.
    pub after: Option<String>,
}
