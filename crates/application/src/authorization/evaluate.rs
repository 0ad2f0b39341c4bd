//! Whether somebody may do something in an organization, as a service beside Rollcall asks.

use std::collections::{BTreeMap, HashMap};

use rollcall_domain::{
    OrganizationId, Permission, UserId,
    members::{MemberStatus, Membership},
    policy::{self, Decision, Grant, Target},
};

use super::Reason;
use crate::{Application, Error, ports::Scope};

/// What a service wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// May this person
    pub user: UserId,
    /// in this organization
    pub organization: OrganizationId,
    /// do this?
    pub permission: Permission,
}

/// Answers each question as it is at this moment, in the order asked: why not, or none when it is allowed. Nothing tells
/// an organization that there is not from one that the person is not in. Asking leaves no event.
///
/// # Errors
/// Only when something is out of order.
pub async fn evaluate(app: &Application, questions: &[Question]) -> Result<Vec<Option<Reason>>, Error> {
    let mut wanted: BTreeMap<OrganizationId, Vec<UserId>> = BTreeMap::new();
    for question in questions {
        let people = wanted.entry(question.organization).or_default();
        if !people.contains(&question.user) {
            people.push(question.user);
        }
    }
    // Each organization in a scope of its own, however often it is asked about.
    let mut seats = HashMap::new();
    for (organization, people) in wanted {
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        let suspended = view.organization_find(organization).await?.is_some_and(|found| found.suspended);
        for user in people {
            if let Some(member) = view.member_find(organization, user).await? {
                let late = !member.mfa_enabled && view.mfa_is_overdue(organization, user).await?;
                let status = if suspended { MemberStatus::Suspended } else { member.status };
                seats.insert((organization, user), (member.membership, status, late));
            }
        }
    }
    let answers = questions.iter().map(|question| {
        refusal(seats.get(&(question.organization, question.user)).copied(), question.permission)
    });
    Ok(answers.collect())
}

/// `seat` is who sits there, whether they are suspended, and whether they have to set up a second factor first.
fn refusal(seat: Option<(Membership, MemberStatus, bool)>, permission: Permission) -> Option<Reason> {
    let Some((membership, status, late)) = seat else { return Some(Reason::NotAMember) };
    match status {
        MemberStatus::Suspended => return Some(Reason::Suspended),
        MemberStatus::Active if late => return Some(Reason::MfaRequired),
        MemberStatus::Active => {}
    }
    match policy::decide(&Grant::Member { role: membership.role }, permission, Target::Organization) {
        Decision::Allowed => None,
        Decision::Forbidden { .. } | Decision::Hidden => Some(Reason::RoleLacksPermission),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, members::Member};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, application, member, organization, user};

    fn question(number: u8, permission: Permission) -> Question {
        Question { user: user(number).id, organization: organization().id, permission }
    }

    #[tokio::test]
    async fn in_an_organization_that_is_suspended_nobody_may_do_anything() {
        let mut unit = MockUnit::new();
        unit.expect_organization_find().returning(|_| {
            Ok(Some(rollcall_domain::organizations::Organization { suspended: true, ..organization() }))
        });
        unit.expect_member_find().returning(|_, _| Ok(Some(member(1, Role::Owner))));
        unit.expect_mfa_is_overdue().returning(|_, _| Ok(false));
        let app = application(&TestStore::of(unit), MockDirectory::new());
        let answers = evaluate(&app, &[question(1, Permission::AgentsRead)]).await.expect("answers");
        assert_eq!(answers, [Some(Reason::Suspended)]);
    }

    #[tokio::test]
    async fn each_person_is_looked_up_once_and_answers_come_in_the_order_asked() {
        let mut unit = MockUnit::new();
        unit.expect_organization_find().returning(|_| Ok(Some(organization())));
        unit.expect_member_find().times(3).returning(|_, asked| {
            let suspended = Member { status: MemberStatus::Suspended, ..member(2, Role::Owner) };
            let known = [member(1, Role::Viewer), suspended];
            Ok(known.into_iter().find(|member| member.membership.user == asked))
        });
        unit.expect_mfa_is_overdue().times(2).returning(|_, _| Ok(false));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let asked = [
            question(3, Permission::AgentsRead),
            question(1, Permission::AgentsManage),
            question(2, Permission::AgentsManage),
            question(1, Permission::AgentsRead),
        ];
        let answers = evaluate(&app, &asked).await.expect("answers");
        let expected =
            [Some(Reason::NotAMember), Some(Reason::RoleLacksPermission), Some(Reason::Suspended), None];
        assert_eq!(answers, expected);
        assert!(store.committed().is_empty());
    }
}
