//! One invitation.

use rollcall_domain::{
    InvitationId, Permission,
    audit::{Action, AuditTarget},
};

use super::ListedInvitation;
use crate::{Actor, Application, Error};

/// An invitation.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's.
pub async fn show(app: &Application, actor: &Actor, id: InvitationId) -> Result<ListedInvitation, Error> {
    let read = async {
        let seat = actor.permit(Permission::TeamInvite)?;
        let mut view = app.store.view(seat.scope()).await?;
        view.invitation_find(seat.organization, id).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Invitation(id), read.await).await
}
