//! Turning off the second factor of a member who has lost it.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
    members::Member,
    policy::Target,
    security::{Locked, reset},
};

use crate::availability::{By, signed_out};
use crate::{
    Actor, Application, Error, Precondition,
    accounts::turn_mfa_off,
    mail::{Letter, SecurityNotice},
    ports::Scope,
    sessions::Throttle,
};

/// Turns every second factor of a member off, with their recovery codes. All of their sessions end, and they are told by mail. It
/// is for members who are in no other organization: what guards another one too is the platform operator's to decide.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::NotFound`], [`Error::OwnMfa`], [`Error::MfaNotEnabled`], and
/// [`Error::MfaResetByOperator`]; [`Error::PreconditionFailed`] when the member is not in a version that it is meant for.
pub async fn reset_mfa(
    app: &Application,
    actor: &Actor,
    user: UserId,
    precondition: &Precondition,
) -> Result<Member, Error> {
    let done = change(app, actor, user, precondition).await;
    app.refusals_recorded(actor, Action::MfaReset, AuditTarget::User(user), done).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    user: UserId,
    precondition: &Precondition,
) -> Result<Member, Error> {
    let seat = actor.permit(Permission::OwnersManage)?;
    actor.require_elevation(app.now())?;
    let organization = seat.organization;
    // Looked for from within the organization: an id from elsewhere is none here.
    let mut view = app.store.view(seat.scope()).await?;
    view.member_find(organization, user).await?.ok_or(Error::NotFound)?;
    drop(view);

    let mut unit = app.store.begin(Scope::Seat { organization, user }).await?;
    // Whoever comes into another organization holds this too.
    let account = unit.user_lock(user).await?.ok_or(Error::NotFound)?;
    seat.permit_on(unit.as_mut(), Permission::OwnersManage, Target::Organization).await?;
    unit.member_hold(organization, user).await?.ok_or(Error::NotFound)?;
    let before = unit.member_find(organization, user).await?.ok_or(Error::NotFound)?;
    reset(Locked {
        oneself: user == actor.user_id(),
        mfa_enabled: account.mfa_enabled,
        elsewhere: unit.member_elsewhere(organization, user).await?,
    })?;
    precondition.check(before.version())?;
    turn_mfa_off(unit.as_mut(), user).await?;
    let member = unit.member_find(organization, user).await?.ok_or(Error::NotFound)?;
    let event =
        app.event_by(actor, Action::MfaReset, AuditTarget::User(user)).change("factor", Some("all"), None);
    let record = app.record(event).mail(Letter::SecurityNotice { user, notice: SecurityNotice::MfaReset });
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), user, record).await?;
    unit.commit(record).await?;
    Throttle::second_factor(app, user).begin_anew(app).await;
    Ok(member)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, accounts::User, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{
        MockDirectory, MockUnit, NOW, TestStore, actor, application, member, organization, user as account,
    };

    fn view(there: bool) -> MockUnit {
        let mut view = MockUnit::new();
        view.expect_member_find().returning(move |_, _| Ok(there.then(|| member(2, Role::Admin))));
        view
    }

    /// Member 2, with or without a second factor, here or elsewhere too; the actor has a role by now.
    fn unit(mfa_enabled: bool, elsewhere: bool, held: Role) -> MockUnit {
        let mut unit = view(true);
        unit.expect_user_lock().returning(move |_| Ok(Some(User { mfa_enabled, ..account(2) })));
        unit.expect_member_hold().returning(move |_, _| Ok(Some(held)));
        unit.expect_member_elsewhere().returning(move |_, _| Ok(elsewhere));
        unit
    }

    #[tokio::test]
    async fn a_success_ends_every_session_and_tells_the_member() {
        let mut unit = unit(true, false, Role::Owner);
        unit.expect_second_factors_remove().times(1).returning(|_| Ok(()));
        unit.expect_email_change_take_back().times(1).returning(|_| Ok(false));
        unit.expect_sessions_end().times(1).withf(|_, but| but.is_none()).returning(|_, _| Ok(vec![]));
        let store = TestStore::of_each([view(true), unit]);
        let app = application(&store, MockDirectory::new());
        let user = account(2).id;
        reset_mfa(&app, &actor(1, Role::Owner), user, &Precondition::None).await.expect("done");
        let expected = (
            Scope::Seat { organization: organization().id, user },
            vec![(Action::MfaReset, Outcome::Success)],
            vec![Letter::SecurityNotice { user, notice: SecurityNotice::MfaReset }],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn another_version_than_expected_is_left_as_it_is() {
        let store = TestStore::of_each([view(true), unit(true, false, Role::Owner)]);
        let app = application(&store, MockDirectory::new());
        let meant_for = Precondition::only(7);
        let refused = reset_mfa(&app, &actor(1, Role::Owner), account(2).id, &meant_for).await;
        assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn what_an_owner_may_not_reset_stays_on_and_is_recorded() {
        let (owner, mut stale) = (actor(1, Role::Owner), actor(1, Role::Owner));
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        for (actor, user, units) in [
            (actor(1, Role::Admin), 2, vec![]),
            (stale, 2, vec![]),
            (owner.clone(), 2, vec![view(false)]),
            (owner.clone(), 1, vec![view(true), unit(true, false, Role::Owner)]),
            (owner.clone(), 2, vec![view(true), unit(true, true, Role::Owner)]),
            // Demoted while the request was on its way.
            (owner, 2, vec![view(true), unit(true, false, Role::Admin)]),
        ] {
            let store = TestStore::of_each(units);
            let app = application(&store, MockDirectory::new());
            let refused = reset_mfa(&app, &actor, account(user).id, &Precondition::None).await;
            assert!(refused.as_ref().is_err_and(Error::is_refusal), "{refused:?}");
            assert_eq!(store.committed()[0].1, [(Action::MfaReset, Outcome::Refused)]);
        }
    }
}
