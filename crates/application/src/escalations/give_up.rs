//! What has waited for too long: nobody is free.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditTarget, Event},
    escalations::Escalation,
};
use time::OffsetDateTime;

use crate::{
    Application, Error,
    availability::By,
    ports::{Scope, UnitOfWork},
};

/// How many at a time.
const AT_A_TIME: u16 = 100;

/// Gives some up that have waited for as long as they were to; says whether there may be more.
pub(crate) async fn give_up_some(app: &Application, organization: OrganizationId) -> Result<bool, Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let now = unit.moment().await?;
    let overdue = unit.escalations_overdue_lock(organization, now, AT_A_TIME).await?;
    let more = overdue.len() == usize::from(AT_A_TIME);
    let mut events = Vec::with_capacity(overdue.len());
    for mut escalation in overdue {
        events.push(give_up(app, unit.as_mut(), organization, &mut escalation, now).await?);
    }
    let mut events = events.into_iter();
    if let Some(first) = events.next() {
        unit.commit(app.record(first).and_all(events, app.entropy.as_ref())).await?;
    }
    Ok(more)
}

/// Gives one up that is locked, and has waited for as long as it was to.
pub(super) async fn give_up(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    escalation: &mut Escalation,
    now: OffsetDateTime,
) -> Result<Event, Error> {
    escalation.give_up(now);
    unit.escalation_save(organization, escalation).await?;
    Ok(unanswered(app, escalation))
}

/// The event of an escalation that nobody was free for.
pub(super) fn unanswered(app: &Application, escalation: &Escalation) -> Event {
    let target = AuditTarget::Escalation(escalation.id);
    let event = By::itself().event(app, Action::EscalationUnanswered, target);
    event.change("call", None, Some(&escalation.call.to_string()))
}
