//! Checking a second factor.

use rollcall_domain::{UserId, second_factors::Method};

use super::{Presented, TotpStage, codes};
use crate::{
    Application, Error, ErrorChain, Failure,
    audit::Record,
    mail::{Letter, SecurityNotice},
    ports::{AttemptOutcome, UnitOfWork, View},
    sessions::Counted,
};

/// Whether what somebody presents is right, in a unit of work that has the account's lock. If so, it is used up by the commit:
/// nobody presents it again (ASVS 6.5.1).
pub(crate) async fn check(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    user: UserId,
    presented: &Presented,
) -> Result<bool, Error> {
    match presented {
        Presented::Totp(Some(code)) => {
            let Some(kept) = unit.totp_find(user).await? else { return Ok(false) };
            let TotpStage::Confirmed { last_step, .. } = kept.stage else { return Ok(false) };
            let seed = codes::open_seed(app, user, &kept.seed)?;
            match seed.accepted(code, app.now(), Some(last_step)) {
                Some(step) => Ok(unit.totp_use(user, step).await?),
                None => Ok(false),
            }
        }
        Presented::RecoveryCode(Some(code)) => Ok(unit.recovery_code_use(user, codes::hash(code)).await?),
        Presented::Totp(None) | Presented::RecoveryCode(None) => Ok(false),
    }
}

/// Settles an attempt at a second factor by what came of it; gives that back, with what the owner is told of it.
pub(crate) async fn settle<T>(
    app: &Application,
    counted: &Counted,
    result: Result<T, Error>,
) -> Result<T, Failure> {
    let settled = match &result {
        Err(Error::InvalidMfaCode) => {
            let letter = counted.letter(app).await;
            return result.map_err(|error| Failure { error, letter });
        }
        // It was right, wherever it has led.
        Ok(_) | Err(Error::NotFound) => AttemptOutcome::Good,
        Err(_) => AttemptOutcome::NotLookedAt,
    };
    // What it was for is done: that the attempt counts is no reason to say that it is not.
    if let Err(error) = counted.settle(app, settled).await {
        tracing::warn!(error = %ErrorChain(&error), "an attempt at a second factor that has not failed still counts");
    }
    Ok(result?)
}

/// The record with what the owner is told of a factor that was used.
pub(crate) fn told(record: Record, presented: &Presented, user: UserId) -> Record {
    match presented.method() {
        Method::RecoveryCode => {
            record.mail(Letter::SecurityNotice { user, notice: SecurityNotice::RecoveryCodeUsed })
        }
        Method::Totp | Method::Passkey => record,
    }
}

/// What the scope's account can be asked for.
pub(crate) async fn methods_of<V: View + ?Sized>(view: &mut V, user: UserId) -> Result<Vec<Method>, Error> {
    let totp = view.totp_find(user).await?;
    let totp = totp.is_some_and(|totp| matches!(totp.stage, TotpStage::Confirmed { .. }));
    let passkey = !view.passkeys_of(user).await?.is_empty();
    let recovery_codes = view.recovery_codes_left(user).await? > 0;
    let has = |method: &Method| match method {
        Method::Totp => totp,
        Method::RecoveryCode => recovery_codes,
        Method::Passkey => passkey,
    };
    Ok(Method::ALL.into_iter().filter(has).collect())
}
