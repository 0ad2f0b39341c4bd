//! Taking an authenticator app off.

use rollcall_domain::audit::{Action, AuditTarget};

use crate::{
    Actor, Application, Error,
    mail::{Letter, SecurityNotice},
    sessions::Throttle,
};

/// Takes the actor's authenticator app off. If it is the last second factor, the recovery codes go with it.
///
/// # Errors
/// [`Error::ElevationRequired`]; [`Error::NotFound`] when none is on; [`Error::PasswordTooShort`] when the password would be the only
/// factor, and is too short for it.
pub async fn disable_totp(app: &Application, actor: &Actor) -> Result<(), Error> {
    let disabled = disable(app, actor).await;
    app.refusals_recorded(actor, Action::TotpDisabled, AuditTarget::User(actor.user_id()), disabled).await
}

async fn disable(app: &Application, actor: &Actor) -> Result<(), Error> {
    actor.require_elevation(app.now())?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if !unit.totp_remove(user).await? {
        return Err(Error::NotFound);
    }
    // NIST SP 800-63B-4 section 3.1.1.2: shorter ones are for two factors.
    if !unit.second_factors_settle(user).await? && unit.password_is_short(user).await? {
        return Err(Error::PasswordTooShort);
    }
    let event = app.event_by(actor, Action::TotpDisabled, AuditTarget::User(user)).change(
        "factor",
        Some("totp"),
        None,
    );
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::MfaDisabled };
    unit.commit(app.record(event).mail(letter)).await?;
    // Wrong codes were of the app that is off.
    Throttle::second_factor(app, user).begin_anew(app).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, actor, application, user};

    fn unit(another: bool, short: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_totp_remove().returning(|_| Ok(true));
        unit.expect_second_factors_settle().returning(move |_| Ok(another));
        unit.expect_password_is_short().returning(move |_| Ok(short));
        unit
    }

    #[tokio::test]
    async fn nist_3_1_1_2_a_short_password_keeps_its_last_second_factor() {
        for (another, short, done) in [(false, true, false), (true, true, true), (false, false, true)] {
            let store = TestStore::of(unit(another, short));
            let app = application(&store, MockDirectory::new());
            let disabled = disable_totp(&app, &actor(1, Role::Viewer)).await;
            match disabled {
                Ok(()) => assert!(done),
                Err(error) => assert!(!done && matches!(error, Error::PasswordTooShort), "{error}"),
            }
            let committed = store.committed();
            let successes = committed.iter().flat_map(|(_, events, _)| events);
            assert_eq!(
                successes.filter(|(_, outcome)| *outcome == Outcome::Success).count(),
                usize::from(done)
            );
        }
    }
}
