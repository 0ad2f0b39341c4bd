//! Giving a member another role.

use rollcall_domain::{
    Permission, Role, UserId,
    audit::{Action, AuditTarget},
    availability::Cause,
    members::{Member, Membership, RoleChange},
};

use super::succession::{Successor, settle};
use crate::{
    Actor, Application, Error, Precondition,
    availability::{By, leave},
};

/// Whose role, and which.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whose role changes.
    pub user: UserId,
    /// The role after.
    pub role: Role,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Gives a member another role. It counts from their next request on; open invitations that they could not make in it
/// are taken back.
///
/// # Errors
/// [`Error::PermissionDenied`] (an Admin neither touches an Owner nor makes one), [`Error::NotFound`],
/// [`Error::LastOwner`], [`Error::PreconditionFailed`].
pub async fn change_role(app: &Application, actor: &Actor, command: Command) -> Result<Member, Error> {
    let target = AuditTarget::User(command.user);
    let changed = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::MemberRoleChanged, target, changed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<Member, Error> {
    let seat = actor.permit(Permission::TeamUpdateRole)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    // What the actor was when the request came in may have changed while it waited for the lock, and the organization may be suspended.
    let role = unit.member_hold(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let acting = Membership { role, ..seat.membership };
    let mut member = unit.member_find(seat.organization, command.user).await?.ok_or(Error::NotFound)?;
    let owners = unit.owners_count(seat.organization).await?;
    let change = RoleChange::decide(acting, member.membership, command.role, owners)?;
    command.precondition.check(member.version())?;
    if change.is_nothing() {
        return Ok(member);
    }
    unit.member_set_role(seat.organization, change.user(), change.to()).await?;
    let successor = Successor::InRole(change.to());
    let settled = settle(app, actor, unit.as_mut(), seat.organization, change.user(), successor).await?;
    let left = if change.to().grants(Permission::AvailabilitySet) {
        Vec::new()
    } else {
        let by = By::asking(actor);
        leave(app, &by, unit.as_mut(), seat.organization, change.user(), Cause::RoleChanged).await?
    };
    let event = app.event_by(actor, Action::MemberRoleChanged, AuditTarget::User(change.user())).change(
        "role",
        Some(change.from().as_str()),
        Some(change.to().as_str()),
    );
    unit.commit(app.record(event).and_all(settled.into_iter().chain(left), app.entropy.as_ref())).await?;
    member.membership.role = change.to();
    member.changes += 1;
    Ok(member)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Version, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::{
        ports::Scope,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, member, organization},
    };

    /// A team of two: the actor and the member whose role is to change.
    fn team(acting: Role, target: Role) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_member_hold().returning(move |_, _| Ok(Some(acting)));
        unit.expect_member_find().returning(move |_, user| {
            Ok(Some(member(2, target)).filter(|member| member.membership.user == user))
        });
        unit.expect_owners_count().returning(|_| Ok(1));
        unit.expect_invitations_lock_of().returning(|_, _| Ok(Vec::new()));
        unit
    }

    fn command(role: Role) -> Command {
        Command { user: member(2, role).membership.user, role, precondition: Precondition::None }
    }

    #[tokio::test]
    async fn a_success_commits_exactly_this_record() {
        let mut unit = team(Role::Admin, Role::Viewer);
        unit.expect_member_set_role().times(1).returning(|_, _, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let changed =
            change_role(&app, &actor(1, Role::Admin), command(Role::Member)).await.expect("a change");
        assert_eq!((changed.membership.role, changed.changes), (Role::Member, 2));
        let expected = (
            Scope::Organization(organization().id),
            vec![(Action::MemberRoleChanged, Outcome::Success)],
            vec![],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn a_refusal_changes_nothing_and_is_recorded() {
        let store = TestStore::of(team(Role::Admin, Role::Owner));
        let app = application(&store, MockDirectory::new());
        let refused = change_role(&app, &actor(1, Role::Admin), command(Role::Member)).await;
        assert!(
            matches!(refused, Err(Error::PermissionDenied { required: Permission::OwnersManage })),
            "{refused:?}"
        );
        let expected = (
            Scope::Organization(organization().id),
            vec![(Action::MemberRoleChanged, Outcome::Refused)],
            vec![],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn what_the_actor_was_when_the_request_came_in_does_not_count() {
        // Demoted to Viewer while waiting for the lock.
        let store = TestStore::of(team(Role::Viewer, Role::Member));
        let app = application(&store, MockDirectory::new());
        let refused = change_role(&app, &actor(1, Role::Owner), command(Role::Viewer)).await;
        assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn the_same_role_again_is_no_change() {
        let store = TestStore::of(team(Role::Owner, Role::Member));
        let app = application(&store, MockDirectory::new());
        let unchanged =
            change_role(&app, &actor(1, Role::Owner), command(Role::Member)).await.expect("an answer");
        assert_eq!(unchanged.changes, 1);
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn another_version_than_expected_is_refused() {
        let now = member(2, Role::Member);
        // Of another time, and of a membership before.
        for version in [Version::since(now.joined_at, 7), Version::since(NOW - Duration::DAY, now.changes)] {
            let store = TestStore::of(team(Role::Owner, Role::Member));
            let app = application(&store, MockDirectory::new());
            let command = Command { precondition: Precondition::only(version), ..command(Role::Admin) };
            let refused = change_role(&app, &actor(1, Role::Owner), command).await;
            assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }
}
