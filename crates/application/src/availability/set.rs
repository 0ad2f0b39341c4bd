//! Choosing one's own status.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    availability::{Agent, Choice, StatusNote},
    policy,
    security::Control,
};

use super::{By, Desk, ListedAgent};
use crate::{Actor, Application, Error, Precondition, calls::masked_text, escalations};

/// What is chosen.
#[derive(Debug, Clone)]
pub struct Command {
    /// The status.
    pub choice: Choice,
    /// What others are told about it; nothing takes away what was said before, left out it stays.
    pub note: Option<Option<StatusNote>>,
    /// The versions that the choice is meant for.
    pub precondition: Precondition,
}

/// Chooses the actor's status. While PHI protection is on, their note is stored masked. Whoever is away is offered nothing, and
/// keeps the calls they have taken; whoever is gone keeps none.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::PreconditionFailed`].
pub async fn set(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let target = AuditTarget::User(actor.user_id());
    let set = change(app, actor, command).await;
    let agent = app.refusals_recorded(actor, Action::AvailabilityChanged, target, set).await?;
    if let Some(organization) = actor.organization() {
        escalations::assign_soon(app, organization).await;
    }
    Ok(agent)
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let seat = actor.permit(Permission::AvailabilitySet)?;
    let (organization, user) = (seat.organization, actor.user_id());
    let mut unit = app.store.begin(actor.scope()).await?;
    let masks = match command.note {
        Some(Some(_)) => unit.control_hold(organization, Control::PhiProtection).await?,
        Some(None) | None => false,
    };
    seat.permit_on(unit.as_mut(), Permission::AvailabilitySet, policy::Target::Organization).await?;
    let now = unit.moment().await?;
    unit.agent_add(organization, &Agent::new(user, now)).await?;
    let desk = Desk::open(app, unit.as_mut(), organization, user).await?;
    let mut desk = desk.ok_or_else(|| Error::Internal("an agent that is and is not".into()))?;
    // Whoever has signed out meanwhile does not come back by what they had chosen before.
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    desk.meets(unit.as_mut(), &command.precondition).await?;
    let before = desk.agent.status(desk.calls(), desk.now());
    desk.agent.choose(command.choice, desk.now());
    if let Some(note) = command.note {
        desk.agent.note = match note {
            Some(note) if masks => Some(masked_text(&note)?),
            note => note,
        };
    }
    match command.choice {
        Choice::Available => {}
        Choice::Away => desk.return_offers(app, unit.as_mut()).await?,
        Choice::Offline => desk.return_everything(app, unit.as_mut()).await?,
    }
    let by = By::asking(actor);
    let mut closed = desk.close(app, unit.as_mut(), &by).await?;
    let now = unit.moment().await?;
    let shown = unit.agent_find(organization, user, now, app.live()).await?.ok_or(Error::NotFound)?;
    // A choice is written down, also of what they were already: it holds against what was decided before it.
    let told = closed.events.iter().any(|event| event.action == Action::AvailabilityChanged);
    let chosen = (!told).then(|| {
        by.event(app, Action::AvailabilityChanged, AuditTarget::User(user))
            .change("status", Some(before.as_str()), Some(shown.status().as_str()))
            .change("cause", None, Some(shown.agent.cause.as_str()))
    });
    closed.events.extend(chosen);
    closed.commit(app, unit).await?;
    Ok(shown)
}
