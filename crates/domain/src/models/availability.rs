//! An agent: what they choose, what is chosen for them, and what follows from silence and from calls.

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use crate::{
    UserId,
    availability::{Agent, AgentStatus, Capacity, Cause, Choice, HEARTBEAT},
};

const BEGIN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

#[derive(Debug, Clone, Copy)]
enum Command {
    Wait(i64),
    WaitForTheEnd {
        one_less: bool,
    },
    Beat,
    Choose(Choice),
    Force(Choice),
    Leave,
    /// Another call, or one less.
    Calls(usize),
    Capacity(i64),
    /// An offer of now, or of before the last choice, was not answered.
    NotAnswered {
        of_before: bool,
    },
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![2 => Just(Choice::Available), 1 => Just(Choice::Away), 1 => Just(Choice::Offline)]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => (0..60_i64).prop_map(Command::Wait),
        1 => any::<bool>().prop_map(|one_less| Command::WaitForTheEnd { one_less }),
        2 => Just(Command::Beat),
        3 => choice().prop_map(Command::Choose),
        1 => choice().prop_map(Command::Force),
        1 => Just(Command::Leave),
        2 => (0..4_usize).prop_map(Command::Calls),
        1 => (1..4_i64).prop_map(Command::Capacity),
        1 => any::<bool>().prop_map(|of_before| Command::NotAnswered { of_before }),
    ]
}

/// What was last said of them, and when they were last heard of.
struct Model {
    chosen: Choice,
    heard_at: OffsetDateTime,
    calls: usize,
    capacity: usize,
}

impl Model {
    fn status(&self, now: OffsetDateTime) -> AgentStatus {
        let is_silent = now - self.heard_at >= Duration::seconds(45);
        match self.chosen {
            Choice::Offline => AgentStatus::Offline,
            Choice::Away | Choice::Available if is_silent => AgentStatus::Offline,
            Choice::Away => AgentStatus::Away,
            Choice::Available if self.calls < self.capacity => AgentStatus::Available,
            Choice::Available => AgentStatus::Busy,
        }
    }
}

proptest! {
    #![proptest_config(super::always_the_same())]

    #[test]
    fn agents_are_what_they_chose_last_offline_in_silence_and_busy_by_their_calls_alone(
        commands in prop::collection::vec(command(), 1..80),
    ) {
        let mut agent = Agent::new(UserId::from_parts(0, &[1; 10]), BEGIN);
        let mut model = Model { chosen: Choice::Offline, heard_at: BEGIN, calls: 0, capacity: 1 };
        let (mut now, mut told, mut told_at) = (BEGIN, AgentStatus::Offline, BEGIN);
        for command in commands {
            // As whoever locks an agent does first.
            if agent.chosen != Choice::Offline && !agent.is_there(now) {
                agent.leave(Cause::HeartbeatMissed);
                model.chosen = Choice::Offline;
            }
            let generation = agent.generation;
            match command {
                Command::Wait(seconds) => now += Duration::seconds(seconds),
                Command::WaitForTheEnd { one_less } => {
                    now = now.max(agent.alive_until - Duration::microseconds(one_less.into()));
                }
                // As what is heard of them is kept: of those who are there.
                Command::Beat if agent.is_there(now) => {
                    agent.alive_until = agent.alive_until.max(now + HEARTBEAT);
                    model.heard_at = now;
                }
                Command::Beat => {}
                Command::Choose(choice) => {
                    agent.choose(choice, now);
                    (model.chosen, model.heard_at) = (choice, now);
                }
                Command::Force(choice) => {
                    agent.force(choice, now);
                    (model.chosen, model.heard_at) = (choice, now);
                }
                Command::Leave => {
                    agent.leave(Cause::SignedOut);
                    model.chosen = Choice::Offline;
                }
                Command::Calls(calls) => model.calls = calls,
                Command::Capacity(calls) => {
                    agent.capacity = Capacity::new(calls).expect("a capacity");
                    model.capacity = usize::try_from(calls).expect("a few");
                }
                Command::NotAnswered { of_before } => {
                    let counts = !of_before && model.chosen == Choice::Available;
                    let offered_in = if of_before { generation - 1 } else { generation };
                    prop_assert_eq!(agent.did_not_answer(offered_in, now), counts);
                    if counts {
                        model.chosen = Choice::Away;
                    }
                }
            }
            // Every choice, and every departure, makes what was decided before it void.
            let is_a_choice = matches!(command, Command::Choose(_) | Command::Force(_) | Command::Leave);
            prop_assert_eq!(agent.generation, generation + i64::from(is_a_choice));
            prop_assert_eq!(agent.status(model.calls, now), model.status(now));
            let has_room = model.status(now) != AgentStatus::Offline && model.calls < model.capacity;
            prop_assert_eq!(agent.has_room(model.calls, now), has_room);
            let can_be_offered = has_room && model.chosen == Choice::Available;
            prop_assert_eq!(agent.can_be_offered(&agent.skills, model.calls, now), can_be_offered);
            // What is written down is a chain: each begins as what the one before has ended in, and not before it.
            match agent.write_down(model.calls, now) {
                Some(change) => {
                    prop_assert_eq!((change.before, change.after), (told, model.status(now)));
                    prop_assert!(change.before != change.after && told_at <= change.at && change.at <= now);
                    (told, told_at) = (change.after, change.at);
                }
                None => prop_assert_eq!(told, model.status(now)),
            }
        }
    }
}
