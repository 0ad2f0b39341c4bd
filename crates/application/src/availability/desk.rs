//! An agent with all that they hold, locked: the one place where either changes.

use rollcall_domain::{
    EscalationId, OrganizationId, UserId, Version,
    audit::{Action, AuditTarget, Event},
    availability::{Agent, Cause, Choice},
    escalations::{Escalation, EscalationSettings, EscalationStatus, Hold},
};
use time::OffsetDateTime;

use super::{By, Lapsed, leave::record};
use crate::{Application, Error, Precondition, ports::UnitOfWork};

/// An agent with all that they hold, locked: the agent first, then what they hold.
pub(crate) struct Desk {
    organization: OrganizationId,
    /// The agent.
    pub(crate) agent: Agent,
    /// What is theirs, or offered to them.
    pub(crate) held: Vec<Escalation>,
    /// How the organization hands calls to its agents.
    pub(crate) settings: EscalationSettings,
    now: OffsetDateTime,
    as_kept: Agent,
    is_kept: bool,
    events: Vec<Event>,
    lapses: Lapses,
}

/// How much of what somebody held has run out.
#[derive(Debug, Clone, Copy, Default)]
struct Lapses {
    offers: u64,
    leases: u64,
}

/// What there is to write down of a desk.
pub(crate) struct DeskEvents {
    /// What has happened.
    pub(crate) events: Vec<Event>,
    lapses: Lapses,
}

impl DeskEvents {
    /// Commits it, if there is anything to write down.
    pub(crate) async fn commit(self, app: &Application, unit: Box<dyn UnitOfWork>) -> Result<(), Error> {
        if let Some(record) = record(app, self.events) {
            unit.commit(record).await?;
            self.lapses.count(&app.lapsed);
        }
        Ok(())
    }

    /// What has happened, for a transaction that is about more than this. It is counted already: only a fault keeps it from its end.
    pub(crate) fn into_events(self, app: &Application) -> Vec<Event> {
        self.lapses.count(&app.lapsed);
        self.events
    }
}

impl Lapses {
    fn count(self, lapsed: &Lapsed) {
        lapsed.count(self.offers, self.leases);
    }
}

impl Desk {
    /// Makes sure that the agent is in a version that something is meant for.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub(super) async fn meets(
        &self,
        unit: &mut dyn UnitOfWork,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        if *precondition == Precondition::None {
            return Ok(());
        }
        // Nobody is taken out of the organization while what they are as an agent is held.
        let member = unit.member_find(self.organization, self.agent.user).await?.ok_or(Error::NotFound)?;
        precondition.check(Version::since(member.joined_at, self.agent.version))
    }

    /// Locks it, and puts in order what time has changed. None for whoever has never been an agent.
    pub(crate) async fn open(
        app: &Application,
        unit: &mut dyn UnitOfWork,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Self>, Error> {
        let kept = unit.agent_lock(organization, user).await?;
        let held = unit.escalations_held_lock(organization, user).await?;
        let is_kept = kept.is_some();
        // Whatever is left in the hands of somebody who has gone goes back all the same.
        if !is_kept && held.is_empty() {
            return Ok(None);
        }
        // Once everything is locked: whoever had to wait does not go by the time before.
        let now = unit.moment().await?;
        let agent = kept.unwrap_or_else(|| Agent::new(user, now));
        let settings = unit.escalation_settings(organization).await?;
        let as_kept = agent.clone();
        let mut desk = Self {
            organization,
            agent,
            held,
            settings,
            now,
            as_kept,
            is_kept,
            events: Vec::new(),
            lapses: Lapses::default(),
        };
        desk.put_in_order(app, unit).await?;
        Ok(Some(desk))
    }

    /// What has lapsed goes back, and whoever was not heard of is gone, with what they had not begun.
    async fn put_in_order(&mut self, app: &Application, unit: &mut dyn UnitOfWork) -> Result<(), Error> {
        let now = self.now;
        for escalation in &self.held {
            match escalation.hold {
                Some(Hold::Offer { generation, until }) if until <= now => {
                    self.agent.did_not_answer(generation, now);
                    self.lapses.offers += 1;
                }
                Some(Hold::Lease { until, .. }) if until <= now => self.lapses.leases += 1,
                Some(_) | None => {}
            }
        }
        self.return_what(app, unit, |escalation| escalation.has_lapsed(now)).await?;
        if self.agent.chosen != Choice::Offline && !self.agent.is_there(now) {
            self.agent.leave(Cause::HeartbeatMissed);
            self.return_what(app, unit, |escalation| escalation.status == EscalationStatus::Offered).await?;
        }
        self.note(app, unit, &By::itself()).await
    }

    /// The moment that it was opened at, on the clock that all nodes share.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.now
    }

    /// In how many calls they speak.
    pub(crate) fn calls(&self) -> usize {
        self.held.iter().filter(|escalation| escalation.status == EscalationStatus::Claimed).count()
    }

    /// How much they hold besides one.
    pub(crate) fn others(&self, one: EscalationId) -> usize {
        self.held.iter().filter(|escalation| escalation.id != one).count()
    }

    /// Takes one of what they hold out of their hands, as somebody asked for it.
    pub(crate) fn hand_in(&mut self, id: EscalationId) -> Option<Escalation> {
        let place = self.held.iter().position(|escalation| escalation.id == id)?;
        let escalation = self.held.swap_remove(place);
        if escalation.status == EscalationStatus::Claimed {
            self.agent.is_rid_of_a_call(self.now);
        }
        Some(escalation)
    }

    /// Puts one back in its place.
    pub(crate) async fn give_back(
        &self,
        unit: &mut dyn UnitOfWork,
        escalation: &mut Escalation,
    ) -> Result<(), Error> {
        let call = unit.call_find(self.organization, escalation.call).await?;
        let is_over = call.is_none_or(|call| call.has_ended());
        escalation.give_back(is_over, &self.settings, self.now);
        Ok(unit.escalation_save(self.organization, escalation).await?)
    }

    /// Puts back what is picked, by itself.
    async fn return_what(
        &mut self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
        picked: impl Fn(&Escalation) -> bool,
    ) -> Result<(), Error> {
        let ids: Vec<_> = self.held.iter().filter(|held| picked(held)).map(|held| held.id).collect();
        for id in ids {
            let Some(mut escalation) = self.hand_in(id) else { continue };
            let was = escalation.status;
            self.give_back(unit, &mut escalation).await?;
            let event = By::itself().event(app, Action::EscalationReturned, AuditTarget::Escalation(id));
            self.events.push(
                event
                    .change("status", Some(was.as_str()), Some(escalation.status.as_str()))
                    .change("agent", Some(&self.agent.user.to_string()), None)
                    .change("call", None, Some(&escalation.call.to_string())),
            );
            if escalation.status == EscalationStatus::Abandoned {
                let event = By::itself().event(app, Action::EscalationAbandoned, AuditTarget::Escalation(id));
                self.events.push(event.change("call", None, Some(&escalation.call.to_string())));
            }
        }
        Ok(())
    }

    /// Puts offers back: whoever does not want calls now is not waited for.
    pub(crate) async fn return_offers(
        &mut self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
    ) -> Result<(), Error> {
        self.return_what(app, unit, |escalation| escalation.status == EscalationStatus::Offered).await
    }

    /// Everything goes back, and they are gone.
    pub(crate) async fn leave(
        &mut self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
        cause: Cause,
    ) -> Result<(), Error> {
        if self.agent.chosen != Choice::Offline {
            self.agent.leave(cause);
        }
        self.return_everything(app, unit).await
    }

    /// Everything goes back.
    pub(crate) async fn return_everything(
        &mut self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
    ) -> Result<(), Error> {
        self.return_what(app, unit, |_| true).await
    }

    /// Adds an event.
    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes down what the agent is now, if that is not what they were.
    async fn note(&mut self, app: &Application, unit: &mut dyn UnitOfWork, by: &By) -> Result<(), Error> {
        let Some(change) = self.agent.write_down(self.calls(), self.now) else { return Ok(()) };
        self.agent.version += 1;
        unit.availability_note(self.organization, &change, self.agent.version).await?;
        let event = by.event(app, Action::AvailabilityChanged, AuditTarget::User(change.user));
        self.events.push(
            event.change("status", Some(change.before.as_str()), Some(change.after.as_str())).change(
                "cause",
                None,
                Some(change.cause.as_str()),
            ),
        );
        Ok(())
    }

    /// Saves it; gives back what there is to write down.
    pub(crate) async fn close(
        mut self,
        app: &Application,
        unit: &mut dyn UnitOfWork,
        by: &By,
    ) -> Result<DeskEvents, Error> {
        self.note(app, unit, by).await?;
        if self.is_kept && self.agent != self.as_kept {
            if self.agent.version == self.as_kept.version {
                self.agent.version += 1;
            }
            unit.agent_save(self.organization, &self.agent).await?;
        }
        Ok(DeskEvents { events: self.events, lapses: self.lapses })
    }
}
