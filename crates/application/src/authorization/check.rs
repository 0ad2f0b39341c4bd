//! Which of some permissions the caller has.

use rollcall_domain::{
    Permission,
    organizations::Plan,
    policy::{self, Decision, Grant, Target},
    security::Control,
};

use crate::{Application, Principal};

/// The answer about one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionAnswer {
    /// The permission.
    pub permission: Permission,
    /// Why not; none when it is allowed.
    pub refused: Option<DenialReason>,
}

/// Why a permission is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialReason {
    /// The caller's role does not carry it.
    RoleLacksPermission,
    /// The caller's API key has no such scope.
    ScopeLacksPermission,
    /// The organization asks for a second factor, and the caller's time to set one up is over.
    MfaRequired,
    /// The caller is in no organization, so there is nothing to have it on.
    NoOrganization,
    /// The person is not in the organization, or there is no such organization: nobody is told which.
    NotAMember,
    /// The platform's operator has suspended the account, or the organization.
    Suspended,
    /// It leads to nothing without a security control that the organization's plan lacks. Told to programs, which nobody watches; a
    /// person's rights are those of the table.
    PlanRequired,
}

impl DenialReason {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoleLacksPermission => "role_lacks_permission",
            Self::ScopeLacksPermission => "scope_lacks_permission",
            Self::MfaRequired => "mfa_required",
            Self::NoOrganization => "no_organization",
            Self::NotAMember => "not_a_member",
            Self::Suspended => "suspended",
            Self::PlanRequired => "plan_required",
        }
    }
}

/// Answers about each permission, in the order asked.
pub fn check(app: &Application, principal: &Principal, permissions: &[Permission]) -> Vec<PermissionAnswer> {
    let grant = principal.grant();
    let reason = match grant {
        _ if principal.must_enrol() => DenialReason::MfaRequired,
        Grant::Member { .. } => DenialReason::RoleLacksPermission,
        Grant::ApiKey { .. } => DenialReason::ScopeLacksPermission,
        Grant::None => DenialReason::NoOrganization,
    };
    permissions
        .iter()
        .map(|permission| PermissionAnswer {
            permission: *permission,
            refused: match policy::decide(&grant, *permission, Target::Organization) {
                Decision::Allowed => match principal {
                    Principal::Key(key) => lacks_plan(app, key.organization.plan, *permission),
                    Principal::Person(_) => None,
                },
                Decision::Forbidden { .. } | Decision::Hidden => Some(reason),
            },
        })
        .collect()
}

/// Why what a program may do leads to nothing with its organization's plan; none when it does not.
pub(super) fn lacks_plan(app: &Application, plan: Plan, permission: Permission) -> Option<DenialReason> {
    let control = Control::behind(permission)?;
    (!app.settings.plans.has(plan, control)).then_some(DenialReason::PlanRequired)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        api_keys::{ApiKey, Scopes},
        organizations::Organization,
    };

    use super::*;
    use crate::{
        KeyActor,
        testing::{MockDirectory, TestStore, actor, api_key, application, key_actor, organization},
    };

    #[tokio::test]
    async fn a_program_is_told_which_of_its_scopes_lead_to_nothing_with_the_plan() {
        let asked = [Permission::AuditLogAppend, Permission::MediaKeysIssue, Permission::CallsRead];
        let app = application(&TestStore::default(), MockDirectory::new());
        let scopes = Scopes::new(asked).expect("scopes");
        let told = |plan| {
            let organization = Organization { plan, ..organization() }.into();
            let key = ApiKey { scopes, ..api_key(1) }.into();
            let key = Principal::Key(KeyActor { key, organization, ..key_actor(1) });
            check(&app, &key, &asked).into_iter().map(|answer| answer.refused).collect::<Vec<_>>()
        };
        assert_eq!(
            told(Plan::Pro),
            [Some(DenialReason::PlanRequired), Some(DenialReason::PlanRequired), None]
        );
        assert_eq!(told(Plan::Enterprise), [None, None, None]);
        // What a role carries is the table's to say, whatever is paid for.
        let owner = Principal::Person(actor(1, Role::Owner));
        assert_eq!(check(&app, &owner, &[Permission::MediaKeysIssue])[0].refused, None);
    }
}
