//! Escalating a call to a human agent.

use rollcall_domain::{
    CallId, OrganizationId, Permission,
    audit::{Action, AuditTarget},
    availability::Skills,
    calls::CallRefusal,
    escalations::{Escalation, EscalationReason, EscalationRefusal, EscalationStatus, Priority},
    security::Control,
};

use super::{ShownEscalation, assign_soon, give_up::give_up};
use crate::{
    Application, Error, Principal,
    availability::{Attempt, tend_and_retry},
    calls::{identify, masked_text},
    ports::Scope,
};

/// Which call, and why.
#[derive(Debug, Clone)]
pub struct Command {
    /// The call.
    pub call: CallId,
    /// Why it needs a human.
    pub reason: EscalationReason,
    /// How urgent it is.
    pub priority: Priority,
    /// What whoever takes it must be able to do.
    pub skills: Skills,
}

/// A call that was to be escalated.
#[derive(Debug, Clone)]
pub enum Escalated {
    /// It waits now.
    New(ShownEscalation),
    /// It waits since before, for the same reason.
    Known(ShownEscalation),
}

/// Escalates a call. A repeat, as of a platform that has lost the answer, is told of the escalation that there is.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`CallRefusal::Ended`], [`EscalationRefusal::Exists`] when the call waits for
/// another reason, and [`Error::Invalid`] for skills that identify somebody, while PHI protection is on.
pub async fn create(app: &Application, principal: &Principal, command: Command) -> Result<Escalated, Error> {
    let target = AuditTarget::Call(command.call);
    let created = add(app, principal, command).await;
    let escalated = app.refusals_recorded(principal, Action::EscalationCreated, target, created).await?;
    let Escalated::New(shown) = &escalated else { return Ok(escalated) };
    let Some(organization) = principal.place().map(|place| place.id) else { return Ok(escalated) };
    if !assign_soon(app, organization).await {
        return Ok(escalated);
    }
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    let now = view.moment().await?;
    let now_shown = view.escalation_find(organization, shown.escalation.id, now).await?;
    Ok(now_shown.map_or(escalated, Escalated::New))
}

async fn add(app: &Application, principal: &Principal, command: Command) -> Result<Escalated, Error> {
    let organization = principal.permit(Permission::EscalationsCreate)?.id;
    tend_and_retry(app, organization, || attempt(app, principal, organization, &command)).await
}

async fn attempt(
    app: &Application,
    principal: &Principal,
    organization: OrganizationId,
    command: &Command,
) -> Result<Attempt<Escalated>, Error> {
    let Command { call, reason, priority, skills } = command;
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let must_mask = unit.control_hold(organization, Control::PhiProtection).await?;
    principal.permit_again(unit.as_mut(), Permission::EscalationsCreate, app.now()).await?;
    let found = unit.call_lock(organization, *call).await?.ok_or(Error::NotFound)?;
    let now = unit.moment().await?;
    let mut unanswered = None;
    if let Some(mut open) = unit.escalation_of_call_lock(organization, *call).await? {
        let lapsed = open.agent.filter(|_| open.has_lapsed(now));
        if open.clone().seen_at(now).status != EscalationStatus::Unanswered {
            let same = |reason| open.is_the_same(reason, *priority, skills);
            // It may have been masked when it came, whatever holds now.
            if !same(reason) && !same(&masked_text(reason)?) {
                return Err(EscalationRefusal::Exists.into());
            }
            let shown = unit.escalation_find(organization, open.id, now).await?.ok_or(Error::NotFound)?;
            return Ok(Attempt::Done(Escalated::Known(shown)));
        }
        // The platform has seen that nobody was free, which nobody has written down yet, and tries once more.
        if let Some(user) = lapsed {
            return Ok(Attempt::Lapsed(vec![user]));
        }
        unanswered = Some(give_up(app, unit.as_mut(), organization, &mut open, now).await?);
    }
    if must_mask && identify(skills) {
        return Err(identifying_skills());
    }
    if found.has_ended() {
        return Err(CallRefusal::Ended.into());
    }
    let settings = unit.escalation_settings(organization).await?;
    let reason = if must_mask { masked_text(reason)? } else { reason.clone() };
    let escalation = Escalation::waiting(app.id(), *call, reason, *priority, skills.clone(), &settings, now);
    unit.escalation_add(organization, &escalation).await?;
    let shown = unit.escalation_find(organization, escalation.id, now).await?.ok_or(Error::NotFound)?;
    let event = app.event_by(principal, Action::EscalationCreated, AuditTarget::Escalation(escalation.id));
    let event = event.change("call", None, Some(&call.to_string())).change(
        "priority",
        None,
        Some(&escalation.priority.number().to_string()),
    );
    unit.commit(app.record(event).and_all(unanswered, app.entropy.as_ref())).await?;
    Ok(Attempt::Done(Escalated::New(shown)))
}

/// Skills are compared as they are written, so none can be masked.
pub(crate) fn identifying_skills() -> Error {
    let wrong = "must hold no telephone number, email address or card number, as PHI protection is on";
    Error::invalid("skills", wrong)
}
