//! Being heard of.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    availability::{Choice, HEARTBEAT},
};

use crate::{Actor, Application, Error};

/// Notes that the actor is there, and renews what they hold. Whoever is gone, by their choice or because nothing was heard of them,
/// stays so until they choose otherwise. Gives back what they have chosen, unless they are gone.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn beat(app: &Application, actor: &Actor) -> Result<Option<Choice>, Error> {
    let heard = async {
        let seat = actor.permit(Permission::AvailabilitySet)?;
        Ok(app.pulse.beat(seat.organization, actor.user_id(), HEARTBEAT).await?)
    };
    let target = AuditTarget::User(actor.user_id());
    app.refusals_recorded(actor, Action::PermissionDenied, target, heard.await).await
}
