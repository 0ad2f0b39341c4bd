//! What supervisors say of an agent: status, capacity, skills.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, Target},
    availability::{Agent, Capacity, Choice, Skills},
    policy,
};

use super::{By, Desk, ListedAgent, leave::record};
use crate::{Actor, Application, Error, Precondition, escalations};

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

/// Changes an agent in their place.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`] for whoever is no agent of the organization, and [`Error::PreconditionFailed`].
pub async fn manage(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let target = Target::User(command.user);
    let managed = change(app, actor, command).await;
    let agent = app.refusals_recorded(actor, Action::AvailabilityChanged, target, managed).await?;
    if let Some(organization) = actor.organization() {
        escalations::assign_soon(app, organization).await;
    }
    Ok(agent)
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<ListedAgent, Error> {
    let seat = actor.permit(Permission::AvailabilityManage)?;
    let (organization, user, now) = (seat.organization, command.user, app.now());
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::AvailabilityManage, policy::Target::Organization).await?;
    // Whoever is no agent is told apart from nobody by whoever may see the team, and by nobody else.
    unit.agent_find(organization, user, now).await?.ok_or(Error::NotFound)?;
    unit.agent_add(organization, &Agent::new(user, now)).await?;
    let desk = Desk::open(app, unit.as_mut(), organization, user).await?;
    let mut desk = desk.ok_or(Error::NotFound)?;
    command.precondition.check(desk.agent.version)?;
    let was = desk.agent.clone();
    if let Some(capacity) = command.capacity {
        desk.agent.capacity = capacity;
    }
    if let Some(skills) = command.skills {
        desk.agent.skills = skills;
    }
    match command.choice {
        None => {}
        Some(choice) => {
            desk.agent.force(choice, now);
            match choice {
                Choice::Available => {}
                Choice::Away => desk.return_offers(app, unit.as_mut()).await?,
                Choice::Offline => desk.return_everything(app, unit.as_mut()).await?,
            }
        }
    }
    let is = desk.agent.clone();
    let by = By::asking(actor);
    let events = desk.close(app, unit.as_mut(), &by).await?;
    let told = events.iter().any(|event| event.action == Action::AvailabilityChanged);
    let mut event = by.event(app, Action::AvailabilityChanged, Target::User(user));
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
    let more = (!event.changes.is_empty()).then_some(event);
    let shown = unit.agent_find(organization, user, now).await?.ok_or(Error::NotFound)?;
    if let Some(record) = record(app, events.into_iter().chain(more)) {
        unit.commit(record).await?;
    }
    Ok(shown)
}
