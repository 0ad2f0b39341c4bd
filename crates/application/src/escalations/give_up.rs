//! What has waited for too long: nobody is free.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, Target},
};

use crate::{Application, Error, availability::By, ports::Scope};

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
        escalation.give_up(now);
        unit.escalation_save(organization, &escalation).await?;
        let target = Target::Escalation(escalation.id);
        let event = By::itself().event(app, Action::EscalationUnanswered, target);
        events.push(event.change("call", None, Some(&escalation.call.to_string())));
    }
    let mut events = events.into_iter();
    if let Some(first) = events.next() {
        unit.commit(app.record(first).and_all(events, app.entropy.as_ref())).await?;
    }
    Ok(more)
}
