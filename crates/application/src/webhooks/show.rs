//! Where it is told what becomes of escalated calls, and what has become of that.

use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
};
use time::OffsetDateTime;

use super::{DeliveryHealth, KeptWebhook, ShownDelivery, Topic};
use crate::{
    Actor, Application, Error,
    ports::{StoreError, View},
};

/// How many deliveries are shown.
pub(super) const SHOWN: u16 = 30;

/// A webhook, and what was to be sent.
#[derive(Debug, Clone)]
pub struct ShownWebhook {
    /// The webhook.
    pub kept: KeptWebhook,
    /// How it goes with what it is sent.
    pub health: DeliveryHealth,
    /// The last that was to be sent, the newest first.
    pub deliveries: Vec<ShownDelivery>,
}

impl ShownWebhook {
    /// The webhook of an organization, if there is one.
    pub(crate) async fn of(
        view: &mut dyn View,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, StoreError> {
        let Some(kept) = view.webhook_find(organization).await? else { return Ok(None) };
        let health = view.health(organization, Topic::Escalations).await?.at(now);
        let deliveries = view.deliveries(organization, Topic::Escalations, SHOWN).await?;
        Ok(Some(Self { kept, health, deliveries }))
    }
}

/// The webhook of the organization that one is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`]; [`Error::NotFound`] when there is none.
pub async fn show(app: &Application, actor: &Actor) -> Result<ShownWebhook, Error> {
    let seat = actor.permit(Permission::SecurityRead);
    let seat = app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, seat).await?;
    let mut view = app.store.view(seat.scope()).await?;
    // That there is none is no refusal.
    ShownWebhook::of(view.as_mut(), seat.organization, app.now()).await?.ok_or(Error::NotFound)
}
