use rollcall_application::{Asks, availability::ListedAgent};
use rollcall_domain::UserId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Who an agent is.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentUser)]
struct AgentUserObject {
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    id: UserId,
    /// Null for whoever may not see the team (`team:read`), unless it is their own.
    #[schema(example = "grace@navy.example")]
    email: Option<String>,
    #[schema(example = "Grace Hopper")]
    name: String,
}

/// A human agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent)]
pub(in crate::v1) struct AgentObject {
    user: AgentUserObject,
    /// `available`, `busy`, `away` or `offline`. Busy follows from the calls they hold.
    #[schema(example = "available")]
    status: &'static str,
    /// Why: `chosen`, `forced` by a supervisor, `heartbeat_missed`, `no_answer`, `signed_out` (they have no live session here),
    /// `role_changed`, `suspended` or `mfa_deadline`.
    #[schema(example = "chosen")]
    cause: &'static str,
    /// Since when it is so.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    since: OffsetDateTime,
    /// Their note for others.
    #[schema(example = "Back at three")]
    note: Option<String>,
    /// How many calls they hold.
    #[schema(example = 1)]
    active_calls: usize,
    /// How many calls they can hold at the same time.
    #[schema(example = 2)]
    capacity: u16,
    /// The skills that calls may ask for.
    #[schema(example = json!(["billing", "spanish"]))]
    skills: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:35Z", value_type = Option<String>)]
    last_heartbeat_at: Option<OffsetDateTime>,
}

impl AgentObject {
    /// The agent as they are at the moment that they are seen at.
    pub(in crate::v1) fn new(listed: ListedAgent) -> Self {
        let (status, since, cause) = (listed.status(), listed.since(), listed.cause());
        let ListedAgent { agent, joined_at: _, name, email, calls, kept_out: _, at: _ } = listed;
        Self {
            user: AgentUserObject { id: agent.user, email, name },
            status: status.as_str(),
            cause: cause.as_str(),
            since,
            note: agent.note.map(|note| note.to_string()),
            active_calls: calls,
            capacity: agent.capacity.calls(),
            skills: agent.skills.names().to_vec(),
            last_heartbeat_at: agent.last_heartbeat_at,
        }
    }
}

/// What tags call an agent: a person is another agent in another organization.
pub(super) fn tag_name(who: &impl Asks, user: UserId) -> String {
    let organization = who.organization().map(|id| id.to_string()).unwrap_or_default();
    format!("{organization}.agent_{user}")
}
