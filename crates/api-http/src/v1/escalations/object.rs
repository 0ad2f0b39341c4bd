use rollcall_application::escalations::{ClaimedEscalation, Renewed, ShownEscalation};
use rollcall_domain::{
    CallId, EscalationId, UserId,
    escalations::{Escalation, Hold},
    secret::Secret,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A call that waits for a human agent, or did.
#[derive(Serialize, ToSchema)]
#[schema(as = Escalation)]
pub(in crate::v1) struct EscalationObject {
    #[schema(value_type = String, example = "esc_01h455vb4pex5vsknk084sn02q")]
    id: EscalationId,
    #[schema(value_type = String, example = "call_01h455vb4pex5vsknk084sn02q")]
    call_id: CallId,
    /// Why it needs a human.
    #[schema(example = "Asks for a human")]
    reason: String,
    /// How urgent: 0 to 9, and higher goes first.
    #[schema(example = 5)]
    priority: u8,
    /// The skills that the agent must have.
    #[schema(example = json!(["billing"]))]
    skills: Vec<String>,
    /// `waiting`; `offered` to an agent, who has not taken it yet; `claimed` by one; `resolved`; `abandoned`, as the caller hung up;
    /// `unanswered`: nobody was free for as long as it was to wait, so offer a callback; `callback`: the caller is to be called back.
    #[schema(example = "waiting")]
    status: &'static str,
    /// Its place in the queue, from 1; null unless it waits.
    #[schema(example = 1)]
    position: Option<u32>,
    /// For how long it has waited, or did.
    #[schema(example = 42)]
    waiting_seconds: i64,
    /// Who holds it, or to whom it is offered; later, who held it last.
    #[schema(value_type = Option<String>, example = "user_01h455vb4pex5vsknk084sn02q")]
    agent_id: Option<UserId>,
    /// Until when it is held.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:05:05Z", value_type = Option<String>)]
    held_until: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = Option<String>)]
    claimed_at: Option<OffsetDateTime>,
    /// When it began to wait.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:03:23Z", value_type = String)]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z", value_type = Option<String>)]
    ended_at: Option<OffsetDateTime>,
}

impl EscalationObject {
    /// The escalation as it is at the moment that it is seen at.
    pub(in crate::v1) fn new(shown: ShownEscalation) -> Self {
        let waiting_seconds = shown.waited().whole_seconds();
        let ShownEscalation { escalation, position, at: _ } = shown;
        let held = escalation.hold.map(Hold::until);
        let Escalation {
            id,
            call,
            reason,
            priority,
            skills,
            status,
            agent,
            claimed_at,
            created_at,
            ended_at,
            ..
        } = escalation;
        Self {
            id,
            call_id: call,
            reason: reason.to_string(),
            priority: priority.number(),
            skills: skills.names().to_vec(),
            status: status.as_str(),
            position,
            waiting_seconds,
            agent_id: agent,
            held_until: held,
            claimed_at,
            created_at,
            ended_at,
        }
    }
}

/// The lease on a call.
#[derive(Serialize, ToSchema)]
#[schema(as = Lease)]
pub(super) struct LeaseObject {
    /// What it is shown by.
    #[schema(example = "rcl_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
    /// Counts the leases on this call: whoever acts on it elsewhere lets nobody act by a lower number.
    #[schema(example = 1)]
    fence: i64,
    /// Until when it is good, unless it is renewed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:05:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

/// A call that somebody holds.
#[derive(Serialize, ToSchema)]
#[schema(as = ClaimedEscalation)]
pub(super) struct ClaimedObject {
    escalation: EscalationObject,
    lease: LeaseObject,
}

impl ClaimedObject {
    /// What was taken.
    pub(super) fn claimed(claimed: ClaimedEscalation) -> Self {
        let ClaimedEscalation { escalation, token, until, fence } = claimed;
        let lease = LeaseObject { token: token.expose().to_owned(), fence, expires_at: until };
        Self { escalation: EscalationObject::new(escalation), lease }
    }

    /// What is kept for longer.
    pub(super) fn renewed(renewed: Renewed, token: &Secret) -> Self {
        let Renewed { escalation, until } = renewed;
        let fence = escalation.escalation.fence;
        let lease = LeaseObject { token: token.expose().to_owned(), fence, expires_at: until };
        Self { escalation: EscalationObject::new(escalation), lease }
    }
}

/// The lease that somebody acts by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseRequest {
    /// The token of the lease.
    #[schema(example = "rcl_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    lease_token: String,
}

impl LeaseRequest {
    /// The token.
    pub(super) fn token(self) -> Secret {
        Secret::new(self.lease_token)
    }
}

/// What an answer that told of a lease has told, as far as it is needed to look again.
#[derive(Deserialize)]
pub(super) struct ToldClaim {
    escalation: ToldEscalation,
    lease: ToldLease,
}

#[derive(Deserialize)]
struct ToldEscalation {
    id: EscalationId,
}

#[derive(Deserialize)]
struct ToldLease {
    token: String,
}

impl ToldClaim {
    /// Which escalation, and by which token it is held.
    pub(super) fn lease(self) -> (EscalationId, Secret) {
        (self.escalation.id, Secret::new(self.lease.token))
    }
}
