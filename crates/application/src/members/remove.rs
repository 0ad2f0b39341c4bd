//! Removing a member.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
    availability::Cause,
    members::{Departure, Membership},
};

use super::succession::{Successor, settle};
use crate::{
    Actor, Application, Error, Precondition,
    availability::{By, leave},
};

/// Who goes, and who takes over what they leave behind.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who is removed.
    pub user: UserId,
    /// Who stands behind their open invitations from then on, and is asked about their API keys; left out, the invitations are taken
    /// back, and the keys go on without anybody.
    pub hand_over_to: Option<UserId>,
    /// The versions that the removal is meant for.
    pub precondition: Precondition,
}

/// Removes a member; their sessions in the organization end with the membership.
///
/// # Errors
/// [`Error::PermissionDenied`] (an Admin does not remove an Owner), [`Error::NotFound`], [`Error::LastOwner`],
/// [`Error::PreconditionFailed`], and [`Error::Invalid`] when nothing can be handed over to that person.
pub async fn remove(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let target = AuditTarget::User(command.user);
    let removed = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::MemberRemoved, target, removed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let seat = actor.permit(Permission::TeamRemove)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    // What the actor was when the request came in may have changed while it waited for the lock, and the organization may be suspended.
    let role = unit.member_hold(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let acting = Membership { role, ..seat.membership };
    let leaving = unit.member_find(seat.organization, command.user).await?.ok_or(Error::NotFound)?;
    let owners = unit.owners_count(seat.organization).await?;
    let departure = Departure::removal(acting, leaving.membership, owners)?;
    command.precondition.check(leaving.version())?;

    let successor = match command.hand_over_to {
        None => Successor::Nobody,
        Some(heir) if heir == command.user => {
            let problem = "must be somebody else than the member who is removed";
            return Err(Error::invalid("hand_over_to", problem));
        }
        Some(heir) => {
            let found = unit.member_find(seat.organization, heir).await?;
            let found = found.ok_or_else(|| Error::invalid("hand_over_to", "is not a member"))?;
            Successor::Heir(heir, found.membership.role)
        }
    };
    // An invitation that they are in the middle of making is seen, or is not made.
    unit.member_lock(seat.organization, command.user).await?;
    let settled = settle(app, actor, unit.as_mut(), seat.organization, command.user, successor).await?;
    let by = By::asking(actor);
    let left = leave(app, &by, unit.as_mut(), seat.organization, command.user, Cause::Removed).await?;
    unit.member_remove(seat.organization, command.user).await?;
    let event = app.event_by(actor, Action::MemberRemoved, AuditTarget::User(command.user)).change(
        "role",
        Some(departure.membership().role.as_str()),
        None,
    );
    Ok(unit.commit(app.record(event).and_all(settled.into_iter().chain(left), app.entropy.as_ref())).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use rollcall_domain::{InvitationId, Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, api_key, application, member};

    /// The actor, the member who goes, and the heir; the one who goes stands behind one invitation.
    fn team(target: Role, heir: Role, invited: Role) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_member_find().returning(move |_, user| {
            let team = [member(1, Role::Owner), member(2, target), member(3, heir)];
            Ok(team.into_iter().find(|member| member.membership.user == user))
        });
        unit.expect_owners_count().returning(|_| Ok(2));
        let held = Arc::new(AtomicBool::new(false));
        let hold = held.clone();
        unit.expect_member_lock().returning(move |_, leaving| {
            hold.store(leaving == user(2), Ordering::Relaxed);
            Ok(())
        });
        unit.expect_invitations_lock_of().returning(move |_, _| {
            assert!(held.load(Ordering::Relaxed), "who goes may be in the middle of making another");
            Ok(vec![(InvitationId::from_parts(0, &[5; 10]), invited)])
        });
        unit
    }

    fn user(number: u8) -> UserId {
        member(number, Role::Viewer).membership.user
    }

    fn command(hand_over_to: Option<UserId>) -> Command {
        Command { user: user(2), hand_over_to, precondition: Precondition::None }
    }

    #[tokio::test]
    async fn what_the_removed_one_stood_behind_is_handed_over_in_the_same_commit() {
        let mut unit = team(Role::Admin, Role::Admin, Role::Viewer);
        unit.expect_invitation_hand_over().times(1).returning(|_, _, _| Ok(()));
        unit.expect_api_keys_hand_over().times(1).returning(|_, _, _| Ok(vec![api_key(1).id]));
        unit.expect_member_remove().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let command = command(Some(user(3)));
        remove(&app, &actor(1, Role::Owner), command).await.expect("removed");
        let expected = [Action::MemberRemoved, Action::InvitationHandedOver, Action::ApiKeyHandedOver]
            .map(|action| (action, Outcome::Success));
        assert_eq!(store.committed()[0].1, expected);
    }

    #[tokio::test]
    async fn attack_5_what_nobody_takes_over_is_taken_back() {
        let mut unit = team(Role::Owner, Role::Admin, Role::Owner);
        unit.expect_invitation_revoke().times(1).returning(|_, _| Ok(()));
        unit.expect_member_remove().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        remove(&app, &actor(1, Role::Owner), command(None)).await.expect("removed");
        let expected =
            [Action::MemberRemoved, Action::InvitationRevoked].map(|action| (action, Outcome::Success));
        assert_eq!(store.committed()[0].1, expected);
    }

    #[tokio::test]
    async fn nothing_is_handed_over_to_whoever_could_not_have_made_it() {
        for (heir, role, invited) in [
            (3, Role::Viewer, Role::Viewer),
            (3, Role::Admin, Role::Owner),
            (2, Role::Admin, Role::Viewer),
            (9, Role::Admin, Role::Viewer),
        ] {
            let store = TestStore::of(team(Role::Admin, role, invited));
            let app = application(&store, MockDirectory::new());
            let command = command(Some(user(heir)));
            let refused = remove(&app, &actor(1, Role::Owner), command).await;
            assert!(
                matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "hand_over_to"),
                "{refused:?}"
            );
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn an_admin_does_not_remove_an_owner() {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Admin)));
        unit.expect_member_find().returning(|_, _| Ok(Some(member(2, Role::Owner))));
        unit.expect_owners_count().returning(|_| Ok(2));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let refused = remove(&app, &actor(1, Role::Admin), command(None)).await;
        assert!(
            matches!(refused, Err(Error::PermissionDenied { required: Permission::OwnersManage })),
            "{refused:?}"
        );
        assert_eq!(store.committed()[0].1, [(Action::MemberRemoved, Outcome::Refused)]);
    }
}
