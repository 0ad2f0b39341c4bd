//! A call that waits: one agent has it at a time, by the newest lease and no other, and what is over stays over.

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use crate::{
    CallId, EscalationId, UserId,
    availability::{Agent, Capacity, Choice, Skills},
    escalations::{Escalation, EscalationRefusal, EscalationSettings, EscalationStatus, Priority},
    secret::TokenHash,
};

const BEGIN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const AGENTS: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Command {
    Wait(i64),
    Claim {
        agent: usize,
    },
    Offer {
        agent: usize,
    },
    /// By the newest lease or by an older one, as its agent or as another.
    Release {
        lease: usize,
        agent: usize,
    },
    Resolve {
        lease: usize,
        agent: usize,
    },
    Abandon,
    CallBack,
    CallEnds,
}

fn command() -> impl Strategy<Value = Command> {
    let agent = || 0..AGENTS;
    prop_oneof![
        3 => (0..400_i64).prop_map(Command::Wait),
        4 => agent().prop_map(|agent| Command::Claim { agent }),
        2 => agent().prop_map(|agent| Command::Offer { agent }),
        2 => (0..2_usize, agent()).prop_map(|(lease, agent)| Command::Release { lease, agent }),
        2 => (0..2_usize, agent()).prop_map(|(lease, agent)| Command::Resolve { lease, agent }),
        1 => Just(Command::Abandon),
        1 => Just(Command::CallBack),
        1 => Just(Command::CallEnds),
    ]
}

/// Where the call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the queue, until then.
    Waiting(OffsetDateTime),
    /// On the list of callers to call back.
    Callback,
    /// Before an agent, until then.
    Offered(usize, OffsetDateTime),
    /// With an agent, until then.
    With(usize, OffsetDateTime),
    Resolved,
    Abandoned,
    Unanswered,
}

struct Model {
    place: Place,
    /// Whether the caller was promised a call.
    promised: bool,
    /// Until when the call would wait if it were in the queue.
    waits_until: OffsetDateTime,
    call_is_over: bool,
    /// The leases that were given so far, each with its agent.
    leases: Vec<usize>,
}

impl Model {
    /// Once an agent had it, it waits anew; offered, it has only waited.
    fn give_back(&mut self, now: OffsetDateTime) {
        let was_taken = matches!(self.place, Place::With(..));
        self.place = if self.promised {
            Place::Callback
        } else if self.call_is_over {
            Place::Abandoned
        } else {
            if was_taken {
                self.waits_until = self.waits_until.max(now + Duration::seconds(600));
            }
            Place::Waiting(self.waits_until)
        };
    }

    fn status(&self) -> EscalationStatus {
        match self.place {
            Place::Waiting(_) => EscalationStatus::Waiting,
            Place::Callback => EscalationStatus::Callback,
            Place::Offered(..) => EscalationStatus::Offered,
            Place::With(..) => EscalationStatus::Claimed,
            Place::Resolved => EscalationStatus::Resolved,
            Place::Abandoned => EscalationStatus::Abandoned,
            Place::Unanswered => EscalationStatus::Unanswered,
        }
    }
}

/// A token that is as new as its number.
fn token(lease: usize) -> TokenHash {
    TokenHash([u8::try_from(lease % 251).expect("a byte"); 32])
}

fn agent(number: usize) -> Agent {
    let byte = u8::try_from(number).expect("a few");
    let mut agent = Agent::new(UserId::from_parts(0, &[byte; 10]), BEGIN);
    agent.capacity = Capacity::new(1).expect("a capacity");
    agent.choose(Choice::Available, BEGIN);
    // Silence is the business of another model.
    agent.alive_until = BEGIN + Duration::days(1);
    agent
}

proptest! {
    #![proptest_config(super::always_the_same())]

    #[test]
    fn an_escalation_has_one_agent_by_the_newest_lease_keeps_its_place_and_stays_over(
        commands in prop::collection::vec(command(), 1..60),
    ) {
        let settings = EscalationSettings::default();
        let agents: Vec<Agent> = (0..AGENTS).map(agent).collect();
        let mut escalation = Escalation::waiting(
            EscalationId::from_parts(0, &[1; 10]),
            CallId::from_parts(0, &[1; 10]),
            "asks for a human".parse().expect("a reason"),
            Priority::new(5).expect("a priority"),
            Skills::default(),
            &settings,
            BEGIN,
        );
        let waits_until = BEGIN + Duration::seconds(600);
        let mut model = Model {
            place: Place::Waiting(waits_until),
            promised: false,
            waits_until,
            call_is_over: false,
            leases: Vec::new(),
        };
        let mut now = BEGIN;
        for command in commands {
            if let Command::Wait(seconds) = command {
                now += Duration::seconds(seconds);
            }
            // What time changes is seen before anybody writes it down, and then written down as it was seen.
            let seen = escalation.clone().seen_at(now);
            if escalation.has_lapsed(now) {
                escalation.give_back(model.call_is_over, &settings, now);
            }
            if escalation.is_overdue(now) {
                escalation.give_up(now);
            }
            match model.place {
                Place::Offered(_, until) | Place::With(_, until) if until <= now => model.give_back(now),
                _ => {}
            }
            if matches!(model.place, Place::Waiting(until) if until <= now) {
                model.place = Place::Unanswered;
            }
            prop_assert!(seen.status == escalation.status || model.call_is_over);

            let was = model.place;
            match command {
                Command::Wait(_) => {}
                Command::Claim { agent } => {
                    let next = token(model.leases.len() + 1);
                    let claimed = escalation.claim(&agents[agent], 0, next, &settings, now);
                    let expected = match was {
                        Place::Waiting(_) | Place::Callback => Ok(()),
                        Place::Offered(to, _) if to == agent => Ok(()),
                        Place::Offered(..) | Place::With(..) => Err(EscalationRefusal::AlreadyClaimed),
                        Place::Resolved | Place::Abandoned | Place::Unanswered => Err(EscalationRefusal::Ended),
                    };
                    prop_assert_eq!(claimed, expected);
                    if claimed.is_ok() {
                        model.leases.push(agent);
                        model.place = Place::With(agent, now + settings.lease());
                    }
                }
                // Only what waits is offered.
                Command::Offer { agent } if matches!(was, Place::Waiting(_) | Place::Callback) => {
                    escalation.offer(&agents[agent], &settings, now);
                    model.place = Place::Offered(agent, now + settings.offer());
                }
                Command::Offer { .. } => {}
                Command::Release { lease, agent } | Command::Resolve { lease, agent } => {
                    let number = model.leases.len().saturating_sub(lease);
                    let held = escalation.held_by(agents[agent].user, token(number), now);
                    let is_theirs = matches!(was, Place::With(with, _) if with == agent) && lease == 0;
                    prop_assert_eq!(held.is_ok(), is_theirs, "lease {} of {:?}", number, model.leases);
                    if is_theirs && matches!(command, Command::Resolve { .. }) {
                        escalation.resolve(now);
                        model.place = Place::Resolved;
                    } else if is_theirs {
                        escalation.give_back(model.call_is_over, &settings, now);
                        model.give_back(now);
                    }
                }
                Command::Abandon => {
                    let expected = match was {
                        Place::Abandoned => Ok(false),
                        Place::Waiting(_) | Place::Offered(..) | Place::Callback => Ok(true),
                        Place::With(..) => Err(EscalationRefusal::AlreadyClaimed),
                        Place::Resolved | Place::Unanswered => Err(EscalationRefusal::Ended),
                    };
                    prop_assert_eq!(escalation.abandon(now), expected);
                    if expected.is_ok() {
                        model.place = Place::Abandoned;
                    }
                }
                Command::CallBack => {
                    let expected = match was {
                        Place::Callback => Ok(false),
                        Place::Waiting(_) | Place::Offered(..) | Place::Unanswered => Ok(true),
                        Place::With(..) => Err(EscalationRefusal::AlreadyClaimed),
                        Place::Resolved | Place::Abandoned => Err(EscalationRefusal::Ended),
                    };
                    prop_assert_eq!(escalation.call_back(), expected);
                    if expected.is_ok() {
                        model.promised = true;
                        model.place = Place::Callback;
                    }
                }
                Command::CallEnds => model.call_is_over = true,
            }

            prop_assert_eq!(escalation.status, model.status());
            let holder = match model.place {
                Place::Offered(agent, _) | Place::With(agent, _) => Some(agents[agent].user),
                _ => None,
            };
            prop_assert_eq!(escalation.hold.and(escalation.agent), holder);
            prop_assert_eq!(escalation.fence, i64::try_from(model.leases.len()).expect("a few"));
            prop_assert_eq!(escalation.created_at, BEGIN, "it has lost its place");
            prop_assert!(escalation.hold.is_none_or(|hold| hold.until() > now));
            let is_over = matches!(model.place, Place::Resolved | Place::Abandoned | Place::Unanswered);
            prop_assert_eq!(escalation.ended_at.is_some(), is_over);
            // What an agent is done with, and whom nobody waits for, never comes back.
            let is_final = matches!(was, Place::Resolved | Place::Abandoned);
            prop_assert!(!is_final || model.place == was);
        }
    }
}
