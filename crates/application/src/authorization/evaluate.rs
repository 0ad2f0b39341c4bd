//! Whether somebody, or a program, may do something in an organization, as a service beside Rollcall asks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::try_join_all;
use rollcall_domain::{
    ApiKeyId, OrganizationId, Permission, UserId,
    api_keys::Scopes,
    members::MemberStatus,
    organizations::Plan,
    policy::{self, Decision, Grant, Target},
};

use super::{DenialReason, check::lacks_plan};
use crate::{
    Application, Error,
    members::FoundSeat,
    ports::{Scope, View},
};

/// What a service wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// May this person, or this program,
    pub subject: Subject,
    /// in this organization
    pub organization: OrganizationId,
    /// do this?
    pub permission: Permission,
}

/// Whom a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// A program, by its API key. From where it may be used, and how fast, is not asked here.
    ApiKey(ApiKeyId),
}

/// What was found about whom a question is about.
#[derive(Debug, Clone, Copy)]
enum Found {
    /// Who sits there.
    Member(FoundSeat),
    /// A key that still works, its scopes, and what its organization pays for.
    ApiKey(Scopes, Plan),
    /// Either of them, in an organization that is suspended.
    Suspended,
}

/// Answers each question as it is at this moment, in the order asked: why not, or none when it is allowed. The answer
/// does not tell an unknown organization from one that the person is not in, nor an ended key from one that never was. Asking
/// leaves no event.
///
/// # Errors
/// Only when something is out of order.
pub async fn evaluate(app: &Application, questions: &[Question]) -> Result<Vec<Option<DenialReason>>, Error> {
    // Whoever is asked about several times is looked up once.
    let mut people: BTreeSet<(OrganizationId, UserId)> = BTreeSet::new();
    let mut keys: BTreeMap<OrganizationId, BTreeSet<ApiKeyId>> = BTreeMap::new();
    for Question { subject, organization, .. } in questions.iter().copied() {
        match subject {
            Subject::User(user) => {
                people.insert((organization, user));
            }
            Subject::ApiKey(key) => {
                keys.entry(organization).or_default().insert(key);
            }
        }
    }
    let seats = people.into_iter().map(|(organization, user)| async move {
        let seat = app.directory.seat(organization, user).await?;
        Ok::<_, Error>(((organization, Subject::User(user)), seat.map(Found::Member)))
    });
    let mut known: HashMap<_, _> = try_join_all(seats).await?.into_iter().collect();
    // Each organization in a scope of its own.
    for (organization, keys) in keys {
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        for key in keys {
            let found = find_key(app, view.as_mut(), organization, key).await?;
            known.insert((organization, Subject::ApiKey(key)), found);
        }
    }
    let answers = questions.iter().map(|question| {
        let found = known.get(&(question.organization, question.subject)).copied().flatten();
        refusal(app, found, question.permission)
    });
    Ok(answers.collect())
}

/// A key that still works; none of an organization that there is not.
async fn find_key(
    app: &Application,
    view: &mut dyn View,
    organization: OrganizationId,
    key: ApiKeyId,
) -> Result<Option<Found>, Error> {
    let Some(listed) = view.api_key_find(organization, key).await? else { return Ok(None) };
    let organization = view.organization_find(organization).await?;
    Ok(organization.filter(|_| listed.key.is_live(app.now())).map(|organization| {
        match organization.suspended {
            true => Found::Suspended,
            false => Found::ApiKey(listed.key.scopes, organization.plan),
        }
    }))
}

fn refusal(app: &Application, found: Option<Found>, permission: Permission) -> Option<DenialReason> {
    let (grant, lacking, plan) = match found {
        None => return Some(DenialReason::NotAMember),
        Some(Found::Suspended) => return Some(DenialReason::Suspended),
        Some(Found::Member(seat))
            if seat.organization_suspended || seat.status == MemberStatus::Suspended =>
        {
            return Some(DenialReason::Suspended);
        }
        Some(Found::Member(FoundSeat { mfa_overdue: true, .. })) => return Some(DenialReason::MfaRequired),
        Some(Found::Member(FoundSeat { role, .. })) => {
            (Grant::Member { role }, DenialReason::RoleLacksPermission, None)
        }
        Some(Found::ApiKey(scopes, plan)) => {
            (Grant::ApiKey { scopes: scopes.permissions() }, DenialReason::ScopeLacksPermission, Some(plan))
        }
    };
    match policy::decide(&grant, permission, Target::Organization) {
        Decision::Allowed => plan.and_then(|plan| lacks_plan(app, plan, permission)),
        Decision::Forbidden { .. } | Decision::Hidden => Some(lacking),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, api_keys::ApiKey};

    use super::*;
    use crate::{
        api_keys::ListedKey,
        testing::{MockDirectory, MockUnit, NOW, TestStore, api_key, application, organization, user},
    };

    fn seat(role: Role) -> FoundSeat {
        FoundSeat { role, status: MemberStatus::Active, organization_suspended: false, mfa_overdue: false }
    }

    fn question(number: u8, permission: Permission) -> Question {
        Question { subject: Subject::User(user(number).id), organization: organization().id, permission }
    }

    #[tokio::test]
    async fn in_an_organization_that_is_suspended_nobody_may_do_anything() {
        let mut directory = MockDirectory::new();
        directory
            .expect_seat()
            .returning(|_, _| Ok(Some(FoundSeat { organization_suspended: true, ..seat(Role::Owner) })));
        let app = application(&TestStore::default(), directory);
        let answers = evaluate(&app, &[question(1, Permission::AgentsRead)]).await.expect("answers");
        assert_eq!(answers, [Some(DenialReason::Suspended)]);
    }

    #[tokio::test]
    async fn each_person_is_looked_up_once_and_answers_come_in_the_order_asked() {
        let mut directory = MockDirectory::new();
        directory.expect_seat().times(3).returning(|_, asked| {
            let suspended = FoundSeat { status: MemberStatus::Suspended, ..seat(Role::Owner) };
            let known = [(user(1).id, seat(Role::Viewer)), (user(2).id, suspended)];
            Ok(known.into_iter().find(|(user, _)| *user == asked).map(|(_, seat)| seat))
        });
        let store = TestStore::default();
        let app = application(&store, directory);
        let asked = [
            question(3, Permission::AgentsRead),
            question(1, Permission::AgentsManage),
            question(2, Permission::AgentsManage),
            question(1, Permission::AgentsRead),
        ];
        let answers = evaluate(&app, &asked).await.expect("answers");
        let expected = [
            Some(DenialReason::NotAMember),
            Some(DenialReason::RoleLacksPermission),
            Some(DenialReason::Suspended),
            None,
        ];
        assert_eq!(answers, expected);
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn a_key_may_do_what_its_scopes_say_as_long_as_it_is_live() {
        let (live, scope) = (api_key(1), api_key(1).scopes.permissions().iter().next().expect("a scope"));
        let ended = ApiKey { revoked_at: Some(NOW), ..live.clone() };
        for (key, permission, answer) in [
            (Some(live.clone()), scope, None),
            (Some(live), Permission::OwnersManage, Some(DenialReason::ScopeLacksPermission)),
            (Some(ended), scope, Some(DenialReason::NotAMember)),
            (None, scope, Some(DenialReason::NotAMember)),
        ] {
            let mut unit = MockUnit::new();
            let listed = key.map(|key| ListedKey {
                key,
                previous_until: None,
                secrets: vec![1],
                last_used_at: None,
                last_used_ip: None,
            });
            unit.expect_organization_find().returning(|_| Ok(Some(organization())));
            unit.expect_api_key_find().returning(move |_, _| Ok(listed.clone()));
            let app = application(&TestStore::of(unit), MockDirectory::new());
            let subject = Subject::ApiKey(api_key(1).id);
            let question = Question { subject, organization: organization().id, permission };
            assert_eq!(evaluate(&app, &[question]).await.expect("an answer"), [answer]);
        }
    }
}
