//! Inviting somebody.

use rollcall_domain::{
    EmailAddress, Permission, Role,
    audit::{Action, Target as AuditTarget},
    invitations::{Invitation, LIFETIME, State},
    policy::Target,
};
use time::Duration;

use super::ListedInvitation;
use crate::{Actor, Application, Error, Seat, mail::Letter, ports::UnitOfWork};

/// Whom, and as what.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
}

/// Invites somebody and sends them a mail.
///
/// # Errors
/// [`Error::PermissionDenied`] (only Owners invite Owners), [`Error::AlreadyMember`],
/// [`Error::InvitationPending`], [`Error::LimitReached`].
pub async fn create(app: &Application, actor: &Actor, command: Command) -> Result<ListedInvitation, Error> {
    let created = add(app, actor, command).await;
    app.refusals_recorded(actor, Action::InvitationCreated, AuditTarget::Nothing, created).await
}

async fn add(app: &Application, actor: &Actor, command: Command) -> Result<ListedInvitation, Error> {
    let Command { email, role } = command;
    let seat = actor.permit_on(Permission::TeamInvite, Target::Seat { role })?;
    let now = app.now();
    let mut unit = app.store.begin(seat.scope()).await?;
    if unit.member_has_address(seat.organization, &email).await? {
        return Err(Error::AlreadyMember);
    }
    if unit.invitation_pending(seat.organization, &email, now).await? {
        return Err(Error::InvitationPending);
    }
    within_limits(app, seat, unit.as_mut()).await?;
    let invitation = Invitation {
        id: app.id(),
        email,
        role,
        state: State::Pending,
        invited_by: Some(actor.user_id()),
        created_at: now,
        expires_at: now + LIFETIME,
        accepted_at: None,
        version: 1,
    };
    // The look above gives the common answer; the database gives it to whoever comes at the same moment.
    unit.invitation_add(seat.organization, &invitation).await?;
    let event = app
        .event_by(actor, Action::InvitationCreated, AuditTarget::Invitation(invitation.id))
        .change("role", None, Some(role.as_str()))
        .personal("email", &invitation.email);
    unit.commit(app.record(event).mail(Letter::invitation(seat, invitation.id))).await?;
    Ok(ListedInvitation { invitation, inviter_name: Some(actor.user.name.to_string()) })
}

/// Refuses to send more invitation mails than the limits allow.
pub(super) async fn within_limits(app: &Application, seat: Seat, unit: &mut dyn UnitOfWork) -> Result<(), Error> {
    let Some(limits) = app.settings.limits else { return Ok(()) };
    let since = app.now() - Duration::DAY;
    let sent = unit.invitation_mails_since(seat.organization, seat.membership.user, since).await?;
    if sent.by_inviter >= limits.invitations_per_inviter
        || sent.by_organization >= limits.invitations_per_organization
    {
        return Err(Error::LimitReached { what: "invitations in 24 hours", retry_after: Duration::HOUR });
    }
    Ok(())
}
