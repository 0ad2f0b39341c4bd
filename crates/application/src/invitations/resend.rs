//! Sending an invitation again, with a new link.

use rollcall_domain::{
    InvitationId, Permission,
    audit::{Action, AuditTarget},
    invitations::renew,
    policy::{self, Target},
};

use super::{
    ListedInvitation,
    create::{hold_limits, within_limits},
};
use crate::{Actor, Application, Error, Precondition, actor::decided, mail::Letter};

/// Sends an invitation again: the link in the earlier mail dies at once, and the time begins anew.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::InvitationGone`] once it is accepted or taken back,
/// [`Error::InvitationPending`] when it ran out and another has taken its place, [`Error::LimitReached`], [`Error::PreconditionFailed`].
pub async fn resend(
    app: &Application,
    actor: &Actor,
    id: InvitationId,
    precondition: &Precondition,
) -> Result<ListedInvitation, Error> {
    let resent = change(app, actor, id, precondition).await;
    app.refusals_recorded(actor, Action::InvitationResent, AuditTarget::Invitation(id), resent).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    id: InvitationId,
    precondition: &Precondition,
) -> Result<ListedInvitation, Error> {
    let seat = actor.permit(Permission::TeamInvite)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    // The member before the invitation, as whoever removes members takes them.
    let held = seat.permit_on(unit.as_mut(), Permission::TeamInvite, Target::Organization).await?;
    hold_limits(app, seat, unit.as_mut()).await?;
    let invitation = unit.invitation_lock(seat.organization, id).await?.ok_or(Error::NotFound)?;
    decided(policy::decide(&held, Permission::TeamInvite, Target::Seat { role: invitation.role }))?;
    precondition.check(invitation.version)?;
    let now = app.now();
    let expires_at = renew(&invitation, now).map_err(|_| Error::InvitationGone)?;
    within_limits(app, seat, unit.as_mut()).await?;
    unit.invitation_renew(seat.organization, id, now, expires_at).await?;
    let listed = unit.invitation_find(seat.organization, id).await?.ok_or(Error::NotFound)?;
    let event = app.event_by(actor, Action::InvitationResent, AuditTarget::Invitation(id));
    let record = app.record(event).mail(Letter::invitation(seat, id));
    unit.commit(record.in_language(&actor.user.locale)).await?;
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        audit::Outcome,
        invitations::{Invitation, InvitationStatus},
    };

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application};

    fn invitation(role: Role, state: InvitationStatus) -> Invitation {
        Invitation {
            id: InvitationId::from_parts(0, &[5; 10]),
            email: "ada@example.com".parse().expect("an address"),
            role,
            kept_status: state,
            invited_by: Some(crate::testing::user(1).id),
            created_at: NOW,
            expires_at: NOW,
            accepted_at: None,
            version: 1,
        }
    }

    fn store(role: Role, state: InvitationStatus) -> TestStore {
        let mut unit = MockUnit::new();
        unit.expect_invitation_lock().returning(move |_, _| Ok(Some(invitation(role, state))));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Admin)));
        unit.expect_invitation_renew().returning(|_, _, _, _| Ok(()));
        unit.expect_invitation_find().returning(move |_, _| {
            Ok(Some(ListedInvitation { invitation: invitation(role, state), inviter_name: None }))
        });
        TestStore::of(unit)
    }

    #[tokio::test]
    async fn an_invitation_that_ran_out_is_sent_again_with_one_event_and_one_letter() {
        let store = store(Role::Viewer, InvitationStatus::Pending);
        let actor = actor(1, Role::Admin);
        let id = invitation(Role::Viewer, InvitationStatus::Pending).id;
        resend(&application(&store, MockDirectory::new()), &actor, id, &Precondition::None)
            .await
            .expect("sent again");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        assert_eq!(events, [(Action::InvitationResent, Outcome::Success)]);
        assert_eq!(letters, [Letter::invitation(actor.seat().expect("a seat"), id)]);
    }

    #[tokio::test]
    async fn an_invitation_that_is_closed_or_above_the_actor_is_not_sent_again() {
        // That it is closed is nothing about the actor, and leaves no event.
        for (role, state, recorded) in [
            (Role::Viewer, InvitationStatus::Accepted, 0),
            (Role::Viewer, InvitationStatus::Revoked, 0),
            (Role::Owner, InvitationStatus::Pending, 1),
        ] {
            let store = store(role, state);
            let id = invitation(role, state).id;
            let app = application(&store, MockDirectory::new());
            let refused = resend(&app, &actor(1, Role::Admin), id, &Precondition::None).await;
            assert!(
                matches!(refused, Err(Error::InvitationGone | Error::PermissionDenied { .. })),
                "{refused:?}"
            );
            let refusals = store.committed();
            assert_eq!(refusals.len(), recorded, "{refused:?}");
            assert!(refusals.iter().all(|(_, events, letters)| {
                events[..] == [(Action::InvitationResent, Outcome::Refused)] && letters.is_empty()
            }));
        }
    }
}
