//! The invitations of the organization.

use rollcall_domain::{
    InvitationId, Permission,
    audit::{Action, AuditTarget},
    invitations::InvitationStatus,
};

use super::ListedInvitation;
use crate::{Actor, Application, Error, Page, PageRequest};

/// A page of the invitations in a status, or of all of them; the newest first.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    actor: &Actor,
    status: Option<InvitationStatus>,
    page: &PageRequest<InvitationId>,
) -> Result<Page<ListedInvitation, InvitationId>, Error> {
    let read = async {
        let seat = actor.permit(Permission::TeamInvite)?;
        let mut view = app.store.view(seat.scope()).await?;
        Ok(view.invitations_page(seat.organization, status, app.now(), page).await?)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
