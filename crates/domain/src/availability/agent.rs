//! An agent, and what changes about them.

use time::{Duration, OffsetDateTime};

use super::{AgentStatus, Capacity, Cause, Choice, Skills, StatusNote};
use crate::UserId;

/// For how long nothing may be heard of an agent who is there.
pub const HEARTBEAT: Duration = Duration::seconds(45);

/// A human agent: one, on however many devices they are signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Who it is.
    pub user: UserId,
    /// What was chosen last, by them or in their place.
    pub chosen: Choice,
    /// Why.
    pub cause: Cause,
    /// Counts the choices of people. What was decided automatically is void once somebody has chosen since.
    pub generation: i64,
    /// What they tell others about it; none when they tell nothing.
    pub note: Option<StatusNote>,
    /// What was written down of their status last.
    pub shown: AgentStatus,
    /// Since when it is so, by the database's clock.
    pub since: OffsetDateTime,
    /// How many calls they can hold.
    pub capacity: Capacity,
    /// What they can do.
    pub skills: Skills,
    /// Without another heartbeat they are gone from then on.
    pub alive_until: OffsetDateTime,
    /// When the last was heard; none if none ever was.
    pub last_heartbeat_at: Option<OffsetDateTime>,
    /// Since when they could have taken a call, or hold fewer.
    pub idle_since: OffsetDateTime,
    /// Counts changes, from 1 when it is first kept.
    pub version: i32,
}

/// A status that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange {
    /// Whose.
    pub user: UserId,
    /// What they were.
    pub before: AgentStatus,
    /// What they are.
    pub after: AgentStatus,
    /// Why.
    pub cause: Cause,
    /// Since when, by the database's clock.
    pub at: OffsetDateTime,
}

impl Agent {
    /// Somebody who has never said that they are there.
    pub fn new(user: UserId, now: OffsetDateTime) -> Self {
        Self {
            user,
            chosen: Choice::Offline,
            cause: Cause::Chosen,
            generation: 0,
            note: None,
            shown: AgentStatus::Offline,
            since: now,
            capacity: Capacity::default(),
            skills: Skills::default(),
            alive_until: now,
            last_heartbeat_at: None,
            idle_since: now,
            version: 1,
        }
    }

    /// Whether they are there: they have not gone, and were heard of.
    pub fn is_there(&self, now: OffsetDateTime) -> bool {
        self.chosen != Choice::Offline && now < self.alive_until
    }

    /// What others see, while they speak in so many calls.
    pub fn status(&self, calls: usize, now: OffsetDateTime) -> AgentStatus {
        match self.chosen {
            _ if !self.is_there(now) => AgentStatus::Offline,
            Choice::Offline => AgentStatus::Offline,
            Choice::Away => AgentStatus::Away,
            Choice::Available if calls >= usize::from(self.capacity.calls()) => AgentStatus::Busy,
            Choice::Available => AgentStatus::Available,
        }
    }

    /// Whether they can take another call by themselves, when so many are theirs or are offered to them.
    pub fn has_room(&self, held: usize, now: OffsetDateTime) -> bool {
        self.is_there(now) && held < usize::from(self.capacity.calls())
    }

    /// Whether a call can be offered to them.
    pub fn can_be_offered(&self, needed: &Skills, held: usize, now: OffsetDateTime) -> bool {
        self.chosen == Choice::Available && self.has_room(held, now) && self.skills.cover(needed)
    }

    /// They choose. It also shows that they are there.
    pub fn choose(&mut self, choice: Choice, now: OffsetDateTime) {
        self.set(choice, Cause::Chosen, now);
        self.last_heartbeat_at = Some(now);
    }

    /// A supervisor chooses in their place. Whoever is not heard of is gone again soon.
    pub fn force(&mut self, choice: Choice, now: OffsetDateTime) {
        self.set(choice, Cause::Forced, now);
    }

    fn set(&mut self, choice: Choice, cause: Cause, now: OffsetDateTime) {
        if choice == Choice::Available && (self.chosen != Choice::Available || !self.is_there(now)) {
            self.idle_since = now;
        }
        self.chosen = choice;
        self.cause = cause;
        self.generation += 1;
        self.alive_until = self.alive_until.max(now + HEARTBEAT);
    }

    /// They are gone, whatever they have chosen.
    pub fn leave(&mut self, cause: Cause) {
        self.chosen = Choice::Offline;
        self.cause = cause;
        // A choice from before does not come back with the next heartbeat.
        self.generation += 1;
    }

    /// They have not taken what was offered to them in this generation. Says whether that still counts: whoever has chosen since is what
    /// they chose.
    pub fn did_not_answer(&mut self, generation: i64, now: OffsetDateTime) -> bool {
        // They go behind all others, so that the call is not offered to them at once again.
        self.idle_since = now;
        if generation != self.generation || self.chosen != Choice::Available {
            return false;
        }
        self.chosen = Choice::Away;
        self.cause = Cause::NoAnswer;
        true
    }

    /// They hold one call less.
    pub fn is_rid_of_a_call(&mut self, now: OffsetDateTime) {
        self.idle_since = now;
    }

    /// Writes down what they are now, while they speak in so many calls: the change, if it is one. A choice changes the cause; a call
    /// does not.
    pub fn write_down(&mut self, calls: usize, now: OffsetDateTime) -> Option<StatusChange> {
        let after = self.status(calls, now);
        if after == self.shown {
            return None;
        }
        let is_about_calls = [self.shown, after].contains(&AgentStatus::Busy)
            && [AgentStatus::Available, AgentStatus::Busy].contains(&after)
            && self.shown != AgentStatus::Away
            && self.shown != AgentStatus::Offline;
        let cause = if is_about_calls { Cause::Calls } else { self.cause };
        // Whoever was not heard of was gone from when they should have been, and not from when somebody has looked.
        let at = if self.cause == Cause::HeartbeatMissed && after == AgentStatus::Offline {
            self.alive_until.min(now).max(self.since)
        } else {
            now
        };
        let change = StatusChange { user: self.user, before: self.shown, after, cause, at };
        self.shown = after;
        self.since = at;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn agent() -> Agent {
        let mut agent = Agent::new(UserId::from_parts(0, &[1; 10]), NOW);
        agent.choose(Choice::Available, NOW);
        agent
    }

    #[test]
    fn whoever_is_not_heard_of_is_gone_at_that_moment_and_not_before() {
        let mut agent = agent();
        agent.write_down(0, NOW);
        assert_eq!(agent.status(0, NOW + HEARTBEAT - Duration::MICROSECOND), AgentStatus::Available);
        assert_eq!(agent.status(0, NOW + HEARTBEAT), AgentStatus::Offline);
        assert!(!agent.has_room(0, NOW + HEARTBEAT));
        agent.leave(Cause::HeartbeatMissed);
        // Somebody looks an hour later.
        let change = agent.write_down(0, NOW + Duration::HOUR).expect("a change");
        assert_eq!(
            (change.after, change.cause, change.at),
            (AgentStatus::Offline, Cause::HeartbeatMissed, NOW + HEARTBEAT)
        );
    }

    #[test]
    fn busy_follows_from_calls_and_is_no_choice() {
        let mut agent = agent();
        assert!(agent.write_down(0, NOW).is_some());
        let busy = agent.write_down(1, NOW).expect("a change");
        assert_eq!(
            (busy.before, busy.after, busy.cause),
            (AgentStatus::Available, AgentStatus::Busy, Cause::Calls)
        );
        assert_eq!(agent.write_down(1, NOW), None);
        let free = agent.write_down(0, NOW).expect("a change");
        assert_eq!((free.after, free.cause), (AgentStatus::Available, Cause::Calls));
        agent.choose(Choice::Away, NOW);
        let away = agent.write_down(1, NOW).expect("a change");
        assert_eq!((away.after, away.cause), (AgentStatus::Away, Cause::Chosen));
        agent.capacity = Capacity::new(2).expect("a capacity");
        agent.choose(Choice::Available, NOW);
        assert_eq!((agent.status(1, NOW), agent.status(2, NOW)), (AgentStatus::Available, AgentStatus::Busy));
    }

    #[test]
    fn a_choice_beats_what_was_decided_automatically_before_it() {
        let mut agent = agent();
        let offered_in = agent.generation;
        agent.choose(Choice::Available, NOW);
        assert!(!agent.did_not_answer(offered_in, NOW));
        assert_eq!(agent.chosen, Choice::Available);
        assert!(agent.did_not_answer(agent.generation, NOW));
        assert_eq!((agent.chosen, agent.cause), (Choice::Away, Cause::NoAnswer));
    }

    #[test]
    fn a_call_is_offered_to_whoever_is_available_has_room_and_can_do_it() {
        let needed = Skills::new(["spanish"]).expect("skills");
        let mut agent = agent();
        assert!(!agent.can_be_offered(&needed, 0, NOW));
        agent.skills = needed.clone();
        assert!(agent.can_be_offered(&needed, 0, NOW) && !agent.can_be_offered(&needed, 1, NOW));
        agent.choose(Choice::Away, NOW);
        assert!(!agent.can_be_offered(&needed, 0, NOW) && agent.has_room(0, NOW));
    }

    #[test]
    fn who_chooses_again_what_they_are_is_idle_for_as_long_as_before() {
        let mut agent = agent();
        agent.choose(Choice::Available, NOW + Duration::SECOND);
        assert_eq!(agent.idle_since, NOW);
        agent.choose(Choice::Away, NOW + Duration::SECOND);
        agent.choose(Choice::Available, NOW + Duration::SECOND);
        assert_eq!(agent.idle_since, NOW + Duration::SECOND);
    }
}
