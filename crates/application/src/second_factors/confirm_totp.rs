//! Confirming an authenticator app by its first code.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    second_factors::RecoveryCode,
};

use super::{Presented, TotpStage, codes, settle};
use crate::availability::{By, signed_out};
use crate::{
    Actor, Application, Error, Failure,
    mail::{Letter, SecurityNotice},
    sessions::{Device, Throttle},
};

/// Turns on the authenticator app that was begun in the actor's session, and gives back new recovery codes, which are known at this moment
/// only. With the account's first second factor all its other sessions end: none of them was opened with one.
///
/// # Errors
/// [`Error::TotpNotBegun`] when none waits; [`Error::InvalidMfaCode`]; [`Error::LimitReached`] after too many of those.
pub async fn confirm_totp(
    app: &Application,
    actor: &Actor,
    presented: Presented,
) -> Result<Vec<RecoveryCode>, Error> {
    let confirmed = count(app, actor, &presented).await;
    app.failures_recorded(actor, Action::TotpEnabled, AuditTarget::User(actor.user_id()), confirmed).await
}

async fn count(
    app: &Application,
    actor: &Actor,
    presented: &Presented,
) -> Result<Vec<RecoveryCode>, Failure> {
    actor.require_session()?;
    let throttle = Throttle::second_factor(app, actor.user_id());
    let counted = throttle.attempt(app, Device::Session(actor.session_id()), &actor.origin).await?;
    let confirmed = confirm(app, actor, presented).await;
    settle(app, &counted, confirmed).await
}

async fn confirm(
    app: &Application,
    actor: &Actor,
    presented: &Presented,
) -> Result<Vec<RecoveryCode>, Error> {
    let (user, now) = (actor.user_id(), app.now());
    let mut unit = app.store.begin(actor.scope()).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let kept = unit.totp_find(user).await?.ok_or(Error::TotpNotBegun)?;
    match kept.stage {
        TotpStage::Begun { session, expires_at } if session == actor.session_id() && now < expires_at => {}
        TotpStage::Begun { .. } => return Err(Error::TotpNotBegun),
        TotpStage::Confirmed { .. } => return Err(Error::TotpEnabled),
    }
    let seed = codes::open_seed(app, user, &kept.seed)?;
    let step = match presented {
        Presented::Totp(Some(code)) => seed.accepted(code, now, None),
        Presented::Totp(None) | Presented::RecoveryCode(_) => None,
    };
    let step = step.ok_or(Error::InvalidMfaCode)?;
    if !unit.totp_confirm(user, step, now).await? {
        return Err(Error::TotpNotBegun);
    }
    let recovery_codes = codes::give_recovery_codes(app, unit.as_mut(), user).await?;
    unit.second_factors_settle(user).await?;
    if !account.mfa_enabled {
        unit.sessions_end(user, Some(actor.session_id())).await?;
        // Whoever asked for another address in one of those does not get the account by it.
        unit.email_change_take_back(user).await?;
    }
    let event = app.event_by(actor, Action::TotpEnabled, AuditTarget::User(user)).change(
        "factor",
        None,
        Some("totp"),
    );
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::MfaEnabled };
    let record = app.record(event).mail(letter);
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), user, record).await?;
    unit.commit(record).await?;
    Ok(recovery_codes)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome, second_factors::step_at};
    use time::Duration;

    use super::*;
    use crate::{
        second_factors::StoredTotp,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, user},
    };

    fn unit(stage: impl Fn(&Actor) -> TotpStage, mfa_enabled: bool) -> (MockUnit, Presented) {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (seed, actor) = (codes::new_seed(&app), actor(1, Role::Viewer));
        let code = Presented::totp(seed.code(step_at(NOW)).expose());
        let kept = StoredTotp {
            seed: codes::seal_seed(&app, actor.user_id(), &seed).expect("sealed"),
            stage: stage(&actor),
        };
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(move |_| {
            let mut user = user(1);
            user.mfa_enabled = mfa_enabled;
            Ok(Some(user))
        });
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_totp_find().returning(move |_| Ok(Some(kept.clone())));
        (unit, code)
    }

    fn begun(actor: &Actor) -> TotpStage {
        TotpStage::Begun { session: actor.session_id(), expires_at: NOW + Duration::SECOND }
    }

    #[tokio::test]
    async fn asvs_7_4_3_the_first_second_factor_ends_the_other_sessions_and_a_further_one_does_not() {
        for mfa_enabled in [false, true] {
            let (mut unit, code) = unit(begun, mfa_enabled);
            unit.expect_totp_confirm().times(1).returning(|_, _, _| Ok(true));
            unit.expect_recovery_codes_replace()
                .withf(|_, codes, _| codes.len() == 10)
                .returning(|_, _, _| Ok(()));
            unit.expect_second_factors_settle().times(1).returning(|_| Ok(true));
            let ends = usize::from(!mfa_enabled);
            unit.expect_sessions_end()
                .times(ends)
                .withf(|_, but| but.is_some())
                .returning(|_, _| Ok(Vec::new()));
            unit.expect_email_change_take_back().times(ends).returning(|_| Ok(false));
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            let codes = confirm_totp(&app, &actor(1, Role::Viewer), code).await.expect("confirmed");
            assert_eq!(codes.len(), 10);
            let [(_, events, letters)] = store.committed().try_into().expect("one commit");
            assert_eq!(events, [(Action::TotpEnabled, Outcome::Success)]);
            let user = user(1).id;
            assert_eq!(letters, [Letter::SecurityNotice { user, notice: SecurityNotice::MfaEnabled }]);
        }
    }

    #[tokio::test]
    async fn only_the_session_that_was_shown_the_seed_confirms_it_and_only_in_time() {
        let other = |_: &Actor| TotpStage::Begun {
            session: rollcall_domain::SessionId::from_parts(0, &[9; 10]),
            expires_at: NOW + Duration::SECOND,
        };
        let late = |actor: &Actor| TotpStage::Begun { session: actor.session_id(), expires_at: NOW };
        for (unit, code) in [unit(other, false), unit(late, false)] {
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            let refused = confirm_totp(&app, &actor(1, Role::Viewer), code).await;
            assert!(matches!(refused, Err(Error::TotpNotBegun)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
        let (unit, _) = unit(begun, false);
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let refused = confirm_totp(&app, &actor(1, Role::Viewer), Presented::totp("nonsense")).await;
        assert!(matches!(refused, Err(Error::InvalidMfaCode)), "{refused:?}");
        assert_eq!(store.committed()[0].1, [(Action::TotpEnabled, Outcome::Refused)]);
    }
}
