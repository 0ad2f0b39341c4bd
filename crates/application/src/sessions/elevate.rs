//! Proving once more who one is, for what is especially sensitive.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    secret::Password,
    sessions::ELEVATION,
};
use time::OffsetDateTime;

use super::{
    prove::prove_again,
    throttle::{Device, Throttle},
};
use crate::{
    Actor, Application, Error, Failure,
    ports::UnitOfWork,
    second_factors::{Presented, check, settle, told},
};

/// What somebody proves who they are with.
#[derive(Debug, Clone)]
pub enum Command {
    /// The password.
    Password(Password),
    /// A second factor of the account.
    SecondFactor(Presented),
}

/// Makes the actor's proof fresh; gives back until when.
///
/// # Errors
/// [`Error::WrongPassword`] for a wrong password, [`Error::InvalidMfaCode`] for a wrong code, [`Error::LimitReached`] after too many of
/// them; [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn elevate(app: &Application, actor: &Actor, command: Command) -> Result<OffsetDateTime, Error> {
    let elevated = prove(app, actor, command).await;
    let target = AuditTarget::Session(actor.session_id());
    app.failures_recorded(actor, Action::SessionElevated, target, elevated).await
}

async fn prove(app: &Application, actor: &Actor, command: Command) -> Result<OffsetDateTime, Failure> {
    actor.require_session()?;
    match command {
        Command::Password(password) => {
            prove_again(app, actor, password).await?;
            let unit = app.store.begin(actor.scope()).await?;
            Ok(renew(app, actor, unit, None).await?)
        }
        Command::SecondFactor(presented) => {
            let throttle = Throttle::second_factor(app, actor.user_id());
            let counted = throttle.attempt(app, Device::Session(actor.session_id()), &actor.origin).await?;
            let proven = prove_by(app, actor, &presented).await;
            settle(app, &counted, proven).await
        }
    }
}

async fn prove_by(app: &Application, actor: &Actor, presented: &Presented) -> Result<OffsetDateTime, Error> {
    let mut unit = app.store.begin(actor.scope()).await?;
    unit.user_lock(actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    if !check(app, unit.as_mut(), actor.user_id(), presented).await? {
        return Err(Error::InvalidMfaCode);
    }
    renew(app, actor, unit, Some(presented)).await
}

async fn renew(
    app: &Application,
    actor: &Actor,
    mut unit: Box<dyn UnitOfWork>,
    presented: Option<&Presented>,
) -> Result<OffsetDateTime, Error> {
    let now = app.now();
    if !unit.session_prove(actor.session_id(), now).await? {
        return Err(Error::Unauthenticated);
    }
    let factor = presented.map_or("password", |presented| presented.method().as_str());
    let event = app
        .event_by(actor, Action::SessionElevated, AuditTarget::Session(actor.session_id()))
        .change("factor", None, Some(factor));
    let record = app.record(event);
    unit.commit(match presented {
        Some(presented) => told(record, presented, actor.user_id()),
        None => record,
    })
    .await?;
    Ok(now + ELEVATION)
}
