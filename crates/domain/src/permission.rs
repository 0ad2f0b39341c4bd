//! The permission catalogue: what can be done in an organization, and by which role.
//!
//! The table below is checked against `permissions.csv`, its source of truth, by a test.

use std::{fmt, str::FromStr};

use crate::Role;

/// The text names no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a permission; GET /v1/roles lists them all")]
pub struct UnknownPermission;

macro_rules! catalogue {
    ($($name:ident = $wire:literal, [$($role:ident)*], $bearer:ident $(, $power:ident)?;)*) => {
        /// One thing that can be allowed or refused.
        ///
        /// ```
        /// use rollcall_domain::Permission;
        ///
        /// assert_eq!(Permission::CallsRead.as_str(), "calls:read");
        /// assert!(Permission::CallsRead.allowed_for_api_keys());
        /// assert!(!Permission::BillingManage.allowed_for_api_keys());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = concat!("`", $wire, "`")] $name,)*
        }

        impl Permission {
            /// Every permission, in the order of `permissions.csv`.
            pub const ALL: [Self; [$($wire),*].len()] = [$(Self::$name),*];

            /// The stable name, as it stands in the API and in tokens.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// Whether an API key may carry it as a scope.
            pub const fn allowed_for_api_keys(self) -> bool {
                match self { $(Self::$name => catalogue!(@bearer $bearer),)* }
            }

            /// Whether it is power over the team, which ends at Owners.
            pub(crate) const fn is_power_over_the_team(self) -> bool {
                match self { $(Self::$name => catalogue!(@power $($power)?),)* }
            }

            /// Whether it is needed to decide who is in the organization, as what, and with which credentials; or what protects it,
            /// and what it pays. An access token, which services see, is good for none of that.
            pub const fn needs_session(self) -> bool {
                match self { $(Self::$name => catalogue!(@session $bearer),)* }
            }

            const fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => &[$(Role::$role),*],)* }
            }
        }
    };
    (@bearer key) => { true };
    (@bearer people) => { false };
    (@bearer session) => { false };
    (@session key) => { false };
    (@session people) => { false };
    (@session session) => { true };
    (@power over_the_team) => { true };
    (@power) => { false };
}

// What it is called; the roles that carry it; what it takes at the least: an API `key`, `people` with an access token, or the
// `session` itself; and whether it is power `over_the_team`.
catalogue! {
    OrganizationRead = "organization:read", [Owner Admin Member CustomerSupportAgent Viewer], key;
    OrganizationUpdate = "organization:update", [Owner], session;
    OrganizationExport = "organization:export", [Owner], session;
    OrganizationDelete = "organization:delete", [Owner], session;
    TeamRead = "team:read", [Owner Admin], key;
    TeamInvite = "team:invite", [Owner Admin], session, over_the_team;
    TeamUpdateRole = "team:update_role", [Owner Admin], session, over_the_team;
    TeamRemove = "team:remove", [Owner Admin], session, over_the_team;
    OwnersManage = "owners:manage", [Owner], session;
    BillingRead = "billing:read", [Owner], people;
    BillingManage = "billing:manage", [Owner], session;
    ApiKeysRead = "api_keys:read", [Owner], people;
    ApiKeysManage = "api_keys:manage", [Owner], session;
    SecurityRead = "security:read", [Owner Admin], people;
    SecurityManage = "security:manage", [Owner], session;
    AuditLogRead = "audit_log:read", [Owner Admin], key;
    AuditLogAppend = "audit_log:append", [], key;
    AgentsRead = "agents:read", [Owner Admin Viewer], key;
    AgentsManage = "agents:manage", [Owner Admin], key;
    FlowsRead = "flows:read", [Owner Admin], key;
    FlowsManage = "flows:manage", [Owner Admin], key;
    ChannelsRead = "channels:read", [Owner Admin], key;
    ChannelsManage = "channels:manage", [Owner Admin], key;
    KnowledgeBasesRead = "knowledge_bases:read", [Owner Admin], key;
    KnowledgeBasesManage = "knowledge_bases:manage", [Owner Admin], key;
    CampaignsRead = "campaigns:read", [Owner Admin], key;
    CampaignsManage = "campaigns:manage", [Owner Admin], key;
    IntegrationsRead = "integrations:read", [Owner Admin], key;
    IntegrationsManage = "integrations:manage", [Owner Admin], key;
    PlaygroundUse = "playground:use", [Owner Admin Member], key;
    CallsRead = "calls:read", [Owner Admin Member Viewer], key;
    CallsWrite = "calls:write", [Owner], key;
    RecordingsRead = "recordings:read", [Owner Admin Member], key;
    RecordingsDelete = "recordings:delete", [Owner Admin], people;
    AnalyticsRead = "analytics:read", [Owner Admin Viewer], key;
    LiveSpaceMonitor = "live_space:monitor", [Owner Admin Member CustomerSupportAgent], key;
    LiveSpaceWhisper = "live_space:whisper", [Owner Admin CustomerSupportAgent], people;
    LiveSpaceBarge = "live_space:barge", [Owner Admin CustomerSupportAgent], people;
    EscalationsCreate = "escalations:create", [Owner], key;
    EscalationsRead = "escalations:read", [Owner Admin CustomerSupportAgent], key;
    EscalationsClaim = "escalations:claim", [Owner Admin CustomerSupportAgent], people;
    AvailabilityRead = "availability:read", [Owner Admin CustomerSupportAgent], key;
    AvailabilitySet = "availability:set", [Owner Admin CustomerSupportAgent], people;
    AvailabilityManage = "availability:manage", [Owner Admin], people, over_the_team;
    MediaKeysIssue = "media_keys:issue", [Owner], key;
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or(UnknownPermission)
    }
}

impl serde::Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of permissions: one bit each, so that asking it takes a nanosecond.
///
/// ```
/// use rollcall_domain::{Permission, PermissionSet};
/// let scopes: PermissionSet = [Permission::CallsRead, Permission::CallsWrite].into_iter().collect();
/// assert!(scopes.contains(Permission::CallsRead));
/// assert!(!scopes.contains(Permission::AgentsRead));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u64);

const ROLE_SETS: [PermissionSet; Role::ALL.len()] = {
    let mut sets = [PermissionSet(0); Role::ALL.len()];
    let mut p = 0;
    while p < Permission::ALL.len() {
        let roles = Permission::ALL[p].roles();
        let mut r = 0;
        while r < roles.len() {
            sets[roles[r] as usize].0 |= 1 << p;
            r += 1;
        }
        p += 1;
    }
    sets
};

impl PermissionSet {
    /// What `role` carries.
    #[inline]
    pub(crate) const fn of_role(role: Role) -> Self {
        ROLE_SETS[role as usize]
    }

    /// Whether `permission` is in the set.
    #[inline]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u64 != 0
    }

    /// Whether every permission of `other` is in the set.
    #[inline]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The permissions in the set, in the order of `permissions.csv`.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission as u64))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

/// Their names, separated by spaces, as scopes are written in tokens (RFC 6749 section 3.3).
impl fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, permission) in self.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{permission}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for PermissionSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_the_table() {
        let mut lines = include_str!("../permissions.csv").lines();
        assert_eq!(
            lines.next(),
            Some("permission,owner,admin,member,customer_support_agent,viewer,api_key,why")
        );
        let mut permissions = Permission::ALL.into_iter();
        for line in lines {
            let permission = permissions.next().expect("a row without a permission");
            let cells: Vec<&str> = line.splitn(8, ',').collect();
            assert_eq!(cells[0], permission.as_str());
            for (role, cell) in Role::ALL.into_iter().zip(&cells[1..]) {
                assert_eq!(role.grants(permission), *cell == "yes", "{role} {permission}");
            }
            assert_eq!(permission.allowed_for_api_keys(), cells[6] == "yes", "API key {permission}");
        }
        assert_eq!(permissions.next(), None, "a permission without a row");
    }

    #[test]
    fn what_decides_about_the_organization_takes_the_session_itself() {
        let taken: Vec<&str> =
            Permission::ALL.into_iter().filter(|p| p.needs_session()).map(Permission::as_str).collect();
        assert_eq!(
            taken,
            [
                "organization:update",
                "organization:export",
                "organization:delete",
                "team:invite",
                "team:update_role",
                "team:remove",
                "owners:manage",
                "billing:manage",
                "api_keys:manage",
                "security:manage",
            ]
        );
    }

    #[test]
    fn names_read_back() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        assert_eq!("agents:destroy".parse::<Permission>(), Err(UnknownPermission));
    }
}
