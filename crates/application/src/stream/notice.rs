//! An event on its way to whoever watches: enough to know what to look at again, and nothing that identifies a person.

use rollcall_domain::{
    EventId, Permission,
    audit::Event,
    stream::{Carried, carried},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What a commit tells.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamNotice {
    /// The event in the audit log.
    pub id: EventId,
    /// What it is called.
    pub kind: &'static str,
    /// What whoever is told must hold.
    pub permission: Permission,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// What is told: `{id, type, occurred_at, actor, target, changes}`.
    pub data: Value,
}

impl StreamNotice {
    /// What is told of an event, if it is told at all.
    pub fn of(event: &Event) -> Option<Self> {
        let Carried { kind, permission } = carried(event)?;
        let (actor_kind, actor_id, _) = event.actor.parts();
        let (target_kind, target_id) = event.target.parts();
        let changes = event
            .changes
            .iter()
            .map(|change| json!({"field": change.field, "before": change.before, "after": change.after}));
        let data = json!({
            "id": event.id,
            "type": kind,
            "occurred_at": event.occurred_at.format(&Rfc3339).ok()?,
            "actor": {"id": actor_id, "type": actor_kind},
            "target": {"id": target_id, "type": target_kind},
            "changes": changes.collect::<Vec<_>>(),
        });
        Some(Self { id: event.id, kind, permission, occurred_at: event.occurred_at, data })
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        audit::{Action, AuditTarget, Origin, Outcome},
    };

    use super::*;
    use crate::testing::{NOW, actor, user};

    fn event(action: Action) -> Event {
        let origin = Origin { ip: "192.0.2.7".parse().ok(), ..Origin::default() };
        let target = AuditTarget::User(user(2).id);
        Event::new(
            EventId::from_parts(0, &[1; 10]),
            NOW,
            actor(1, Role::Owner).for_audit(),
            origin,
            action,
            target,
        )
        .change("role", Some("viewer"), Some("member"))
        .personal("email", "ada@example.com")
    }

    #[test]
    fn a_live_event_names_nobody() {
        let notice = StreamNotice::of(&event(Action::MemberRoleChanged)).expect("a notice");
        let expected = json!({
            "id": EventId::from_parts(0, &[1; 10]), "type": "member.role_changed", "occurred_at": "2026-01-02T03:04:05Z",
            "actor": {"id": user(1).id, "type": "user"}, "target": {"id": user(2).id, "type": "user"},
            "changes": [{"field": "role", "before": "viewer", "after": "member"}],
        });
        assert_eq!(notice.data, expected);
    }

    #[test]
    fn what_was_refused_and_what_is_none_of_a_watcher_s_business_is_not_told() {
        assert_eq!(StreamNotice::of(&event(Action::MemberRemoved).outcome(Outcome::Refused)), None);
        assert_eq!(StreamNotice::of(&event(Action::ApiKeyCreated)), None);
    }
}
