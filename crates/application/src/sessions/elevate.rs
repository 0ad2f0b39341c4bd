//! Proving once more who one is, for what is especially sensitive.

use rollcall_domain::{
    audit::{Action, Target},
    secret::Password,
    sessions::ELEVATION,
};
use time::OffsetDateTime;

use super::prove::prove_again;
use crate::{Actor, Application, Error};

/// What somebody proves who they are with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The password.
    pub password: Password,
}

/// Makes the actor's proof fresh; gives back until when.
///
/// # Errors
/// [`Error::WrongPassword`] for a wrong password, [`Error::LimitReached`] after too many of them;
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn elevate(app: &Application, actor: &Actor, command: Command) -> Result<OffsetDateTime, Error> {
    let elevated = prove(app, actor, command).await;
    let target = Target::Session(actor.session_id());
    app.refusals_recorded(actor, Action::SessionElevated, target, elevated).await
}

async fn prove(app: &Application, actor: &Actor, command: Command) -> Result<OffsetDateTime, Error> {
    actor.require_session()?;
    prove_again(app, actor, command.password).await?;
    let now = app.now();
    let mut unit = app.store.begin(actor.scope()).await?;
    if !unit.session_prove(actor.session_id(), now).await? {
        return Err(Error::Unauthenticated);
    }
    let event = app.event_by(actor, Action::SessionElevated, Target::Session(actor.session_id()));
    unit.commit(app.record(event)).await?;
    Ok(now + ELEVATION)
}
