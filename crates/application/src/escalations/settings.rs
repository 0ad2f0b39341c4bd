//! How an organization hands calls to its agents.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    escalations::EscalationSettings,
    policy,
};

use super::assign_soon;
use crate::{Actor, Application, Error, FieldError, Precondition};

/// What is to be changed; what is left out stays.
#[derive(Debug, Clone)]
pub struct Command {
    /// For how long a call waits, in seconds.
    pub wait_limit_seconds: Option<i32>,
    /// For how long an offer stands, in seconds.
    pub offer_seconds: Option<i32>,
    /// How long a lease lasts, in seconds.
    pub lease_seconds: Option<i32>,
    /// Whether waiting calls are offered.
    pub automatic_assignment: Option<bool>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// How the organization hands calls to its agents.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn settings(app: &Application, actor: &Actor) -> Result<EscalationSettings, Error> {
    let read = async {
        let seat = actor.permit(Permission::AvailabilityManage)?;
        let mut view = app.store.view(seat.scope()).await?;
        Ok(view.escalation_settings(seat.organization).await?)
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}

/// Changes that. It holds for what begins from then on: calls that wait and leases that run keep their times.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Invalid`], [`Error::PreconditionFailed`].
pub async fn change_settings(
    app: &Application,
    actor: &Actor,
    command: Command,
) -> Result<EscalationSettings, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let changed = change(app, actor, command).await;
    let settings = app.refusals_recorded(actor, Action::EscalationSettingsChanged, target, changed).await?;
    if let Some(organization) = actor.organization() {
        assign_soon(app, organization).await;
    }
    Ok(settings)
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<EscalationSettings, Error> {
    let seat = actor.permit(Permission::AvailabilityManage)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::AvailabilityManage, policy::Target::Organization).await?;
    let was = unit.escalation_settings_lock(organization).await?;
    command.precondition.check(was.version)?;
    let is = EscalationSettings {
        wait_limit_seconds: command.wait_limit_seconds.unwrap_or(was.wait_limit_seconds),
        offer_seconds: command.offer_seconds.unwrap_or(was.offer_seconds),
        lease_seconds: command.lease_seconds.unwrap_or(was.lease_seconds),
        automatic_assignment: command.automatic_assignment.unwrap_or(was.automatic_assignment),
        version: was.version,
    };
    let is = is.checked().map_err(|wrong| {
        Error::Invalid(wrong.into_iter().map(|wrong| FieldError::new(wrong.field, wrong)).collect())
    })?;
    if is == was {
        return Ok(was);
    }
    let is = EscalationSettings { version: was.version + 1, ..is };
    unit.escalation_settings_save(organization, &is).await?;
    let shown = |settings: &EscalationSettings| {
        [
            ("wait_limit_seconds", settings.wait_limit_seconds.to_string()),
            ("offer_seconds", settings.offer_seconds.to_string()),
            ("lease_seconds", settings.lease_seconds.to_string()),
            ("automatic_assignment", settings.automatic_assignment.to_string()),
        ]
    };
    let event =
        app.event_by(actor, Action::EscalationSettingsChanged, AuditTarget::Organization(organization));
    let changed = shown(&was).into_iter().zip(shown(&is)).filter(|((_, was), (_, is))| was != is);
    let event =
        changed.fold(event, |event, ((field, was), (_, is))| event.change(field, Some(&was), Some(&is)));
    unit.commit(app.record(event)).await?;
    Ok(is)
}
