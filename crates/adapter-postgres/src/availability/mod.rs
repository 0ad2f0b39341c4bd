//! Human agents.

mod agents;
mod changes;
mod due;
mod pulse;
mod spells;

use rollcall_domain::{Permission, Role};

/// The roles of agents.
pub(crate) fn agent_roles() -> Vec<String> {
    let roles = Role::ALL.into_iter().filter(|role| role.grants(Permission::AvailabilitySet));
    roles.map(|role| role.as_str().to_owned()).collect()
}
