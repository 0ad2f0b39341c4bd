use rollcall_domain::{
    CallId,
    calls::{Call, Facts},
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A call.
#[derive(Serialize, ToSchema)]
#[schema(as = Call)]
pub(in crate::v1) struct CallObject {
    #[schema(value_type = String, example = "call_01h455vb4pex5vsknk084sn02q")]
    id: CallId,
    /// The platform's id for it.
    #[schema(example = "CA7f3e2b")]
    external_id: String,
    /// `inbound` or `outbound`.
    #[schema(example = "inbound")]
    direction: &'static str,
    /// The platform's name for the agent who spoke for the organization.
    #[schema(example = "agent_7")]
    agent_ref: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    started_at: OffsetDateTime,
    /// When it ended; null as long as it has not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z", value_type = Option<String>)]
    ended_at: Option<OffsetDateTime>,
    /// Who called.
    #[schema(example = "+14155550100")]
    from: Option<String>,
    /// Who was called.
    #[schema(example = "+14155550199")]
    to: Option<String>,
    /// What else the platform wants to know about it.
    #[schema(value_type = Object, example = json!({"campaign": "spring"}))]
    metadata: Value,
    /// When it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:06Z", value_type = String)]
    created_at: OffsetDateTime,
    /// Whether its sound is kept.
    #[schema(example = false)]
    has_recording: bool,
}

impl From<Call> for CallObject {
    fn from(Call { id, facts, created_at, has_recording, version: _ }: Call) -> Self {
        let Facts { external_id, direction, agent_ref, times, from, to, metadata } = facts;
        Self {
            id,
            external_id: external_id.to_string(),
            direction: direction.as_str(),
            agent_ref: agent_ref.map(|text| text.to_string()),
            started_at: times.started_at(),
            ended_at: times.ended_at(),
            from: from.map(|text| text.to_string()),
            to: to.map(|text| text.to_string()),
            metadata: metadata.into_value(),
            created_at,
            has_recording,
        }
    }
}
