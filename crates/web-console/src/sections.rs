//! The sections of the console, in the order of its navigation. Whoever adds a page to it that can be gone to adds a line here.

use rollcall_domain::{Permission, policy::Grant};

use crate::{texts::Texts, visit::Visit};

/// A section of the console.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its first page. The others are below it.
    pub(crate) path: &'static str,
    /// What it is called.
    name: fn(Texts) -> &'static str,
    /// What its first page takes; nothing but being signed in when none.
    needs: Option<Permission>,
}

static SECTIONS: &[Section] = &[
    Section { path: "/settings/team", name: Texts::section_team, needs: Some(Permission::TeamRead) },
    Section { path: "/live", name: Texts::section_live, needs: Some(Permission::AvailabilityRead) },
    Section { path: "/calls", name: Texts::section_calls, needs: Some(Permission::CallsRead) },
    Section {
        path: "/settings/api-keys",
        name: Texts::section_api_keys,
        needs: Some(Permission::ApiKeysRead),
    },
    Section {
        path: "/settings/security",
        name: Texts::section_security,
        needs: Some(Permission::SecurityRead),
    },
    Section { path: "/settings/audit", name: Texts::section_audit, needs: Some(Permission::AuditLogRead) },
    Section {
        path: "/settings/organization",
        name: Texts::section_organization,
        needs: Some(Permission::OrganizationUpdate),
    },
    Section { path: "/settings/billing", name: Texts::section_billing, needs: Some(Permission::BillingRead) },
    Section { path: "/account", name: Texts::section_account, needs: None },
];

impl Section {
    /// What it is called.
    pub(crate) fn called(&self, t: &Texts) -> &'static str {
        (self.name)(*t)
    }

    /// Whether a page belongs to it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The sections that somebody may see.
pub(crate) fn open_to(grant: &Grant) -> impl Iterator<Item = &'static Section> {
    let permissions = grant.permissions();
    SECTIONS.iter().filter(move |section| section.needs.is_none_or(|needed| permissions.contains(needed)))
}

/// Where somebody begins.
pub(crate) fn first_for(grant: &Grant) -> &'static str {
    open_to(grant).next().map_or("/account", |section| section.path)
}

impl Visit {
    /// The first page of the section that the page belongs to.
    pub(crate) fn section(&self) -> Option<&'static str> {
        SECTIONS.iter().find(|section| section.holds(&self.path)).map(|section| section.path)
    }

    /// Whether whoever comes may see the first page of a section.
    pub(crate) fn is_open(&self, path: &str) -> bool {
        self.actor().is_some_and(|actor| open_to(&actor.grant()).any(|section| section.path == path))
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::Role;

    use super::*;

    #[test]
    fn everybody_has_somewhere_to_begin_and_sees_only_what_they_may() {
        let member = |role| Grant::Member { role };
        assert_eq!(first_for(&member(Role::Owner)), "/settings/team");
        assert_eq!(first_for(&member(Role::CustomerSupportAgent)), "/live");
        assert_eq!(first_for(&member(Role::Viewer)), "/calls");
        assert_eq!(first_for(&Grant::None), "/account");
        assert!(open_to(&member(Role::Member)).all(|section| section.path != "/settings/team"));
    }

    #[test]
    fn a_page_is_in_the_section_that_its_path_begins_with() {
        let section = &SECTIONS[0];
        assert!(section.holds("/settings/team") && section.holds("/settings/team/invite"));
        assert!(!section.holds("/settings/teams") && !section.holds("/settings"));
    }
}
