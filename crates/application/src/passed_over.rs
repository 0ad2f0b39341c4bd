//! Whom a round of regular work has passed over.

use std::collections::BTreeSet;

use rollcall_domain::OrganizationId;

/// The organizations in which a round of regular work could not do what was due, and whether that is so of the platform itself: somebody
/// holds something of theirs for longer than it may be waited for, say. The round goes on with all others and leaves these alone until the
/// next one, as each of its steps would wait there again.
#[derive(Debug, Default)]
pub struct PassedOver {
    organizations: BTreeSet<OrganizationId>,
    platform: bool,
}

impl PassedOver {
    /// From now on, this one is.
    pub(crate) fn note(&mut self, organization: OrganizationId) {
        self.organizations.insert(organization);
    }

    /// From now on, the platform itself is.
    pub(crate) fn note_platform(&mut self) {
        self.platform = true;
    }

    /// Whether the platform itself is.
    pub(crate) fn contains_platform(&self) -> bool {
        self.platform
    }

    /// Whether this one is.
    pub(crate) fn contains(&self, organization: OrganizationId) -> bool {
        self.organizations.contains(&organization)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<OrganizationId> {
        self.organizations.iter().copied().collect()
    }

    /// How many organizations are.
    pub(crate) fn count(&self) -> usize {
        self.organizations.len()
    }
}
