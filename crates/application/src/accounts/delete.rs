//! Deleting one's own account: out of every organization, and out of what is kept.

use rollcall_domain::{
    InvitationId, OrganizationId, Role,
    accounts::NoticeRecipient,
    audit::{Action, AuditActor, AuditTarget, Origin},
    id::NoticeId,
    members::{Departure, Membership, TeamRefusal},
};

use crate::{
    Actor, Application, Error, Precondition,
    mail::Letter,
    members::depart,
    ports::Scope,
    sessions::{Throttle, begin_anew},
};

/// Deletes the actor's account: it leaves every organization, every session ends, and what identifies the person is erased from
/// the audit logs and from invitations to them. They get a last mail.
///
/// # Errors
/// [`Error::ElevationRequired`], [`Error::PreconditionFailed`], and [`Error::LastOwnerOf`] with the organizations that would be
/// left without an Owner.
pub async fn delete(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<(), Error> {
    let deleted = change(app, actor, precondition).await;
    app.refusals_recorded(actor, Action::AccountDeleted, AuditTarget::User(actor.user_id()), deleted).await
}

/// What is done in one organization on the way out.
enum Step {
    /// The account leaves.
    Leave(Departure),
    /// An invitation to its address is taken back: nobody could accept it any more.
    TakeBack(InvitationId, Role),
    /// Its address is sent no more checkpoints.
    Unwitness,
}

async fn change(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<(), Error> {
    actor.require_elevation(app.now())?;
    let user = actor.user_id();
    let mut unit = app.store.begin(Scope::Account(user)).await?;
    // From here on nobody signs in to the account, and it takes no other seat.
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    // By their ids, whoever locks them: two who share several organizations do not wait for each other for ever.
    let mut organizations: Vec<OrganizationId> =
        unit.seats_of(user).await?.into_iter().map(|(organization, _)| organization.id).collect();
    organizations.sort_unstable();
    for organization in &organizations {
        unit.team_lock(*organization).await?;
    }
    // Memberships before sessions, as whoever works in a session takes them.
    for organization in organizations {
        unit.member_lock(organization, user).await?;
    }
    // Organizations before sessions, as the deletion of an organization takes them.
    if !unit.session_end(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let (mut steps, mut last_owner_of) = (Vec::new(), Vec::new());
    // Read again: while we waited, somebody may have taken the account out of one.
    for (organization, role, owners) in unit.seats_with_owners(user).await? {
        match Departure::leave(Membership { user, role }, owners) {
            Ok(departure) => steps.push((organization.id, Step::Leave(departure))),
            Err(TeamRefusal::LastOwner) => last_owner_of.push((organization.id, organization.name)),
            Err(refusal @ TeamRefusal::Forbidden { .. }) => return Err(refusal.into()),
        }
    }
    if !last_owner_of.is_empty() {
        return Err(Error::LastOwnerOf { organizations: last_owner_of });
    }
    precondition.check(account.version)?;
    for (organization, invitation, role) in unit.invitations_lock_to(user).await? {
        steps.push((organization, Step::TakeBack(invitation, role)));
    }
    for organization in unit.witnessed_lock_by(user).await? {
        steps.push((organization, Step::Unwitness));
    }

    let notice: NoticeId = app.id();
    unit.notice_add(notice, &NoticeRecipient { user, email: account.email, name: account.name }).await?;
    // What is erased at the end is not written down before: from where they ask.
    let origin = Origin { request_id: actor.origin.request_id.clone(), ..Origin::default() };
    let actor = &Actor { origin, ..actor.clone() };
    let mut record = app
        .record(app.event_by(actor, Action::AccountDeleted, AuditTarget::User(user)))
        .mail(Letter::AccountDeleted { notice })
        .in_language(&actor.user.locale);
    for (organization, step) in steps {
        unit.go_on(record, Scope::Seat { organization, user }).await?;
        record = match step {
            Step::Leave(departure) => depart(app, actor, unit.as_mut(), organization, departure).await?,
            Step::TakeBack(invitation, role) => {
                unit.invitation_revoke(organization, invitation).await?;
                // The organization need not learn who has asked for it.
                let target = AuditTarget::Invitation(invitation);
                let event =
                    app.event(AuditActor::System, &Origin::default(), Action::InvitationRevoked, target);
                app.record(event.change("role", Some(role.as_str()), None))
            }
            Step::Unwitness => {
                unit.witness_remove(organization, app.now()).await?;
                let target = AuditTarget::Organization(organization);
                let event =
                    app.event(AuditActor::System, &Origin::default(), Action::AuditWitnessRemoved, target);
                app.record(event.change("witness", Some("mail"), None))
            }
        };
    }
    unit.sessions_end(user, None).await?;
    unit.user_delete(user, app.now()).await?;
    unit.commit(record).await?;
    // What was counted of attempts at its password belongs to nobody any more.
    begin_anew(app, user).await;
    Throttle::second_factor(app, user).begin_anew(app).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use rollcall_domain::{audit::Outcome, organizations::Organization};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization, user};

    fn second() -> Organization {
        Organization { id: OrganizationId::from_parts(0, &[2; 10]), ..organization() }
    }

    /// An account in two organizations, with so many Owners in each, and invited to the second once more.
    fn unit(still_open: bool, owners: [usize; 2]) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        let held = Arc::new(AtomicUsize::new(0));
        let hold = held.clone();
        unit.expect_member_lock().returning(move |_, _| {
            hold.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        unit.expect_session_end().returning(move |_| {
            assert_eq!(held.load(Ordering::Relaxed), 2, "a session is locked before a membership");
            Ok(still_open)
        });
        unit.expect_seats_of()
            .returning(|_| Ok(vec![(second(), Role::Owner), (organization(), Role::Owner)]));
        let mut sequence = mockall::Sequence::new();
        for id in [organization().id, second().id] {
            unit.expect_team_lock()
                .withf(move |locked| *locked == id)
                .times(..=1)
                .in_sequence(&mut sequence)
                .returning(|_| Ok(()));
        }
        unit.expect_seats_with_owners().returning(move |_| {
            Ok(vec![(organization(), Role::Owner, owners[0]), (second(), Role::Owner, owners[1])])
        });
        unit.expect_invitations_lock_to()
            .returning(|_| Ok(vec![(second().id, InvitationId::from_parts(0, &[5; 10]), Role::Viewer)]));
        unit.expect_invitations_lock_of().returning(|_, _| Ok(Vec::new()));
        unit.expect_witnessed_lock_by().returning(|_| Ok(vec![organization().id]));
        unit
    }

    #[tokio::test]
    async fn every_organization_has_its_own_events_and_the_account_goes_last() {
        let mut unit = unit(true, [2, 2]);
        unit.expect_notice_add().times(1).returning(|_, _| Ok(()));
        unit.expect_member_remove().times(2).returning(|_, _| Ok(()));
        unit.expect_witness_remove().times(1).returning(|_, _| Ok(()));
        unit.expect_invitation_revoke().times(1).returning(|_, _| Ok(()));
        unit.expect_sessions_end().times(1).returning(|_, _| Ok(Vec::new()));
        unit.expect_user_delete().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let actor = actor(1, Role::Owner);
        delete(&application(&store, MockDirectory::new()), &actor, &Precondition::None)
            .await
            .expect("deleted");
        let user = actor.user_id();
        let committed: Vec<_> =
            store.committed().into_iter().map(|(scope, events, _)| (scope, events)).collect();
        let seat = |organization| Scope::Seat { organization, user };
        let expected = [
            (Scope::Account(user), Action::AccountDeleted),
            (seat(organization().id), Action::MemberLeft),
            (seat(second().id), Action::MemberLeft),
            (seat(second().id), Action::InvitationRevoked),
            (seat(organization().id), Action::AuditWitnessRemoved),
        ];
        assert_eq!(committed, expected.map(|(scope, action)| (scope, vec![(action, Outcome::Success)])));
        assert!(matches!(store.committed()[0].2[..], [Letter::AccountDeleted { .. }]));
    }

    #[tokio::test]
    async fn attack_7_every_organization_without_another_owner_is_named_and_nothing_is_changed() {
        let store = TestStore::of(unit(true, [1, 1]));
        let refused =
            delete(&application(&store, MockDirectory::new()), &actor(1, Role::Owner), &Precondition::None)
                .await;
        let Err(Error::LastOwnerOf { organizations }) = refused else { panic!("{refused:?}") };
        let ids: Vec<_> = organizations.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [organization().id, second().id]);
        assert_eq!(store.committed().len(), 1);
        assert_eq!(store.committed()[0].1, [(Action::AccountDeleted, Outcome::Refused)]);
    }

    #[tokio::test]
    async fn an_old_proof_or_a_session_that_was_ended_in_the_meantime_deletes_nothing() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        for (actor, still_open) in [(stale, true), (actor(1, Role::Owner), false)] {
            let store = TestStore::of(unit(still_open, [2, 2]));
            let refused =
                delete(&application(&store, MockDirectory::new()), &actor, &Precondition::None).await;
            assert!(matches!(refused, Err(Error::ElevationRequired | Error::Unauthenticated)), "{refused:?}");
            let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
            assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
        }
    }
}
