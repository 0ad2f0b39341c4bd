//! Taking a passkey off.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    id::PasskeyId,
    second_factors::Method,
};

use crate::{
    Actor, Application, Error,
    mail::{Letter, SecurityNotice},
    sessions::Throttle,
};

/// Takes a passkey of the actor's off; it proves nothing any more. If it is the last second factor, the recovery codes go with it. They
/// are told by mail.
///
/// # Errors
/// [`Error::ElevationRequired`]; [`Error::NotFound`] for a passkey that is not theirs; [`Error::PasswordTooShort`] when the password would
/// be the only factor, and is too short for it.
pub async fn remove(app: &Application, actor: &Actor, id: PasskeyId) -> Result<(), Error> {
    let removed = take_off(app, actor, id).await;
    app.refusals_recorded(actor, Action::PasskeyRemoved, AuditTarget::Passkey(id), removed).await
}

async fn take_off(app: &Application, actor: &Actor, id: PasskeyId) -> Result<(), Error> {
    actor.require_elevation(app.now())?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if !unit.passkey_remove(user, id).await? {
        return Err(Error::NotFound);
    }
    // NIST SP 800-63B-4 section 3.1.1.2: shorter ones are for two factors.
    let another = unit.second_factors_settle(user).await?;
    if !another && unit.password_is_short(user).await? {
        return Err(Error::PasswordTooShort);
    }
    let event = app.event_by(actor, Action::PasskeyRemoved, AuditTarget::Passkey(id));
    let record = app.record(event.change("factor", Some(Method::Passkey.as_str()), None));
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::PasskeyRemoved };
    unit.commit(record.mail(letter)).await?;
    if !another {
        Throttle::second_factor(app, user).begin_anew(app).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, user};

    const ID: PasskeyId = PasskeyId::from_parts(0, &[1; 10]);

    fn unit(another: bool, short: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_passkey_remove().returning(|_, id| Ok(id == ID));
        unit.expect_second_factors_settle().returning(move |_| Ok(another));
        unit.expect_password_is_short().returning(move |_| Ok(short));
        unit
    }

    #[tokio::test]
    async fn a_success_commits_the_event_and_the_notice() {
        let store = TestStore::of(unit(false, false));
        let actor = actor(1, Role::Viewer);
        remove(&application(&store, MockDirectory::new()), &actor, ID).await.expect("removed");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        assert_eq!(events, [(Action::PasskeyRemoved, Outcome::Success)]);
        let notice = SecurityNotice::PasskeyRemoved;
        assert_eq!(letters, [Letter::SecurityNotice { user: actor.user_id(), notice }]);
    }

    #[tokio::test]
    async fn nist_3_1_1_2_a_short_password_keeps_its_last_second_factor() {
        for (another, refused) in [(false, true), (true, false)] {
            let store = TestStore::of(unit(another, true));
            let removed =
                remove(&application(&store, MockDirectory::new()), &actor(1, Role::Viewer), ID).await;
            assert_eq!(matches!(removed, Err(Error::PasswordTooShort)), refused, "{removed:?}");
            assert_eq!(store.committed().is_empty(), refused);
        }
    }

    #[tokio::test]
    async fn an_old_proof_or_another_s_passkey_commits_nothing_but_the_refusal() {
        let mut stale = actor(1, Role::Viewer);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        let other = PasskeyId::from_parts(0, &[2; 10]);
        for (actor, id) in [(stale, ID), (actor(1, Role::Viewer), other)] {
            let store = TestStore::of_each([unit(false, false), MockUnit::new()]);
            let refused = remove(&application(&store, MockDirectory::new()), &actor, id).await;
            assert!(matches!(refused, Err(Error::ElevationRequired | Error::NotFound)), "{refused:?}");
            assert_eq!(store.committed()[0].1, [(Action::PasskeyRemoved, Outcome::Refused)]);
        }
    }
}
