//! Whom a round of regular work has passed over.

use std::collections::BTreeSet;

use rollcall_domain::OrganizationId;

/// The organizations in which a round of regular work could not do what was due: somebody holds something of theirs for longer than it
/// may be waited for, say. The round goes on with all others and leaves these alone until the next one, as each of its steps would
/// wait there again.
#[derive(Debug, Default)]
pub struct PassedOver(BTreeSet<OrganizationId>);

impl PassedOver {
    /// From now on, this one is.
    pub(crate) fn note(&mut self, organization: OrganizationId) {
        self.0.insert(organization);
    }

    /// Whether this one is.
    pub(crate) fn contains(&self, organization: OrganizationId) -> bool {
        self.0.contains(&organization)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<OrganizationId> {
        self.0.iter().copied().collect()
    }
}
