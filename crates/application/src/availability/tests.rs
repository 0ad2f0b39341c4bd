//! The rules that use cases about agents keep to, whatever the store is.

use std::sync::{Arc, Mutex};

use rollcall_domain::{
    OrganizationId, Role, UserId,
    audit::{Action, Outcome},
    availability::{Agent, Cause, Choice, HEARTBEAT, Skills},
    escalations::EscalationRefusal,
};
use time::Duration;

use super::{Attempt, ListedAgent, Manage, Set, history, manage, set, tend, tend_and_retry};
use crate::{
    Application, Error, Precondition, Principal,
    availability::Period,
    testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization, user},
};

type Saved = Arc<Mutex<Vec<Agent>>>;

fn listed(agent: Agent, kept_out: Option<Cause>) -> ListedAgent {
    let (name, email) = ("User 2".to_owned(), Some("user2@example.com".to_owned()));
    ListedAgent { agent, joined_at: NOW, name, email, calls: 0, kept_out, at: NOW }
}

fn agent(choice: Choice) -> Agent {
    let mut agent = Agent::new(user(2).id, NOW);
    agent.choose(choice, NOW);
    agent.write_down(0, NOW);
    agent
}

/// An organization in which somebody is an agent, with a role and perhaps kept out; the actor holds another.
fn unit(kept: Agent, role: Role, held: Role, kept_out: Option<Cause>) -> (MockUnit, Saved) {
    let mut unit = MockUnit::new();
    let saved = Saved::default();
    let (found, by) = (kept.clone(), user(2).id);
    unit.expect_member_hold().returning(move |_, user| Ok(Some(if user == by { role } else { held })));
    unit.expect_agent_find().returning(move |_, _, _, _| Ok(Some(listed(found.clone(), kept_out))));
    unit.expect_agent_kept_out().returning(move |_, _, _| Ok(kept_out));
    unit.expect_agent_lock().returning(move |_, _| Ok(Some(kept.clone())));
    unit.expect_session_hold().returning(|_| Ok(true));
    unit.expect_control_hold().returning(|_, _| Ok(true));
    unit.expect_availability_note().returning(|_, _, _| Ok(()));
    let into = saved.clone();
    unit.expect_agent_save().returning(move |_, agent| {
        into.lock().expect("no panic").push(agent.clone());
        Ok(())
    });
    (unit, saved)
}

fn app(unit: MockUnit) -> (Application, TestStore) {
    let store = TestStore::of_each([unit, view()]);
    (application(&store, MockDirectory::new()), store)
}

/// What is looked at afterwards: nothing is assigned here.
fn view() -> MockUnit {
    MockUnit::new()
}

fn force(choice: Option<Choice>) -> Manage {
    let precondition = Precondition::default();
    Manage { user: user(2).id, choice, capacity: None, skills: None, precondition }
}

#[tokio::test]
async fn nobody_is_made_available_who_cannot_come_and_their_cause_stays() {
    for cause in [Cause::SignedOut, Cause::Suspended, Cause::MfaDeadline] {
        for choice in [Choice::Available, Choice::Away] {
            let (unit, saved) = unit(agent(Choice::Available), Role::Admin, Role::Owner, Some(cause));
            let (app, store) = app(unit);
            let refused = manage(&app, &actor(1, Role::Owner), force(Some(choice))).await;
            assert!(
                matches!(refused, Err(Error::Escalation(EscalationRefusal::NotAvailable))),
                "{refused:?}"
            );
            assert!(store.committed().is_empty());
            assert!(saved.lock().expect("no panic").is_empty());
        }
        let (unit, saved) = unit(agent(Choice::Available), Role::Admin, Role::Owner, Some(cause));
        let (app, _) = app(unit);
        manage(&app, &actor(1, Role::Owner), force(Some(Choice::Offline))).await.expect("forced");
        let saved = saved.lock().expect("no panic").pop().expect("saved");
        assert_eq!((saved.chosen, saved.cause), (Choice::Offline, cause));
    }
}

#[tokio::test]
async fn owners_are_for_owners() {
    for (held, allowed) in [(Role::Admin, false), (Role::Owner, true)] {
        let (unit, saved) = unit(agent(Choice::Available), Role::Owner, held, None);
        let (app, _) = app(unit);
        let forced = manage(&app, &actor(1, held), force(Some(Choice::Away))).await;
        assert_eq!(forced.is_ok(), allowed, "{forced:?}");
        assert_eq!(saved.lock().expect("no panic").len(), usize::from(allowed));
    }
}

#[tokio::test]
async fn skills_that_identify_somebody_are_refused_while_phi_protection_is_on() {
    for (name, kept) in [("knows user3@example.com", false), ("billing", true)] {
        let (unit, saved) = unit(agent(Choice::Available), Role::Admin, Role::Owner, None);
        let (app, _) = app(unit);
        let command = Manage { skills: Some(Skills::new([name]).expect("skills")), ..force(None) };
        let managed = manage(&app, &actor(1, Role::Owner), command).await;
        assert_eq!(managed.is_ok(), kept, "{managed:?}");
        assert_eq!(saved.lock().expect("no panic").len(), usize::from(kept));
    }
}

#[tokio::test]
async fn a_note_is_stored_masked_while_phi_protection_is_on() {
    let (unit, saved) = unit(agent(Choice::Offline), Role::Admin, Role::Admin, None);
    let (app, store) = app(unit);
    let note = "Call me at +1 415 555 0100".parse().expect("a note");
    let precondition = Precondition::default();
    let command = Set { choice: Choice::Available, note: Some(Some(note)), precondition };
    set(&app, &actor(2, Role::Admin), command).await.expect("set");
    let saved = saved.lock().expect("no panic").pop().expect("saved");
    let note = saved.note.expect("a note").to_string();
    assert!(note.starts_with("Call me at") && !note.contains("555"), "{note}");
    assert_eq!(store.committed()[0].1, [(Action::AvailabilityChanged, Outcome::Success)]);
}

#[tokio::test]
async fn whoever_has_signed_out_meanwhile_is_not_brought_back_by_a_choice() {
    let mut unit = MockUnit::new();
    unit.expect_session_hold().returning(|_| Ok(false));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Admin)));
    unit.expect_agent_lock().returning(|_, _| Ok(Some(agent(Choice::Offline))));
    let (app, store) = app(unit);
    let command = Set { choice: Choice::Available, note: None, precondition: Precondition::default() };
    let refused = set(&app, &actor(2, Role::Admin), command).await;
    assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    assert!(store.committed().is_empty());
}

#[tokio::test]
async fn what_time_has_changed_is_written_down_by_the_store_s_clock() {
    let (mut unit, saved) = unit(agent(Choice::Available), Role::Admin, Role::Admin, None);
    // The store's clock is ahead of this node's.
    unit.expect_moment().returning(|| Ok(NOW + HEARTBEAT));
    let (app, store) = app(unit);
    tend(&app, organization().id, user(2).id).await.expect("tended");
    let saved = saved.lock().expect("no panic").pop().expect("saved");
    assert_eq!(
        (saved.chosen, saved.cause, saved.since),
        (Choice::Offline, Cause::HeartbeatMissed, NOW + HEARTBEAT)
    );
    assert_eq!(store.committed()[0].1, [(Action::AvailabilityChanged, Outcome::Success)]);
}

#[tokio::test]
async fn what_has_lapsed_holds_an_attempt_up_four_times_and_no_more() {
    let app = application(&TestStore::default(), MockDirectory::new());
    for (lapsed, attempts) in [(0, 1), (3, 4), (4, 4)] {
        let mut made = 0;
        let attempt = || {
            made += 1;
            std::future::ready(Ok(if made > lapsed {
                Attempt::Done(())
            } else {
                Attempt::Lapsed(Vec::new())
            }))
        };
        let answer = tend_and_retry(&app, organization().id, attempt).await;
        match lapsed < 4 {
            true => answer.expect("done"),
            false => assert!(matches!(answer, Err(Error::Busy)), "{answer:?}"),
        }
        assert_eq!(made, attempts);
    }
}

#[tokio::test]
async fn the_history_of_somebody_unknown_is_not_found() {
    for known in [true, false] {
        let mut view = MockUnit::new();
        view.expect_agent_is_known().returning(move |_: OrganizationId, _: UserId| Ok(known));
        view.expect_availability_spells().returning(|_, _, _| Ok(Vec::new()));
        let store = TestStore::of(view);
        let app = application(&store, MockDirectory::new());
        let asks = Principal::Person(actor(1, Role::Owner));
        let period = Period { since: NOW - Duration::DAY, until: NOW };
        let read = history(&app, &asks, Some(user(2).id), period).await;
        match known {
            true => assert!(read.expect("a history").is_empty()),
            false => assert!(matches!(read, Err(Error::NotFound)), "{read:?}"),
        }
    }
}
