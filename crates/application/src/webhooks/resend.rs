//! What was given up is sent once more.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    policy::Target,
};

use crate::{Actor, Application, Error, Precondition};

/// Puts what the webhook of the organization that the actor is at work in has not taken on its way once more; gives back how much that
/// is. It goes to where the webhook leads now.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::PreconditionFailed`], and [`Error::NotFound`] when there is no webhook.
pub async fn resend(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<u64, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let resent = send_again(app, actor, precondition).await;
    app.refusals_recorded(actor, Action::WebhookResent, target, resent).await
}

async fn send_again(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<u64, Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    let kept = unit.webhook_lock(organization).await?.ok_or(Error::NotFound)?;
    precondition.check(kept.version())?;
    let resent = unit.webhook_resend(organization, app.now()).await?;
    let event = app.event_by(actor, Action::WebhookResent, AuditTarget::Organization(organization)).change(
        "deliveries",
        None,
        Some(&resent.to_string()),
    );
    unit.commit(app.record(event)).await?;
    Ok(resent)
}
