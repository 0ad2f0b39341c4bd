//! What the removal of a member would touch, to be read before it is done.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
};

use super::Offboarding;
use crate::{Actor, Application, Error};

/// What removing a member would touch.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for whoever is not in the organization.
pub async fn offboarding(app: &Application, actor: &Actor, user: UserId) -> Result<Offboarding, Error> {
    let read = async {
        let seat = actor.permit(Permission::TeamRemove)?;
        let mut view = app.store.view(seat.scope()).await?;
        view.member_find(seat.organization, user).await?.ok_or(Error::NotFound)?;
        Ok(view.offboarding(seat.organization, user, app.now()).await?)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::User(user), read.await).await
}
