//! Beginning to use an authenticator app: its seed is shown, once.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    second_factors::ENROLMENT_LIFETIME,
    secret::Secret,
};

use super::{TotpStage, codes};
use crate::{Actor, Application, Error};

/// What an authenticator app is given. It is known at this moment only.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The seed as it is typed.
    pub secret: Secret,
    /// The same with the names of the service and the account, as apps read it out of a picture.
    pub otpauth_uri: Secret,
}

/// Shows the seed of a new authenticator app, which is not on until [`confirm_totp`](super::confirm_totp).
///
/// # Errors
/// [`Error::ElevationRequired`], and [`Error::TotpEnabled`] when one is on.
pub async fn begin_totp(app: &Application, actor: &Actor) -> Result<Enrolment, Error> {
    let begun = begin(app, actor).await;
    app.refusals_recorded(actor, Action::TotpEnrolmentBegun, AuditTarget::User(actor.user_id()), begun).await
}

async fn begin(app: &Application, actor: &Actor) -> Result<Enrolment, Error> {
    let now = app.now();
    actor.require_elevation(now)?;
    let user = actor.user_id();
    let seed = codes::new_seed(app);
    let sealed = codes::seal_seed(app, user, &seed)?;
    let mut unit = app.store.begin(actor.scope()).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if let Some(TotpStage::Confirmed { .. }) = unit.totp_find(user).await?.map(|kept| kept.stage) {
        return Err(Error::TotpEnabled);
    }
    unit.totp_begin(user, &sealed, actor.session_id(), now, now + ENROLMENT_LIFETIME).await?;
    let event = app.event_by(actor, Action::TotpEnrolmentBegun, AuditTarget::User(user)).change(
        "factor",
        None,
        Some("totp"),
    );
    unit.commit(app.record(event)).await?;
    let otpauth_uri = seed.otpauth_uri(&app.totp_issuer, &account.email);
    Ok(Enrolment { secret: seed.base32(), otpauth_uri })
}
