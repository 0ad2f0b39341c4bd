use std::collections::BTreeMap;

use rollcall_application::audit::{LoggedChange, LoggedEvent};
use rollcall_domain::EventId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An event of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(super) struct AuditEventObject {
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    /// Its place in the log, from 0. Proofs name it.
    #[schema(example = 17)]
    index: u64,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.000678Z", value_type = String)]
    occurred_at: OffsetDateTime,
    actor: Party,
    #[schema(example = "member.role_changed")]
    action: String,
    target: Party,
    /// `success` or `refused`.
    #[schema(example = "success")]
    outcome: String,
    changes: Vec<ChangeObject>,
    /// What identifies a person, by field; null where it has been erased.
    #[schema(example = json!({"ip": "192.0.2.7", "user_agent": null}))]
    personal: BTreeMap<String, Option<String>>,
    /// The request that it was done by.
    #[schema(example = "0194f1a2b3c47d8e9f00112233445566")]
    request_id: Option<String>,
    /// The session that it was done in.
    #[schema(example = "sess_01h455vb4pex5vsknk084sn02q")]
    session: Option<String>,
}

/// Who did something, or what it was done to.
#[derive(Serialize, ToSchema)]
struct Party {
    /// `user`, `api_key`, `organization` and so on.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    kind: String,
    /// Null for what has none.
    #[schema(example = "user_01h455vb4pex5vsknk084sn02q")]
    id: Option<String>,
}

/// A value that changed.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChange)]
pub(super) struct ChangeObject {
    #[schema(example = "role")]
    field: String,
    #[schema(example = "viewer")]
    before: Option<String>,
    #[schema(example = "member")]
    after: Option<String>,
}

impl From<LoggedChange> for ChangeObject {
    fn from(LoggedChange { field, before, after }: LoggedChange) -> Self {
        Self { field, before, after }
    }
}

impl From<LoggedEvent> for AuditEventObject {
    fn from(event: LoggedEvent) -> Self {
        Self {
            id: event.id,
            index: event.index,
            occurred_at: event.occurred_at,
            actor: Party { kind: event.actor_kind, id: event.actor_id },
            action: event.action,
            target: Party { kind: event.target_kind, id: event.target_id },
            outcome: event.outcome,
            changes: event.changes.into_iter().map(ChangeObject::from).collect(),
            personal: event.personal,
            request_id: event.request_id,
            session: event.session,
        }
    }
}
