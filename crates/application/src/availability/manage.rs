//! What supervisors say of an agent: status, capacity, skills.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
    availability::{Agent, Capacity, Choice, Skills},
    escalations::EscalationRefusal,
    policy,
    security::Control,
};

use super::{By, Desk, ListedAgent};
use crate::{Actor, Application, Error, Precondition, actor::decided, calls::identify, escalations};

/// Of whom, and what; what is left out stays.
#[derive(Debug, Clone)]
pub struct Command {
    /// The agent.
    pub user: UserId,
    /// Their status.
    pub choice: Option<Choice>,
    /// How many calls they can hold. Whoever holds more keeps them.
    pub capacity: Option<Capacity>,
    /// What they can do: all of it.
    pub skills: Option<Skills>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes an agent in their place; an Owner's, only Owners do. Whoever cannot come, as they have no live session, are suspended or late
/// with their second factor, stays offline for that cause, whatever is chosen in their place.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`] for whoever is no agent of the organization, [`Error::PreconditionFailed`],
/// [`EscalationRefusal::NotAvailable`] for whoever cannot come, and [`Error::Invalid`] for skills that identify somebody, while PHI
/// protection is on.
pub async fn manage(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let target = AuditTarget::User(command.user);
    let managed = change(app, actor, command).await;
    let agent = app.refusals_recorded(actor, Action::AvailabilityChanged, target, managed).await?;
    if let Some(organization) = actor.organization() {
        escalations::assign_soon(app, organization).await;
    }
    Ok(agent)
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let seat = actor.permit(Permission::AvailabilityManage)?;
    let (organization, user, live) = (seat.organization, command.user, app.live());
    let mut unit = app.store.begin(seat.scope()).await?;
    let masks = match command.skills {
        Some(_) => unit.control_hold(organization, Control::PhiProtection).await?,
        None => false,
    };
    let power = Permission::AvailabilityManage;
    let held = seat.permit_on(unit.as_mut(), power, policy::Target::Organization).await?;
    // Whoever is no agent is told apart from nobody by whoever may see the team, and by nobody else.
    let now = unit.moment().await?;
    unit.agent_find(organization, user, now, live).await?.ok_or(Error::NotFound)?;
    let role = unit.member_hold(organization, user).await?.ok_or(Error::NotFound)?;
    decided(policy::decide(&held, power, policy::Target::Seat { role }))?;
    if masks && command.skills.as_ref().is_some_and(identify) {
        return Err(escalations::identifying_skills());
    }
    unit.agent_add(organization, &Agent::new(user, now)).await?;
    let desk = Desk::open(app, unit.as_mut(), organization, user).await?;
    let mut desk = desk.ok_or(Error::NotFound)?;
    desk.meets(unit.as_mut(), &command.precondition).await?;
    let was = desk.agent.clone();
    if let Some(capacity) = command.capacity {
        desk.agent.capacity = capacity;
    }
    if let Some(skills) = command.skills {
        desk.agent.skills = skills;
    }
    let kept_out = unit.agent_kept_out(organization, user, live).await?;
    match (command.choice, kept_out) {
        (None, _) => {}
        // They are offline for another cause, and stay so for that.
        (Some(Choice::Offline), Some(cause)) => desk.leave(app, unit.as_mut(), cause).await?,
        (Some(Choice::Available | Choice::Away), Some(_)) => {
            return Err(EscalationRefusal::NotAvailable.into());
        }
        (Some(choice), None) => {
            desk.agent.force(choice, desk.now());
            match choice {
                Choice::Available => {}
                Choice::Away => desk.return_offers(app, unit.as_mut()).await?,
                Choice::Offline => desk.return_everything(app, unit.as_mut()).await?,
            }
        }
    }
    let is = desk.agent.clone();
    let by = By::asking(actor);
    let mut closed = desk.close(app, unit.as_mut(), &by).await?;
    let told = closed.events.iter().any(|event| event.action == Action::AvailabilityChanged);
    let mut event = by.event(app, Action::AvailabilityChanged, AuditTarget::User(user));
    if was.capacity != is.capacity {
        let number = |agent: &Agent| agent.capacity.calls().to_string();
        event = event.change("capacity", Some(&number(&was)), Some(&number(&is)));
    }
    if was.skills != is.skills {
        let names = |agent: &Agent| agent.skills.names().join(", ");
        event = event.change("skills", Some(&names(&was)), Some(&names(&is)));
    }
    if !told && was.generation != is.generation {
        event = event.change("cause", None, Some(is.cause.as_str()));
    }
    closed.events.extend((!event.changes.is_empty()).then_some(event));
    let now = unit.moment().await?;
    let shown = unit.agent_find(organization, user, now, live).await?.ok_or(Error::NotFound)?;
    let shown = shown.shown_to(held.permissions(), actor.user_id() == user);
    closed.commit(app, unit).await?;
    Ok(shown)
}
