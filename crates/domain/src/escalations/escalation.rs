//! An escalation, and the rules about who gets it.

use time::OffsetDateTime;

use super::{EscalationReason, EscalationSettings, EscalationStatus, Priority};
use crate::{
    CallId, EscalationId, UserId,
    availability::{Agent, Skills},
    secret::TokenHash,
};

/// A call that waits for a human agent, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Names it.
    pub id: EscalationId,
    /// The call.
    pub call: CallId,
    /// Why it needs a human.
    pub reason: EscalationReason,
    /// How urgent it is.
    pub priority: Priority,
    /// What whoever takes it must be able to do.
    pub skills: Skills,
    /// How far it has come.
    pub status: EscalationStatus,
    /// Whether the caller is to be called back.
    pub callback: bool,
    /// Who holds it; later, who held it last. None as long as nobody has.
    pub agent: Option<UserId>,
    /// How it is held, while it is.
    pub hold: Option<Hold>,
    /// Counts leases: whoever acts by a lower number acts too late.
    pub fence: i64,
    /// When it was taken last; none as long as it was not.
    pub claimed_at: Option<OffsetDateTime>,
    /// Until when it waits for somebody to be free; a call back waits on.
    pub waits_until: OffsetDateTime,
    /// When it began to wait: its place among others is by this, whatever happens in between.
    pub created_at: OffsetDateTime,
    /// When it was over; none as long as it is not.
    pub ended_at: Option<OffsetDateTime>,
    /// Counts changes, from 1, for `If-Match`.
    pub version: i32,
}

/// How an escalation is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is offered to an agent,
    Offer {
        /// in this generation of theirs,
        generation: i64,
        /// until then.
        until: OffsetDateTime,
    },
    /// An agent has taken it,
    Lease {
        /// by a token with this hash,
        token: TokenHash,
        /// until then.
        until: OffsetDateTime,
    },
}

impl Hold {
    /// Until when it is held; from that moment on it is not.
    pub const fn until(self) -> OffsetDateTime {
        match self {
            Self::Offer { until, .. } | Self::Lease { until, .. } => until,
        }
    }
}

/// What is asked for does not fit the state of an escalation, or of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EscalationRefusal {
    /// Somebody has taken it, or it is offered to somebody.
    #[error("somebody else was faster")]
    AlreadyClaimed,
    /// Whoever asks is not there, or holds as many calls as they can.
    #[error("the agent cannot take a call now")]
    NotAvailable,
    /// Whoever asks lacks what the call needs.
    #[error("the agent lacks a skill")]
    SkillsMissing,
    /// The lease has run out, was given up, or was never theirs.
    #[error("the lease is lost")]
    LeaseLost,
    /// It does not wait any more.
    #[error("the escalation is over")]
    Ended,
    /// The call waits already, for another reason or otherwise.
    #[error("the call is escalated otherwise")]
    Exists,
}

impl Escalation {
    /// One of a call that begins to wait.
    pub fn waiting(
        id: EscalationId,
        call: CallId,
        reason: EscalationReason,
        priority: Priority,
        skills: Skills,
        settings: &EscalationSettings,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            call,
            reason,
            priority,
            skills,
            status: EscalationStatus::Waiting,
            callback: false,
            agent: None,
            hold: None,
            fence: 0,
            claimed_at: None,
            waits_until: now + settings.wait_limit(),
            created_at: now,
            ended_at: None,
            version: 1,
        }
    }

    /// Whether what holds it has run out.
    pub fn has_lapsed(&self, now: OffsetDateTime) -> bool {
        self.hold.is_some_and(|hold| hold.until() <= now)
    }

    /// As it is seen at a moment, when nobody has written down yet what time has changed.
    pub fn seen_at(mut self, now: OffsetDateTime) -> Self {
        let mut ends = self.waits_until;
        if self.has_lapsed(now)
            && let Some(hold) = self.hold.take()
        {
            self.status = if self.callback { EscalationStatus::Callback } else { EscalationStatus::Waiting };
            // A lease that has lapsed begins the wait anew, an offer does not.
            if matches!(hold, Hold::Lease { .. }) {
                return self;
            }
            ends = ends.max(hold.until());
        }
        if self.is_overdue(now) {
            self.ended_at = Some(ends);
            self.status = EscalationStatus::Unanswered;
        }
        self
    }

    /// Whether it was escalated in these words.
    pub fn is_the_same(&self, reason: &EscalationReason, priority: Priority, skills: &Skills) -> bool {
        self.reason == *reason && self.priority == priority && self.skills == *skills
    }

    /// Takes it for an agent who holds so many others. What has lapsed is not looked at: it must have gone back before.
    ///
    /// # Errors
    /// By its own state [`EscalationRefusal::Ended`] and [`EscalationRefusal::AlreadyClaimed`], then by the agent's
    /// [`EscalationRefusal::NotAvailable`] and [`EscalationRefusal::SkillsMissing`].
    pub fn claim(
        &mut self,
        agent: &Agent,
        others: usize,
        token: TokenHash,
        settings: &EscalationSettings,
        now: OffsetDateTime,
    ) -> Result<(), EscalationRefusal> {
        match self.status {
            // The caller has been told that nobody is free.
            EscalationStatus::Waiting if self.is_overdue(now) => return Err(EscalationRefusal::Ended),
            EscalationStatus::Waiting | EscalationStatus::Callback => {}
            EscalationStatus::Offered if self.agent == Some(agent.user) => {}
            EscalationStatus::Offered | EscalationStatus::Claimed => {
                return Err(EscalationRefusal::AlreadyClaimed);
            }
            EscalationStatus::Resolved | EscalationStatus::Abandoned | EscalationStatus::Unanswered => {
                return Err(EscalationRefusal::Ended);
            }
        }
        if !agent.has_room(others, now) {
            return Err(EscalationRefusal::NotAvailable);
        }
        if !agent.skills.cover(&self.skills) {
            return Err(EscalationRefusal::SkillsMissing);
        }
        self.status = EscalationStatus::Claimed;
        self.agent = Some(agent.user);
        self.hold = Some(Hold::Lease { token, until: now + settings.lease() });
        self.fence += 1;
        self.claimed_at = Some(now);
        Ok(())
    }

    /// Offers it to an agent. Whether it waits, and [can be offered](Agent::can_be_offered) to them, must have been looked at before.
    pub fn offer(&mut self, agent: &Agent, settings: &EscalationSettings, now: OffsetDateTime) {
        self.status = EscalationStatus::Offered;
        self.agent = Some(agent.user);
        self.hold = Some(Hold::Offer { generation: agent.generation, until: now + settings.offer() });
    }

    /// Makes sure that somebody acts by the lease that holds it.
    ///
    /// # Errors
    /// [`EscalationRefusal::LeaseLost`].
    pub fn held_by(
        &self,
        user: UserId,
        shown: TokenHash,
        now: OffsetDateTime,
    ) -> Result<(), EscalationRefusal> {
        match self.hold {
            Some(Hold::Lease { token, until })
                if token == shown && until > now && self.agent == Some(user) =>
            {
                Ok(())
            }
            Some(_) | None => Err(EscalationRefusal::LeaseLost),
        }
    }

    /// An agent is done with it. That they [hold](Self::held_by) it must have been looked at before.
    pub fn resolve(&mut self, now: OffsetDateTime) {
        self.status = EscalationStatus::Resolved;
        self.hold = None;
        self.ended_at = Some(now);
    }

    /// Puts it back in its old place; if the call is over meanwhile, there is nobody to speak with. Once somebody had it, its wait begins
    /// anew: nobody is told that nobody is free because an agent was lost. Offered, it has only waited.
    pub fn give_back(&mut self, call_is_over: bool, settings: &EscalationSettings, now: OffsetDateTime) {
        let was_taken = matches!(self.hold.take(), Some(Hold::Lease { .. }));
        if self.callback {
            self.status = EscalationStatus::Callback;
        } else if call_is_over {
            self.status = EscalationStatus::Abandoned;
            self.ended_at = Some(now);
        } else {
            self.status = EscalationStatus::Waiting;
            if was_taken {
                self.waits_until = self.waits_until.max(now + settings.wait_limit());
            }
        }
    }

    /// The caller has hung up. Says whether that changes anything: a second time it does not.
    ///
    /// # Errors
    /// [`EscalationRefusal::AlreadyClaimed`] when an agent speaks with them, who says when that is over; [`EscalationRefusal::Ended`].
    pub fn abandon(&mut self, now: OffsetDateTime) -> Result<bool, EscalationRefusal> {
        match self.status {
            EscalationStatus::Abandoned => return Ok(false),
            EscalationStatus::Waiting | EscalationStatus::Offered | EscalationStatus::Callback => {}
            EscalationStatus::Claimed => return Err(EscalationRefusal::AlreadyClaimed),
            EscalationStatus::Resolved | EscalationStatus::Unanswered => {
                return Err(EscalationRefusal::Ended);
            }
        }
        self.status = EscalationStatus::Abandoned;
        self.hold = None;
        self.ended_at = Some(now);
        Ok(true)
    }

    /// Whether it has waited for as long as it was to.
    pub fn is_overdue(&self, now: OffsetDateTime) -> bool {
        self.status == EscalationStatus::Waiting && self.waits_until <= now
    }

    /// Nobody was free. That it [is overdue](Self::is_overdue) must have been looked at before.
    pub fn give_up(&mut self, now: OffsetDateTime) {
        self.status = EscalationStatus::Unanswered;
        self.hold = None;
        self.ended_at = Some(now);
    }

    /// The caller is to be called back. Says whether that changes anything.
    ///
    /// # Errors
    /// [`EscalationRefusal::AlreadyClaimed`] and [`EscalationRefusal::Ended`].
    pub fn call_back(&mut self) -> Result<bool, EscalationRefusal> {
        match self.status {
            EscalationStatus::Callback => return Ok(false),
            EscalationStatus::Waiting | EscalationStatus::Offered | EscalationStatus::Unanswered => {}
            EscalationStatus::Claimed => return Err(EscalationRefusal::AlreadyClaimed),
            EscalationStatus::Resolved | EscalationStatus::Abandoned => return Err(EscalationRefusal::Ended),
        }
        self.status = EscalationStatus::Callback;
        self.callback = true;
        self.hold = None;
        self.ended_at = None;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::availability::{Capacity, Choice};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const TOKEN: TokenHash = TokenHash([7; 32]);

    fn agent(number: u8) -> Agent {
        let mut agent = Agent::new(UserId::from_parts(0, &[number; 10]), NOW);
        agent.choose(Choice::Available, NOW);
        agent
    }

    fn waiting() -> Escalation {
        Escalation::waiting(
            EscalationId::from_parts(0, &[1; 10]),
            CallId::from_parts(0, &[1; 10]),
            "asks for a human".parse().expect("a reason"),
            Priority::new(5).expect("a priority"),
            Skills::default(),
            &EscalationSettings::default(),
            NOW,
        )
    }

    fn claim(escalation: &mut Escalation, agent: &Agent, others: usize) -> Result<(), EscalationRefusal> {
        escalation.claim(agent, others, TOKEN, &EscalationSettings::default(), NOW)
    }

    #[test]
    fn one_agent_gets_it_and_each_lease_has_a_higher_number() {
        let mut escalation = waiting();
        assert_eq!(claim(&mut escalation, &agent(1), 0), Ok(()));
        assert_eq!(claim(&mut escalation, &agent(2), 0), Err(EscalationRefusal::AlreadyClaimed));
        assert_eq!(claim(&mut escalation, &agent(1), 0), Err(EscalationRefusal::AlreadyClaimed));
        escalation.give_back(false, &EscalationSettings::default(), NOW);
        assert_eq!((escalation.status, escalation.fence), (EscalationStatus::Waiting, 1));
        assert_eq!(claim(&mut escalation, &agent(2), 0), Ok(()));
        assert_eq!(escalation.fence, 2);
    }

    #[test]
    fn nobody_takes_more_than_they_can_or_what_they_cannot_do() {
        let mut escalation = waiting();
        assert_eq!(claim(&mut escalation, &agent(1), 1), Err(EscalationRefusal::NotAvailable));
        let mut two = agent(1);
        two.capacity = Capacity::new(2).expect("a capacity");
        assert_eq!(claim(&mut escalation.clone(), &two, 1), Ok(()));
        two.choose(Choice::Offline, NOW);
        assert_eq!(claim(&mut escalation, &two, 0), Err(EscalationRefusal::NotAvailable));
        // Who is away may still look for one.
        two.choose(Choice::Away, NOW);
        assert_eq!(claim(&mut escalation.clone(), &two, 0), Ok(()));
        escalation.skills = Skills::new(["spanish"]).expect("skills");
        assert_eq!(claim(&mut escalation, &two, 0), Err(EscalationRefusal::SkillsMissing));
    }

    #[test]
    fn an_offer_is_taken_by_whom_it_was_made_to_and_nobody_else() {
        let mut escalation = waiting();
        escalation.offer(&agent(1), &EscalationSettings::default(), NOW);
        assert_eq!(claim(&mut escalation.clone(), &agent(2), 0), Err(EscalationRefusal::AlreadyClaimed));
        assert_eq!(claim(&mut escalation, &agent(1), 0), Ok(()));
    }

    #[test]
    fn a_lease_is_good_for_whoever_has_its_token_until_it_runs_out() {
        let mut escalation = waiting();
        claim(&mut escalation, &agent(1), 0).expect("a claim");
        let end = NOW + EscalationSettings::default().lease();
        let (user, other) = (agent(1).user, agent(2).user);
        assert_eq!(escalation.held_by(user, TOKEN, end - Duration::MICROSECOND), Ok(()));
        for (user, token, at) in [(user, TOKEN, end), (other, TOKEN, NOW), (user, TokenHash([8; 32]), NOW)] {
            assert_eq!(escalation.held_by(user, token, at), Err(EscalationRefusal::LeaseLost));
        }
        assert!(escalation.has_lapsed(end) && !escalation.has_lapsed(NOW));
        escalation.resolve(NOW);
        assert_eq!(escalation.held_by(user, TOKEN, NOW), Err(EscalationRefusal::LeaseLost));
    }

    #[test]
    fn what_is_given_back_waits_anew_unless_there_is_nobody_to_speak_with() {
        let settings = EscalationSettings::default();
        let mut escalation = waiting();
        claim(&mut escalation, &agent(1), 0).expect("a claim");
        let late = NOW + Duration::HOUR;
        escalation.clone().give_back(true, &settings, late);
        let mut over = escalation.clone();
        over.give_back(true, &settings, late);
        assert_eq!((over.status, over.ended_at), (EscalationStatus::Abandoned, Some(late)));
        escalation.give_back(false, &settings, late);
        assert_eq!((escalation.status, escalation.created_at), (EscalationStatus::Waiting, NOW));
        assert!(!escalation.is_overdue(late) && escalation.is_overdue(late + settings.wait_limit()));
    }

    #[test]
    fn an_offer_that_nobody_takes_does_not_lengthen_the_wait() {
        let settings = EscalationSettings::default();
        let mut escalation = waiting();
        let almost = escalation.waits_until - Duration::SECOND;
        escalation.offer(&agent(1), &settings, almost);
        // Whoever it is offered to may still take it, though the wait is over meanwhile.
        let still = escalation.waits_until + Duration::SECOND;
        assert_eq!(escalation.clone().seen_at(still).status, EscalationStatus::Offered);
        let lapses = almost + settings.offer();
        let seen = escalation.clone().seen_at(lapses);
        assert_eq!((seen.status, seen.ended_at), (EscalationStatus::Unanswered, Some(lapses)));
        escalation.give_back(false, &settings, lapses);
        assert!(escalation.is_overdue(lapses));
        let late = escalation.claim(&agent(1), 0, TOKEN, &settings, lapses);
        assert_eq!(late, Err(EscalationRefusal::Ended));
        assert_eq!(escalation.seen_at(lapses).status, EscalationStatus::Unanswered);
    }

    #[test]
    fn a_caller_who_hangs_up_or_is_to_be_called_back_does_not_wait() {
        let mut escalation = waiting();
        assert_eq!(escalation.clone().abandon(NOW), Ok(true));
        assert_eq!(escalation.call_back(), Ok(true));
        assert_eq!(escalation.call_back(), Ok(false));
        claim(&mut escalation, &agent(1), 0).expect("somebody calls back");
        assert_eq!(escalation.abandon(NOW), Err(EscalationRefusal::AlreadyClaimed));
        escalation.give_back(true, &EscalationSettings::default(), NOW);
        assert_eq!(escalation.status, EscalationStatus::Callback);
        let mut unanswered = waiting();
        unanswered.give_up(NOW);
        assert_eq!(unanswered.abandon(NOW), Err(EscalationRefusal::Ended));
        assert_eq!(unanswered.call_back(), Ok(true));
        assert_eq!(unanswered.ended_at, None);
    }
}
