//! Turning off the second factor of somebody who has lost it.

use rollcall_domain::{
    UserId,
    audit::{Action, AuditActor, AuditTarget, Origin},
};

use crate::availability::{By, signed_out};
use crate::{
    Application, Error,
    mail::{Letter, SecurityNotice},
    ports::{Scope, UnitOfWork},
    sessions::Throttle,
};

/// Turns every second factor of an account off, for the platform's operator, who has made sure of whose it is. All of its
/// sessions end, and its owner is told by mail.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::MfaNotEnabled`] when there is nothing to turn off.
pub async fn reset_mfa(app: &Application, origin: &Origin, user: UserId) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Account(user)).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::NotFound)?;
    if !account.mfa_enabled {
        return Err(Error::MfaNotEnabled);
    }
    turn_mfa_off(unit.as_mut(), user).await?;
    let event = app.event(AuditActor::Operator, origin, Action::MfaReset, AuditTarget::User(user)).change(
        "factor",
        Some("all"),
        None,
    );
    let record = app.record(event).mail(Letter::SecurityNotice { user, notice: SecurityNotice::MfaReset });
    let by = By::actor(AuditActor::Operator, origin);
    let record = signed_out(app, &by, unit.as_mut(), user, record).await?;
    unit.commit(record).await?;
    Throttle::second_factor(app, user).begin_anew(app).await;
    Ok(())
}

/// Turns every second factor of the scope's account off, which is locked, and ends its sessions. A request for another address,
/// which one of them may have left, is taken back.
pub(crate) async fn turn_mfa_off(unit: &mut dyn UnitOfWork, user: UserId) -> Result<(), Error> {
    unit.second_factors_remove(user).await?;
    unit.email_change_take_back(user).await?;
    unit.sessions_end(user, None).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{accounts::User, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, TestStore, application, user as account};

    #[tokio::test]
    async fn a_reset_by_the_operator_is_in_the_platform_s_log_and_the_owner_is_told() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(User { mfa_enabled: true, ..account(1) })));
        unit.expect_second_factors_remove().times(1).returning(|_| Ok(()));
        unit.expect_email_change_take_back().times(1).returning(|_| Ok(false));
        unit.expect_sessions_end().times(1).returning(|_, _| Ok(vec![]));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let user = account(1).id;
        reset_mfa(&app, &Origin::default(), user).await.expect("done");
        let expected = (
            Scope::Account(user),
            vec![(Action::MfaReset, Outcome::Success)],
            vec![Letter::SecurityNotice { user, notice: SecurityNotice::MfaReset }],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn without_a_second_factor_the_operator_s_reset_changes_nothing() {
        for account in [None, Some(account(1))] {
            let mut unit = MockUnit::new();
            unit.expect_user_lock().returning(move |_| Ok(account.clone()));
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            let refused = reset_mfa(&app, &Origin::default(), crate::testing::user(1).id).await;
            assert!(matches!(refused, Err(Error::NotFound | Error::MfaNotEnabled)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }
}
