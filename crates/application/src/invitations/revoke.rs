//! Taking an invitation back.

use rollcall_domain::{
    InvitationId, Permission,
    audit::{Action, AuditTarget},
    invitations,
    policy::{self, Target},
};

use crate::{Actor, Application, Error, Precondition, actor::decided};

/// Takes an invitation back: its link dies at once.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::InvitationGone`] once it is accepted or taken back,
/// [`Error::PreconditionFailed`].
pub async fn revoke(
    app: &Application,
    actor: &Actor,
    id: InvitationId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let revoked = change(app, actor, id, precondition).await;
    app.refusals_recorded(actor, Action::InvitationRevoked, AuditTarget::Invitation(id), revoked).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    id: InvitationId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let seat = actor.permit(Permission::TeamInvite)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    // The member before the invitation, as whoever removes members takes them.
    let held = seat.permit_on(unit.as_mut(), Permission::TeamInvite, Target::Organization).await?;
    let invitation = unit.invitation_lock(seat.organization, id).await?.ok_or(Error::NotFound)?;
    decided(policy::decide(&held, Permission::TeamInvite, Target::Seat { role: invitation.role }))?;
    precondition.check(invitation.version)?;
    invitations::revoke(&invitation).map_err(|_| Error::InvitationGone)?;
    unit.invitation_revoke(seat.organization, id).await?;
    let event = app.event_by(actor, Action::InvitationRevoked, AuditTarget::Invitation(id)).change(
        "role",
        Some(invitation.role.as_str()),
        None,
    );
    Ok(unit.commit(app.record(event)).await?)
}
