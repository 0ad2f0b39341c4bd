//! New recovery codes, in place of those there are.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    second_factors::RecoveryCode,
};

use super::give_recovery_codes;
use crate::{
    Actor, Application, Error,
    mail::{Letter, SecurityNotice},
};

/// Gives the actor's account new recovery codes, which are known at this moment only. Those it had are void.
///
/// # Errors
/// [`Error::ElevationRequired`], and [`Error::MfaNotEnabled`] when there is no second factor that they could stand in for.
pub async fn renew_recovery_codes(app: &Application, actor: &Actor) -> Result<Vec<RecoveryCode>, Error> {
    let renewed = renew(app, actor).await;
    app.refusals_recorded(actor, Action::RecoveryCodesRenewed, AuditTarget::User(actor.user_id()), renewed)
        .await
}

async fn renew(app: &Application, actor: &Actor) -> Result<Vec<RecoveryCode>, Error> {
    actor.require_elevation(app.now())?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if !account.mfa_enabled {
        return Err(Error::MfaNotEnabled);
    }
    let codes = give_recovery_codes(app, unit.as_mut(), user).await?;
    let event = app.event_by(actor, Action::RecoveryCodesRenewed, AuditTarget::User(user)).change(
        "factor",
        None,
        Some("recovery_code"),
    );
    let letter = Letter::SecurityNotice { user, notice: SecurityNotice::RecoveryCodesRenewed };
    unit.commit(app.record(event).mail(letter)).await?;
    Ok(codes)
}
