//! Taking a call that waits.

use rollcall_domain::{
    EscalationId, OrganizationId, Permission,
    audit::{Action, AuditTarget},
    escalations::{Escalation, EscalationRefusal, EscalationStatus},
    policy,
    secret::Secret,
};
use time::OffsetDateTime;

use super::ShownEscalation;
use crate::{
    Actor, Application, Error, Precondition, Seat,
    availability::{Attempt, By, Desk, tend_and_retry},
    ports::UnitOfWork,
    token,
};

/// A call that was taken.
#[derive(Debug)]
pub struct ClaimedEscalation {
    /// The escalation.
    pub escalation: ShownEscalation,
    /// What the lease is shown by: it is not kept, and never told again.
    pub token: Secret,
    /// Until when the lease is good, unless it is renewed.
    pub until: OffsetDateTime,
    /// Its number: higher than that of any lease before.
    pub fence: i64,
}

/// Takes a call for the actor: for one agent, whoever else asks, and within what they can hold.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`EscalationRefusal`].
pub async fn claim(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    precondition: &Precondition,
) -> Result<ClaimedEscalation, Error> {
    let taken = take(app, actor, Some((id, precondition))).await;
    let target = AuditTarget::Escalation(id);
    let taken = app.refusals_recorded(actor, Action::EscalationClaimed, target, taken).await?;
    taken.ok_or(Error::NotFound)
}

/// Takes the call for the actor that is the most urgent, and of those the one that has waited for longest. None, when none waits that
/// they can take; one that is offered to them goes first.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`EscalationRefusal::NotAvailable`].
pub async fn claim_next(app: &Application, actor: &Actor) -> Result<Option<ClaimedEscalation>, Error> {
    let taken = take(app, actor, None).await;
    app.refusals_recorded(actor, Action::EscalationClaimed, AuditTarget::Nothing, taken).await
}

async fn take(
    app: &Application,
    actor: &Actor,
    wanted: Option<(EscalationId, &Precondition)>,
) -> Result<Option<ClaimedEscalation>, Error> {
    let seat = actor.permit(Permission::EscalationsClaim)?;
    tend_and_retry(app, seat.organization, || attempt(app, actor, seat, wanted)).await
}

async fn attempt(
    app: &Application,
    actor: &Actor,
    seat: Seat,
    asked_for: Option<(EscalationId, &Precondition)>,
) -> Result<Attempt<Option<ClaimedEscalation>>, Error> {
    let id = asked_for.map(|(id, _)| id);
    let organization = seat.organization;
    let mut unit = app.store.begin(actor.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::EscalationsClaim, policy::Target::Organization).await?;
    let now = unit.moment().await?;
    let lapsed: Vec<_> = unit.agents_lapsed(organization, now).await?;
    let lapsed: Vec<_> = lapsed.into_iter().filter(|user| *user != actor.user_id()).collect();
    if !lapsed.is_empty() {
        return Ok(Attempt::Lapsed(lapsed));
    }
    let Some(mut desk) = Desk::open(app, unit.as_mut(), organization, actor.user_id()).await? else {
        let Some(id) = id else { return Err(EscalationRefusal::NotAvailable.into()) };
        unit.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)?;
        return Err(EscalationRefusal::NotAvailable.into());
    };
    // Nothing is left in the hands of whoever has signed out meanwhile.
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let now = desk.now();
    let Some(mut escalation) = wanted(unit.as_mut(), organization, &mut desk, id, now).await? else {
        return Ok(Attempt::Done(None));
    };
    // It has lapsed between the look and the lock.
    if escalation.has_lapsed(now)
        && let Some(user) = escalation.agent
    {
        return Ok(Attempt::Lapsed(vec![user]));
    }
    if let Some((_, precondition)) = asked_for {
        precondition.check(escalation.version)?;
    }
    let (token, hash) = token::mint(token::LEASE_PREFIX, app.entropy.as_ref());
    let others = desk.others(escalation.id);
    let was = escalation.status;
    escalation.claim(&desk.agent, others, hash, &desk.settings, now)?;
    unit.escalation_save(organization, &escalation).await?;
    escalation.version += 1;
    let event = app.event_by(actor, Action::EscalationClaimed, AuditTarget::Escalation(escalation.id));
    desk.tell(
        event
            .change("status", Some(was.as_str()), Some(EscalationStatus::Claimed.as_str()))
            .change("agent", None, Some(&actor.user_id().to_string()))
            .change("call", None, Some(&escalation.call.to_string())),
    );
    desk.held.retain(|held| held.id != escalation.id);
    desk.held.push(escalation.clone());
    let until = escalation.hold.map_or(now, |hold| hold.until());
    desk.close(app, unit.as_mut(), &By::asking(actor)).await?.commit(app, unit).await?;
    let fence = escalation.fence;
    let escalation = ShownEscalation { escalation, position: None, at: now };
    Ok(Attempt::Done(Some(ClaimedEscalation { escalation, token, until, fence })))
}

/// What the agent asks for, locked.
async fn wanted(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    desk: &mut Desk,
    id: Option<EscalationId>,
    now: OffsetDateTime,
) -> Result<Option<Escalation>, Error> {
    if let Some(id) = id {
        // Two agents who each want what the other holds must not wait for each other: what is held is not locked.
        let holder = unit.escalation_holder(organization, id, now).await?;
        if holder.is_some_and(|holder| holder != desk.agent.user) {
            return Err(EscalationRefusal::AlreadyClaimed.into());
        }
        let found = unit.escalation_lock(organization, id).await?;
        return Ok(Some(found.ok_or(Error::NotFound)?));
    }
    if let Some(offered) = desk.held.iter().find(|held| held.status == EscalationStatus::Offered) {
        return Ok(Some(offered.clone()));
    }
    if !desk.agent.has_room(desk.held.len(), now) {
        return Err(EscalationRefusal::NotAvailable.into());
    }
    Ok(unit.escalation_next_lock(organization, &desk.agent.skills, now).await?)
}
