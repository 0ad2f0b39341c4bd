//! Offering what waits to whoever has been idle for longest.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditTarget},
    escalations::EscalationStatus,
};

use crate::{
    Application, Error, ErrorChain,
    availability::{By, Desk},
    ports::Scope,
};

/// How many are offered at a time; the rest is offered with the next beat.
const AT_A_TIME: usize = 200;

/// Offers what waits, one after the other: the first in the queue to who has been idle for longest of those who can take it.
pub(crate) async fn assign(app: &Application, organization: OrganizationId) -> Result<(), Error> {
    for _ in 0..AT_A_TIME {
        if !assign_one(app, organization).await? {
            break;
        }
    }
    Ok(())
}

/// Says whether there may be more to offer.
async fn assign_one(app: &Application, organization: OrganizationId) -> Result<bool, Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let (now, live) = (unit.moment().await?, app.live());
    let Some((id, user)) = unit.escalation_to_offer(organization, now, live).await? else { return Ok(false) };
    // What has changed since the look is looked at again.
    let Some(mut desk) = Desk::open(app, unit.as_mut(), organization, user).await? else { return Ok(true) };
    let Some(mut escalation) = unit.escalation_lock(organization, id).await? else { return Ok(true) };
    let still = escalation.status == EscalationStatus::Waiting
        && !escalation.is_overdue(desk.now())
        && desk.agent.can_be_offered(&escalation.skills, desk.held.len(), desk.now())
        && unit.agent_kept_out(organization, user, live).await?.is_none();
    if still {
        escalation.offer(&desk.agent, &desk.settings, desk.now());
        unit.escalation_save(organization, &escalation).await?;
        let event = By::itself().event(app, Action::EscalationOffered, AuditTarget::Escalation(id));
        desk.tell(
            event
                .change(
                    "status",
                    Some(EscalationStatus::Waiting.as_str()),
                    Some(EscalationStatus::Offered.as_str()),
                )
                .change("agent", None, Some(&user.to_string()))
                .change("call", None, Some(&escalation.call.to_string())),
        );
        desk.held.push(escalation);
    }
    desk.close(app, unit.as_mut(), &By::itself()).await?.commit(app, unit).await?;
    Ok(true)
}

/// The same right after something has changed. It keeps nobody from what they have done: what does not work now is tried with the next
/// beat. Says whether it is done here at all.
pub(crate) async fn assign_soon(app: &Application, organization: OrganizationId) -> bool {
    let assigned = async {
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        let automatic = view.escalation_settings(organization).await?.automatic_assignment;
        drop(view);
        if automatic {
            assign(app, organization).await?;
        }
        Ok::<_, Error>(automatic)
    };
    assigned.await.unwrap_or_else(|error| {
        tracing::warn!(error = %ErrorChain(&error), %organization, "what waits was not offered; it is tried again");
        false
    })
}
