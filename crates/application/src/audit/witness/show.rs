//! Who is sent the checkpoints, and what has become of the last ones.

use rollcall_domain::{OrganizationId, Permission};
use time::OffsetDateTime;

use super::{KeptWitness, SHOWN};
use crate::{
    Application, Error, Principal,
    audit::{ReadingAttempt, refusals_recorded_once},
    ports::{Scope, View},
    webhooks::{DeliveryHealth, ShownDelivery, Topic},
};

/// A witness, and the checkpoints that were to be sent.
#[derive(Debug, Clone)]
pub struct ShownWitness {
    /// The witness.
    pub kept: KeptWitness,
    /// How it goes with what it is sent.
    pub health: DeliveryHealth,
    /// The last checkpoints, the newest first.
    pub deliveries: Vec<ShownDelivery>,
}

/// The witness of the organization that one is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`]; [`Error::NotFound`] when there is none.
pub async fn show(app: &Application, principal: &Principal) -> Result<ShownWitness, Error> {
    let read = async {
        let organization = principal.permit(Permission::AuditLogRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        ShownWitness::of(view.as_mut(), organization, app.now()).await?.ok_or(Error::NotFound)
    };
    let read = read.await;
    // That there is none is no refusal.
    if matches!(read, Err(Error::NotFound)) {
        return read;
    }
    refusals_recorded_once(app, principal, ReadingAttempt::at("witness"), read).await
}

impl ShownWitness {
    /// The witness of an organization, if it has one.
    pub(crate) async fn of(
        view: &mut dyn View,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, Error> {
        let Some(kept) = view.witness_find(organization).await? else { return Ok(None) };
        let health = view.health(organization, Topic::Checkpoints).await?.at(now);
        let deliveries = view.deliveries(organization, Topic::Checkpoints, SHOWN).await?;
        Ok(Some(Self { kept, health, deliveries }))
    }
}
