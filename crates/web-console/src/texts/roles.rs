//! What roles are called, and what they are for.

use std::borrow::Borrow;

use rollcall_domain::{Permission, Role};

use super::{Texts, texts};

texts! {
    role_owner_means = "Full access, including billing, API keys and security" | "Voller Zugriff, auch auf Abrechnung, API-Schlüssel und Sicherheit";
    role_admin_means = "Manages the team, agents and what they work with, but not billing, API keys or security" | "Verwaltet das Team, Agenten und was dazugehört, nicht aber Abrechnung, API-Schlüssel und Sicherheit";
    role_member_means = "Uses the Playground, listens to calls and monitors Live Space" | "Nutzt den Playground, hört Anrufe an und beobachtet Live Space";
    role_agent_means = "Takes escalated calls and controls Live Space" | "Übernimmt eskalierte Anrufe und steuert Live Space";
    role_viewer_means = "Looks at agents, calls and analytics, and changes nothing" | "Sieht Agenten, Anrufe und Auswertungen und ändert nichts";
}

impl Texts {
    /// What a role is called.
    pub(crate) fn role(self, role: impl Borrow<Role>) -> &'static str {
        match role.borrow() {
            Role::Owner => self.language().role_owner(),
            Role::Admin => self.language().role_admin(),
            Role::Member => self.language().role_member(),
            Role::CustomerSupportAgent => self.language().role_agent(),
            Role::Viewer => self.language().role_viewer(),
        }
    }

    /// What a role is for.
    pub(crate) fn role_means(self, role: impl Borrow<Role>) -> &'static str {
        match role.borrow() {
            Role::Owner => self.role_owner_means(),
            Role::Admin => self.role_admin_means(),
            Role::Member => self.role_member_means(),
            Role::CustomerSupportAgent => self.role_agent_means(),
            Role::Viewer => self.role_viewer_means(),
        }
    }

    /// The roles that carry a permission, one after the other.
    pub(crate) fn roles_that_may(self, permission: Permission) -> String {
        let roles: Vec<_> = Role::ALL
            .into_iter()
            .filter(|role| role.grants(permission))
            .map(|role| self.role(role))
            .collect();
        roles.join(", ")
    }
}
