//! What is told live of an organization, and to whom.

use crate::{
    Permission,
    audit::{Event, Outcome},
};

/// An event of the audit log as it is told live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// What it is called on the wire.
    pub kind: &'static str,
    /// What whoever is told must hold at that moment.
    pub permission: Permission,
}

/// What begins the names of actions that are carried, and what one must hold to be told of them.
const FAMILIES: [(&str, Permission); 4] = [
    ("availability.", Permission::AvailabilityRead),
    ("escalation.", Permission::EscalationsRead),
    ("member.", Permission::TeamRead),
    ("invitation.", Permission::TeamRead),
];

/// The change of a control, by its name in the audit log,
const CONTROL_CHANGED: &str = "security.control_changed";
/// and as whoever watches is told: what exactly has changed is for them to look at.
const SECURITY_CHANGED: &str = "security.changed";

/// How an event is told live; none when it is not. What was refused has changed nothing, and is for the audit log alone.
pub fn carried(event: &Event) -> Option<Carried> {
    match event.outcome {
        Outcome::Success => of_action(event.action.as_str()),
        Outcome::Refused => None,
    }
}

fn of_action(action: &'static str) -> Option<Carried> {
    if action == CONTROL_CHANGED {
        return Some(Carried { kind: SECURITY_CHANGED, permission: Permission::SecurityRead });
    }
    let family = FAMILIES.iter().find(|(family, _)| action.starts_with(family));
    family.map(|(_, permission)| Carried { kind: action, permission: *permission })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Action;

    #[test]
    fn what_is_carried_is_what_the_contract_lists_and_needs_a_permission() {
        for (action, kind, permission) in [
            ("availability.changed", "availability.changed", Permission::AvailabilityRead),
            ("escalation.created", "escalation.created", Permission::EscalationsRead),
            ("escalation.whatever", "escalation.whatever", Permission::EscalationsRead),
            ("member.role_changed", "member.role_changed", Permission::TeamRead),
            ("invitation.created", "invitation.created", Permission::TeamRead),
            ("security.control_changed", "security.changed", Permission::SecurityRead),
        ] {
            assert_eq!(of_action(action), Some(Carried { kind, permission }), "{action}");
        }
        for action in ["api_key.created", "security.mfa_reminders_sent", "memberships.made", "call.created"] {
            assert_eq!(of_action(action), None, "{action}");
        }
        let carried = Action::ALL.iter().filter(|action| of_action(action.as_str()).is_some()).count();
        assert!((10..40).contains(&carried), "{carried}");
    }
}
