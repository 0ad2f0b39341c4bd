use rollcall_application::availability::ListedAgent;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::v1::objects::UserObject;

/// A human agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent)]
pub(in crate::v1) struct AgentObject {
    user: UserObject,
    /// `available`, `busy`, `away` or `offline`. Busy follows from the calls they hold.
    #[schema(example = "available")]
    status: &'static str,
    /// Why: `chosen`, `forced` by a supervisor, `heartbeat_missed`, `no_answer`, `signed_out`, `role_changed`, `suspended` or
    /// `mfa_deadline`.
    #[schema(example = "chosen")]
    cause: &'static str,
    /// Since when it is so.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    since: OffsetDateTime,
    /// What they tell others about it.
    #[schema(example = "Back at three")]
    note: Option<String>,
    /// How many calls they hold.
    #[schema(example = 1)]
    active_calls: usize,
    /// How many they can hold.
    #[schema(example = 2)]
    capacity: u16,
    /// What they can do.
    #[schema(example = json!(["billing", "spanish"]))]
    skills: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:35Z", value_type = Option<String>)]
    last_heartbeat_at: Option<OffsetDateTime>,
}

impl AgentObject {
    /// The agent as they are at a moment.
    pub(in crate::v1) fn new(listed: ListedAgent, now: OffsetDateTime) -> Self {
        let (status, since, cause) = (listed.status(now), listed.since(now), listed.cause(now));
        let ListedAgent { agent, name, email, calls, kept_out: _ } = listed;
        Self {
            user: UserObject { id: agent.user, email, name },
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
