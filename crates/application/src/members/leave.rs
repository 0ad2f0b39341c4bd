//! Leaving an organization.

use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
    availability::Cause,
    members::{Departure, Membership},
};

use super::succession::{Successor, settle};
use crate::{
    Actor, Application, Error,
    audit::Record,
    availability::{self, By},
    ports::UnitOfWork,
};

/// Takes the actor out of the organization they are at work in; the session ends with the membership, and open
/// invitations that they stand behind are taken back.
///
/// # Errors
/// [`Error::LastOwner`], and [`Error::PermissionDenied`] to whoever is in no organization.
pub async fn leave(app: &Application, actor: &Actor) -> Result<(), Error> {
    let left = change(app, actor).await;
    app.refusals_recorded(actor, Action::MemberLeft, AuditTarget::User(actor.user_id()), left).await
}

async fn change(app: &Application, actor: &Actor) -> Result<(), Error> {
    actor.require_session()?;
    // Not a matter of permissions: whoever is shut out until they have set up a second factor may leave instead.
    let seat = actor.seat().ok_or(Error::PermissionDenied { required: Permission::OrganizationRead })?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    let member = unit.member_find(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let owners = unit.owners_count(seat.organization).await?;
    let departure = Departure::leave(member.membership, owners)?;
    let record = depart(app, actor, unit.as_mut(), seat.organization, departure).await?;
    Ok(unit.commit(record).await?)
}

/// Takes the actor out of an organization, once that is decided; gives back what there is to write down.
pub(crate) async fn depart(
    app: &Application,
    actor: &Actor,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    departure: Departure,
) -> Result<Record, Error> {
    let Membership { user, role } = departure.membership();
    // An invitation that they are in the middle of making is seen, or is not made.
    unit.member_lock(organization, user).await?;
    let settled = settle(app, actor, unit, organization, user, Successor::Nobody).await?;
    let by = By::asking(actor);
    let left = availability::leave(app, &by, unit, organization, user, Cause::Removed).await?;
    unit.member_remove(organization, user).await?;
    let event = app.event_by(actor, Action::MemberLeft, AuditTarget::User(user)).change(
        "role",
        Some(role.as_str()),
        None,
    );
    Ok(app.record(event).and_all(settled.into_iter().chain(left), app.entropy.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use rollcall_domain::{InvitationId, Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, application, member, organization};

    /// The actor in a team with so many Owners, who stands behind one invitation.
    fn team(owners: usize) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_member_find().returning(|_, _| Ok(Some(member(1, Role::Owner))));
        unit.expect_owners_count().returning(move |_| Ok(owners));
        let held = Arc::new(AtomicBool::new(false));
        let hold = held.clone();
        unit.expect_member_lock().returning(move |here, leaving| {
            let whose = (here, leaving) == (organization().id, member(1, Role::Owner).membership.user);
            hold.store(whose, Ordering::Relaxed);
            Ok(())
        });
        unit.expect_invitations_lock_of().returning(move |_, _| {
            assert!(held.load(Ordering::Relaxed), "who goes may be in the middle of making another");
            Ok(vec![(InvitationId::from_parts(0, &[5; 10]), Role::Owner)])
        });
        unit
    }

    #[tokio::test]
    async fn attack_5_what_they_stood_behind_is_taken_back_once_they_can_make_no_more() {
        let mut unit = team(2);
        unit.expect_invitation_revoke().times(1).returning(|_, _| Ok(()));
        unit.expect_member_remove().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        leave(&app, &actor(1, Role::Owner)).await.expect("left");
        let expected =
            [Action::MemberLeft, Action::InvitationRevoked].map(|action| (action, Outcome::Success));
        assert_eq!(store.committed()[0].1, expected);
    }

    #[tokio::test]
    async fn attack_7_the_last_owner_stays_with_all_that_is_theirs() {
        let store = TestStore::of(team(1));
        let app = application(&store, MockDirectory::new());
        let refused = leave(&app, &actor(1, Role::Owner)).await;
        assert!(matches!(refused, Err(Error::LastOwner)), "{refused:?}");
        assert_eq!(store.committed()[0].1, [(Action::MemberLeft, Outcome::Refused)]);
    }
}
