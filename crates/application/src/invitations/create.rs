//! Inviting somebody.

use rollcall_domain::{
    EmailAddress, Permission, Role,
    audit::{Action, AuditTarget},
    invitations::{Invitation, InvitationStatus, LIFETIME},
    policy::Target,
};
use time::Duration;

use super::ListedInvitation;
use crate::{Actor, Application, Error, Limit, Seat, actor::permit_held, mail::Letter, ports::UnitOfWork};

/// Whom, and as what.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
}

/// Invites somebody and sends them a mail.
///
/// # Errors
/// [`Error::PermissionDenied`] (only Owners invite Owners), [`Error::AlreadyMember`],
/// [`Error::InvitationPending`], [`Error::LimitReached`].
pub async fn create(app: &Application, actor: &Actor, command: Command) -> Result<ListedInvitation, Error> {
    let created = add(app, actor, command).await;
    app.refusals_recorded(actor, Action::InvitationCreated, AuditTarget::Nothing, created).await
}

async fn add(app: &Application, actor: &Actor, command: Command) -> Result<ListedInvitation, Error> {
    let Command { email, role } = command;
    let seat = actor.permit_on(Permission::TeamInvite, Target::Seat { role })?;
    let now = app.now();
    let mut unit = app.store.begin(seat.scope()).await?;
    let inviter = unit.member_hold_inviting(seat.organization, seat.membership.user, &email).await?;
    permit_held(inviter.map(|inviter| inviter.role), Permission::TeamInvite, Target::Seat { role })?;
    if inviter.is_some_and(|inviter| inviter.invites_member) {
        return Err(Error::AlreadyMember);
    }
    hold_limits(app, seat, unit.as_mut()).await?;
    within_limits(app, seat, unit.as_mut()).await?;
    let invitation = Invitation {
        id: app.id(),
        email,
        role,
        kept_status: InvitationStatus::Pending,
        invited_by: Some(actor.user_id()),
        created_at: now,
        expires_at: now + LIFETIME,
        accepted_at: None,
        version: 1,
    };
    // The database knows whether there is one already, also when two come at the same moment.
    unit.invitation_add(seat.organization, &invitation).await?;
    let event = app
        .event_by(actor, Action::InvitationCreated, AuditTarget::Invitation(invitation.id))
        .change("role", None, Some(role.as_str()))
        .address("email", &invitation.email);
    let record = app.record(event).mail(Letter::invitation(seat, invitation.id));
    unit.commit(record.in_language(&actor.user.locale)).await?;
    Ok(ListedInvitation { invitation, inviter_name: Some(actor.user.name.to_string()) })
}

/// Where invitation mails are limited: of those that an organization sends at the same moment, each is counted by the next. Comes before
/// an invitation is locked.
pub(super) async fn hold_limits(
    app: &Application,
    seat: Seat,
    unit: &mut dyn UnitOfWork,
) -> Result<(), Error> {
    if app.settings.limits.is_some() {
        unit.invitation_mails_lock(seat.organization).await?;
    }
    Ok(())
}

/// Refuses to send more invitation mails than the limits allow.
pub(super) async fn within_limits(
    app: &Application,
    seat: Seat,
    unit: &mut dyn UnitOfWork,
) -> Result<(), Error> {
    let Some(limits) = app.settings.limits else { return Ok(()) };
    let (now, window) = (app.now(), Duration::DAY);
    let sent = unit.invitation_mails_since(seat.organization, seat.membership.user, now - window).await?;
    for (count, quota, first) in [
        (sent.by_inviter, limits.invitations_per_inviter, sent.first_by_inviter),
        (sent.by_organization, limits.invitations_per_organization, sent.first_by_organization),
    ] {
        if count >= quota {
            // There is room for another when the first of them is a day ago.
            let retry_after = first.map_or(window, |first| first + window - now);
            let limit = Limit { name: "invitations", what: "invitations in 24 hours", quota, window };
            return Err(Error::LimitReached { limit, retry_after });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::audit::Outcome;

    use super::*;
    use crate::{
        Limits,
        invitations::MailsSent,
        members::Inviter,
        ports::StoreError,
        testing::{MockDirectory, MockUnit, ONE_EACH, TestStore, actor, application},
    };

    fn command(role: Role) -> Command {
        Command { email: "ada@example.com".parse().expect("an address"), role }
    }

    fn unit(member: bool, pending: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold_inviting()
            .returning(move |_, _, _| Ok(Some(Inviter { role: Role::Admin, invites_member: member })));
        unit.expect_invitation_add()
            .returning(move |_, _| if pending { Err(StoreError::InvitationPending) } else { Ok(()) });
        unit
    }

    #[tokio::test]
    async fn a_success_commits_the_event_and_the_letter_together() {
        let store = TestStore::of(unit(false, false));
        let actor = actor(1, Role::Admin);
        let created = create(&application(&store, MockDirectory::new()), &actor, command(Role::Admin)).await;
        let id = created.expect("an invitation").invitation.id;
        let (_, events, letters) = &store.committed()[0];
        assert_eq!(*events, [(Action::InvitationCreated, Outcome::Success)]);
        assert_eq!(*letters, [Letter::invitation(actor.seat().expect("a seat"), id)]);
    }

    #[tokio::test]
    async fn attack_5_only_owners_invite_owners_and_others_invite_nobody() {
        for (role, invited) in
            [(Role::Admin, Role::Owner), (Role::Member, Role::Viewer), (Role::Viewer, Role::Viewer)]
        {
            let store = TestStore::default();
            let refused =
                create(&application(&store, MockDirectory::new()), &actor(1, role), command(invited)).await;
            assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
            let (_, events, letters) = &store.committed()[0];
            assert_eq!(*events, [(Action::InvitationCreated, Outcome::Refused)]);
            assert!(letters.is_empty());
        }
    }

    #[tokio::test]
    async fn what_the_actor_was_when_the_request_came_in_does_not_count() {
        for (now, recorded) in [(Some(Role::Viewer), 1), (None, 0)] {
            let mut unit = MockUnit::new();
            let inviter = now.map(|role| Inviter { role, invites_member: false });
            unit.expect_member_hold_inviting().returning(move |_, _, _| Ok(inviter));
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            let refused = create(&app, &actor(1, Role::Admin), command(Role::Viewer)).await;
            assert!(
                matches!(refused, Err(Error::PermissionDenied { .. } | Error::Unauthenticated)),
                "{refused:?}"
            );
            let refusals = store.committed();
            assert_eq!(refusals.len(), recorded, "{refused:?}");
            assert!(refusals.iter().all(|(_, events, letters)| {
                events[..] == [(Action::InvitationCreated, Outcome::Refused)] && letters.is_empty()
            }));
        }
    }

    #[tokio::test]
    async fn a_member_or_an_open_invitation_is_a_conflict_that_commits_nothing() {
        for (member, pending) in [(true, false), (false, true)] {
            let store = TestStore::of(unit(member, pending));
            let app = application(&store, MockDirectory::new());
            let refused = create(&app, &actor(1, Role::Owner), command(Role::Viewer)).await;
            match refused {
                Err(Error::AlreadyMember) => assert!(member),
                Err(Error::InvitationPending) => assert!(pending),
                other => panic!("{other:?}"),
            }
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn whoever_may_not_invite_learns_nothing_of_the_team_and_membership_is_told_before_limits() {
        for held in [Some(Role::Admin), Some(Role::Viewer), None] {
            let mut unit = MockUnit::new();
            let inviter = held.map(|role| Inviter { role, invites_member: true });
            // Nothing else is asked, though there are limits.
            unit.expect_member_hold_inviting().times(1).returning(move |_, _, _| Ok(inviter));
            let store = TestStore::of(unit);
            let mut app = application(&store, MockDirectory::new());
            app.settings.limits = Some(ONE_EACH);
            let refused = create(&app, &actor(1, Role::Admin), command(Role::Viewer)).await;
            let as_meant = match held {
                Some(Role::Admin) => matches!(refused, Err(Error::AlreadyMember)),
                Some(_) => matches!(refused, Err(Error::PermissionDenied { .. })),
                None => matches!(refused, Err(Error::Unauthenticated)),
            };
            assert!(as_meant, "{held:?}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn limits_keep_the_mail_from_being_a_cannon() {
        for sent in [
            MailsSent { by_inviter: 10, by_organization: 10, ..MailsSent::default() },
            MailsSent { by_organization: 20, ..MailsSent::default() },
        ] {
            let mut unit = unit(false, false);
            let mut order = mockall::Sequence::new();
            unit.expect_invitation_mails_lock().times(1).in_sequence(&mut order).returning(|_| Ok(()));
            unit.expect_invitation_mails_since()
                .times(1)
                .in_sequence(&mut order)
                .returning(move |_, _, _| Ok(sent));
            let store = TestStore::of(unit);
            let mut app = application(&store, MockDirectory::new());
            app.settings.limits =
                Some(Limits { invitations_per_inviter: 10, invitations_per_organization: 20, ..ONE_EACH });
            let refused = create(&app, &actor(1, Role::Owner), command(Role::Viewer)).await;
            assert!(matches!(refused, Err(Error::LimitReached { .. })), "{refused:?}");
            let [(_, events, letters)] = store.committed().try_into().expect("one commit");
            assert_eq!(events, [(Action::InvitationCreated, Outcome::Refused)]);
            assert!(letters.is_empty(), "{letters:?}");
        }
    }
}
