//! Removing a member.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, Target},
    members::Departure,
};

use crate::{Actor, Application, Error};

/// Who goes, and who takes over what they leave behind.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Who is removed.
    pub user: UserId,
    /// Who stands behind their open invitations from then on; nobody in particular if left out.
    pub hand_over_to: Option<UserId>,
}

/// Removes a member; their sessions in the organization end with the membership.
///
/// # Errors
/// [`Error::PermissionDenied`] (an Admin does not remove an Owner), [`Error::NotFound`], [`Error::LastOwner`],
/// and [`Error::Invalid`] when nothing can be handed over to that person.
pub async fn remove(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let removed = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::MemberRemoved, Target::User(command.user), removed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let seat = actor.permit(Permission::TeamRemove)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    let acting = unit.member_find(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let leaving = unit.member_find(seat.organization, command.user).await?.ok_or(Error::NotFound)?;
    let owners = unit.owners_count(seat.organization).await?;
    let departure = Departure::removal(acting.membership, leaving.membership, owners)?;

    let mut event = app.event_by(actor, Action::MemberRemoved, Target::User(command.user)).change(
        "role",
        Some(departure.membership().role.as_str()),
        None,
    );
    if let Some(heir) = command.hand_over_to {
        let refused = |problem| Error::invalid("hand_over_to", problem);
        if heir == command.user {
            return Err(refused("must be somebody else than the member who is removed"));
        }
        let found = unit.member_find(seat.organization, heir).await?;
        let found = found.ok_or_else(|| refused("is not a member"))?;
        if !found.membership.role.grants(Permission::TeamInvite) {
            return Err(refused("must be a member who may invite"));
        }
        let passed_on = unit.invitations_hand_over(seat.organization, command.user, heir).await?;
        event = event.change("hand_over_to", None, Some(&heir.to_string())).change(
            "invitations_handed_over",
            None,
            Some(&passed_on.to_string()),
        );
    }
    unit.member_remove(seat.organization, command.user).await?;
    Ok(unit.commit(app.record(event)).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, application, member};

    fn team(target: Role, heir: Role) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_member_find().returning(move |_, user| {
            let team = [member(1, Role::Admin), member(2, target), member(3, heir)];
            Ok(team.into_iter().find(|member| member.membership.user == user))
        });
        unit.expect_owners_count().returning(|_| Ok(1));
        unit
    }

    fn user(number: u8) -> UserId {
        member(number, Role::Viewer).membership.user
    }

    #[tokio::test]
    async fn what_the_removed_one_stood_behind_is_handed_over_in_the_same_commit() {
        let mut unit = team(Role::Admin, Role::Admin);
        unit.expect_invitations_hand_over().times(1).returning(|_, _, _| Ok(2));
        unit.expect_member_remove().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let command = Command { user: user(2), hand_over_to: Some(user(3)) };
        remove(&app, &actor(1, Role::Admin), command).await.expect("removed");
        assert_eq!(store.committed()[0].1, [(Action::MemberRemoved, Outcome::Success)]);
    }

    #[tokio::test]
    async fn nothing_is_handed_over_to_whoever_may_not_invite() {
        for (heir, role) in [(3, Role::Viewer), (2, Role::Admin), (9, Role::Admin)] {
            let store = TestStore::of(team(Role::Admin, role));
            let app = application(&store, MockDirectory::new());
            let command = Command { user: user(2), hand_over_to: Some(user(heir)) };
            let refused = remove(&app, &actor(1, Role::Admin), command).await;
            assert!(
                matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "hand_over_to"),
                "{refused:?}"
            );
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn an_admin_does_not_remove_an_owner() {
        let store = TestStore::of(team(Role::Owner, Role::Admin));
        let app = application(&store, MockDirectory::new());
        let refused =
            remove(&app, &actor(1, Role::Admin), Command { user: user(2), hand_over_to: None }).await;
        assert!(
            matches!(refused, Err(Error::PermissionDenied { required: Permission::OwnersManage })),
            "{refused:?}"
        );
        assert_eq!(store.committed()[0].1, [(Action::MemberRemoved, Outcome::Refused)]);
    }
}
