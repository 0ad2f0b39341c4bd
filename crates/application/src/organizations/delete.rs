//! Deleting an organization: nobody gets in from this moment on, and for a while the operator can undo it.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    availability::Cause,
    organizations::OrganizationDeletion,
    policy::Target,
};

use crate::{
    Actor, Application, Error, Precondition,
    availability::{By, empty},
    mail::Letter,
};

/// What is needed to delete an organization by no mistake.
#[derive(Debug, Clone)]
pub struct Command {
    /// The organization's name.
    pub confirm_name: String,
    /// The versions that the deletion is meant for.
    pub precondition: Precondition,
}

/// Deletes the organization that the actor is at work in. Every session in it ends, the actor's too, and its Owners are
/// told by mail until when it can be undone.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::Invalid`] when the name is another, and
/// [`Error::PreconditionFailed`].
pub async fn delete(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let deleted = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::OrganizationDeleted, target, deleted).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let seat = actor.permit(Permission::OrganizationDelete)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(organization).await?;
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::Unauthenticated)?;
    seat.permit_on(unit.as_mut(), Permission::OrganizationDelete, Target::Organization).await?;
    command.precondition.check(found.version)?;
    let deletion = OrganizationDeletion::decide(&found, &command.confirm_name, now)
        .map_err(|problem| Error::invalid("confirm_name", problem))?;
    // Agents before sessions, as whoever signs out takes them.
    let left = empty(app, &By::asking(actor), unit.as_mut(), organization, Cause::SignedOut).await?;
    unit.organization_delete(organization, &deletion).await?;
    let event = app.event_by(actor, Action::OrganizationDeleted, AuditTarget::Organization(organization));
    let owners = unit.owners(organization).await?;
    let letters = owners.into_iter().map(|owner| Letter::OrganizationDeleted { organization, owner });
    let record = app.record(event).and_all(left, app.entropy.as_ref());
    Ok(unit.commit(letters.fold(record, crate::audit::Record::mail)).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome, organizations::RETENTION};
    use time::Duration;

    use super::*;
    use crate::{
        ports::Scope,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization, user},
    };

    fn unit(found: bool, held: Option<Role>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_organization_lock_out().returning(move |_| Ok(found.then(organization)));
        unit.expect_member_hold().returning(move |_, _| Ok(held));
        unit.expect_owners().returning(|_| Ok(vec![user(1).id, user(2).id]));
        unit
    }

    fn command(name: &str) -> Command {
        Command { confirm_name: name.to_owned(), precondition: Precondition::None }
    }

    #[tokio::test]
    async fn a_success_commits_the_event_and_a_letter_to_each_owner() {
        let mut unit = unit(true, Some(Role::Owner));
        unit.expect_organization_delete()
            .times(1)
            .withf(|_, deletion| deletion.at() == NOW && deletion.purge_at() == NOW + RETENTION)
            .returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        delete(&app, &actor(1, Role::Owner), command("Acme")).await.expect("deleted");
        let organization = organization().id;
        let letter = |owner| Letter::OrganizationDeleted { organization, owner: user(owner).id };
        let expected = (
            Scope::Organization(organization),
            vec![(Action::OrganizationDeleted, Outcome::Success)],
            vec![letter(1), letter(2)],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn another_name_or_version_commits_nothing() {
        let other_version = Command { precondition: Precondition::only(7), ..command("Acme") };
        for command in [command("acme"), command(""), other_version] {
            let store = TestStore::of(unit(true, Some(Role::Owner)));
            let app = application(&store, MockDirectory::new());
            let refused = delete(&app, &actor(1, Role::Owner), command).await;
            assert!(matches!(refused, Err(Error::Invalid(_) | Error::PreconditionFailed)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn whoever_may_not_or_may_not_any_more_commits_nothing_but_the_refusal() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        for (actor, found, held) in [
            (actor(1, Role::Admin), true, Some(Role::Admin)),
            (stale, true, Some(Role::Owner)),
            // Demoted, removed, or too late, while the request was on its way.
            (actor(1, Role::Owner), true, Some(Role::Admin)),
            (actor(1, Role::Owner), true, None),
            (actor(1, Role::Owner), false, None),
        ] {
            let store = TestStore::of(unit(found, held));
            let app = application(&store, MockDirectory::new());
            let refused = delete(&app, &actor, command("Acme")).await;
            assert!(
                matches!(
                    refused,
                    Err(Error::PermissionDenied { .. } | Error::ElevationRequired | Error::Unauthenticated)
                ),
                "{refused:?}"
            );
            let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
            assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
        }
    }
}
