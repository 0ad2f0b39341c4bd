//! Sending an invitation again, with a new link.

use rollcall_domain::{
    InvitationId, Permission,
    audit::{Action, Target as AuditTarget},
    invitations::renew,
    policy::Target,
};

use super::{ListedInvitation, create::within_limits};
use crate::{Actor, Application, Error, mail::Letter};

/// Sends an invitation again: the link in the earlier mail dies at once, and the time begins anew.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::InvitationGone`] once it is accepted or taken back,
/// [`Error::InvitationPending`] when it ran out and another has taken its place, [`Error::LimitReached`].
pub async fn resend(app: &Application, actor: &Actor, id: InvitationId) -> Result<ListedInvitation, Error> {
    let resent = change(app, actor, id).await;
    app.refusals_recorded(actor, Action::InvitationResent, AuditTarget::Invitation(id), resent).await
}

async fn change(app: &Application, actor: &Actor, id: InvitationId) -> Result<ListedInvitation, Error> {
    let seat = actor.permit(Permission::TeamInvite)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    let invitation = unit.invitation_lock(seat.organization, id).await?.ok_or(Error::NotFound)?;
    actor.permit_on(Permission::TeamInvite, Target::Seat { role: invitation.role })?;
    let now = app.now();
    let expires_at = renew(&invitation, now).map_err(|_| Error::InvitationGone)?;
    within_limits(app, seat, unit.as_mut()).await?;
    unit.invitation_renew(seat.organization, id, now, expires_at).await?;
    let listed = unit.invitation_find(seat.organization, id).await?.ok_or(Error::NotFound)?;
    let event = app.event_by(actor, Action::InvitationResent, AuditTarget::Invitation(id));
    unit.commit(app.record(event).mail(Letter::invitation(seat, id))).await?;
    Ok(listed)
}
