//! The rules that use cases about calls that wait keep to, whatever the store is.

use std::sync::{Arc, Mutex};

use rollcall_domain::{
    EscalationId, Role,
    audit::{Action, Outcome},
    availability::{Agent, Capacity, Cause, Choice, Skills},
    escalations::{Escalation, EscalationRefusal, EscalationSettings, EscalationStatus, Hold},
    secret::TokenHash,
};
use time::Duration;

use super::{Escalate, HungUp, ShownEscalation, call_back, claim, claim_next, create, hang_up, held};
use crate::{
    Error, Precondition, Principal,
    calls::{Update, update},
    testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, call, user},
    token,
};

type Saved = Arc<Mutex<Vec<Escalation>>>;

fn waiting(number: u8) -> Escalation {
    Escalation::waiting(
        EscalationId::from_parts(0, &[number; 10]),
        call(number).id,
        "asks for a human".parse().expect("a reason"),
        rollcall_domain::escalations::Priority::new(5).expect("a priority"),
        Skills::default(),
        &EscalationSettings::default(),
        NOW,
    )
}

fn leased(number: u8, token: TokenHash, until: Duration) -> Escalation {
    let mut escalation = waiting(number);
    escalation.status = EscalationStatus::Claimed;
    escalation.agent = Some(user(1).id);
    escalation.hold = Some(Hold::Lease { token, until: NOW + until });
    escalation.fence = 1;
    escalation
}

fn shown(escalation: Escalation) -> ShownEscalation {
    ShownEscalation { escalation, position: None, at: NOW }
}

/// The actor is available, and holds so much already.
fn unit(capacity: i64, holds: Vec<Escalation>) -> (MockUnit, Saved) {
    let mut unit = MockUnit::new();
    let mut agent = Agent::new(user(1).id, NOW);
    agent.capacity = Capacity::new(capacity).expect("a capacity");
    agent.choose(Choice::Available, NOW);
    agent.write_down(holds.len(), NOW);
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Admin)));
    unit.expect_session_hold().returning(|_| Ok(true));
    unit.expect_agent_lock().returning(move |_, _| Ok(Some(agent.clone())));
    unit.expect_escalations_held_lock().returning(move |_, _| Ok(holds.clone()));
    unit.expect_availability_note().returning(|_, _, _| Ok(()));
    unit.expect_agent_save().returning(|_, _| Ok(()));
    let saved = Saved::default();
    let into = saved.clone();
    unit.expect_escalation_save().returning(move |_, escalation| {
        into.lock().expect("no panic").push(escalation.clone());
        Ok(())
    });
    (unit, saved)
}

#[tokio::test]
async fn a_claim_is_a_lease_by_the_store_s_clock_and_within_the_capacity() {
    let hour = Duration::HOUR;
    for (capacity, holds, taken) in [(1, 0, true), (1, 1, false), (2, 1, true)] {
        let holds = (0..holds).map(|number| leased(10 + number, TokenHash([1; 32]), 2 * hour)).collect();
        let (mut unit, saved) = unit(capacity, holds);
        unit.expect_moment().returning(|| Ok(NOW + Duration::SECOND));
        unit.expect_escalation_lock().returning(|_, _| Ok(Some(waiting(1))));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let claimed = claim(&app, &actor(1, Role::Admin), waiting(1).id, &Precondition::None).await;
        if taken {
            let claimed = claimed.expect("taken");
            let until = NOW + Duration::SECOND + EscalationSettings::default().lease();
            assert_eq!((claimed.until, claimed.fence), (until, 1));
            let saved = saved.lock().expect("no panic").pop().expect("saved");
            let token = token::hash(claimed.token.expose());
            assert_eq!(saved.hold, Some(Hold::Lease { token, until }));
            assert_eq!(store.committed()[0].1[0], (Action::EscalationClaimed, Outcome::Success));
        } else {
            assert!(matches!(claimed, Err(Error::Escalation(EscalationRefusal::NotAvailable))));
            assert!(saved.lock().expect("no panic").is_empty());
        }
    }
}

#[tokio::test]
async fn what_somebody_else_holds_is_not_even_locked() {
    let (mut unit, _) = unit(1, Vec::new());
    unit.expect_escalation_holder().returning(|_, _, _| Ok(Some(user(2).id)));
    unit.expect_escalation_lock().never();
    let store = TestStore::of(unit);
    let app = application(&store, MockDirectory::new());
    let refused = claim(&app, &actor(1, Role::Admin), waiting(1).id, &Precondition::None).await;
    assert!(matches!(refused, Err(Error::Escalation(EscalationRefusal::AlreadyClaimed))), "{refused:?}");
}

#[tokio::test]
async fn a_call_that_has_waited_for_too_long_is_given_up_and_waits_anew_in_one_change() {
    let mut unit = MockUnit::new();
    let late = NOW + EscalationSettings::default().wait_limit();
    unit.expect_control_hold().returning(|_, _| Ok(false));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
    unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
    unit.expect_moment().returning(move || Ok(late));
    let saved = Saved::default();
    let into = saved.clone();
    unit.expect_escalation_save().returning(move |_, escalation| {
        into.lock().expect("no panic").push(escalation.clone());
        Ok(())
    });
    unit.expect_escalation_of_call_lock().returning(|_, _| Ok(Some(waiting(1))));
    unit.expect_escalation_settings().returning(|_| Ok(EscalationSettings::default()));
    unit.expect_escalation_add().times(1).returning(|_, _| Ok(()));
    unit.expect_escalation_find().returning(|_, id, _| Ok((id != waiting(1).id).then(|| shown(waiting(2)))));
    let store = TestStore::of_each([unit, MockUnit::new()]);
    let app = application(&store, MockDirectory::new());
    let command = Escalate {
        call: call(1).id,
        reason: waiting(1).reason,
        priority: waiting(1).priority,
        skills: Skills::default(),
    };
    let owner = Principal::Person(actor(1, Role::Owner));
    let escalated = create(&app, &owner, command).await.expect("escalated");
    assert!(matches!(escalated, super::Escalated::New(_)));
    let saved = saved.lock().expect("no panic");
    assert_eq!((saved[0].id, saved[0].status), (waiting(1).id, EscalationStatus::Unanswered));
    let told =
        [(Action::EscalationCreated, Outcome::Success), (Action::EscalationUnanswered, Outcome::Success)];
    assert_eq!(store.committed()[0].1, told);
}

#[tokio::test]
async fn a_call_that_ends_once_nobody_was_free_stays_unanswered() {
    let wait = EscalationSettings::default().wait_limit();
    let mut offered = waiting(1);
    offered.offer(
        &Agent::new(user(1).id, NOW),
        &EscalationSettings::default(),
        NOW + wait - Duration::SECOND,
    );
    let lapses = offered.hold.expect("an offer").until();
    for (kept, at, becomes) in [
        (waiting(1), NOW + wait - Duration::SECOND, EscalationStatus::Abandoned),
        (waiting(1), NOW + wait, EscalationStatus::Unanswered),
        (offered, lapses - Duration::SECOND, EscalationStatus::Abandoned),
    ] {
        let mut unit = MockUnit::new();
        unit.expect_moment().returning(move || Ok(at));
        unit.expect_escalation_of_call_lock().returning(move |_, _| Ok(Some(kept.clone())));
        unit.expect_escalation_save()
            .times(1)
            .withf(move |_, saved| {
                saved.status == becomes && saved.hold.is_none() && saved.ended_at == Some(at)
            })
            .returning(|_, _| Ok(()));
        let app = application(&TestStore::default(), MockDirectory::new());
        let asks = Principal::Person(actor(1, Role::Owner));
        let organization = crate::testing::organization().id;
        let hung_up = hang_up(&app, &asks, &mut unit, organization, call(1).id).await.expect("written down");
        let told = match becomes {
            EscalationStatus::Unanswered => Action::EscalationUnanswered,
            _ => Action::EscalationAbandoned,
        };
        assert!(matches!(hung_up, HungUp::Ended(event) if event.action == told));
    }
}

#[tokio::test]
async fn whoever_has_missed_the_offer_of_a_call_that_ends_is_away_and_the_call_goes_back_first() {
    let settings = EscalationSettings::default();
    for (offered_at, becomes, told) in [
        (NOW, EscalationStatus::Abandoned, Action::EscalationAbandoned),
        (
            NOW + settings.wait_limit() - Duration::SECOND,
            EscalationStatus::Unanswered,
            Action::EscalationUnanswered,
        ),
    ] {
        let mut agent = Agent::new(user(1).id, NOW);
        agent.choose(Choice::Available, offered_at);
        agent.write_down(0, offered_at);
        let mut offered = waiting(1);
        offered.offer(&agent, &settings, offered_at);
        let lapses = offered.hold.expect("an offer").until();
        let (kept, held) = (offered.clone(), offered.clone());
        offered.give_back(false, &settings, lapses);
        let ends = |waits_in: Escalation| {
            let mut unit = MockUnit::new();
            unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
            unit.expect_moment().returning(move || Ok(lapses));
            unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
            unit.expect_call_save().returning(|_, _| Ok(()));
            unit.expect_media_keys_forget().returning(|_, _| Ok(()));
            unit.expect_escalation_of_call_lock().returning(move |_, _| Ok(Some(waits_in.clone())));
            unit
        };
        let mut first = ends(kept);
        first.expect_escalation_save().never();
        let mut desk = MockUnit::new();
        desk.expect_moment().returning(move || Ok(lapses));
        desk.expect_agent_lock().returning(move |_, _| Ok(Some(agent.clone())));
        desk.expect_escalations_held_lock().returning(move |_, _| Ok(vec![held.clone()]));
        desk.expect_call_find().returning(|_, _| Ok(Some(call(1))));
        desk.expect_escalation_save().times(1).returning(|_, _| Ok(()));
        desk.expect_availability_note().times(1).returning(|_, _, _| Ok(()));
        desk.expect_agent_save()
            .times(1)
            .withf(|_, agent| (agent.chosen, agent.cause) == (Choice::Away, Cause::NoAnswer))
            .returning(|_, _| Ok(()));
        let mut last = ends(offered);
        last.expect_escalation_save()
            .times(1)
            .withf(move |_, saved| saved.status == becomes && saved.hold.is_none())
            .returning(|_, _| Ok(()));
        let store = TestStore::of_each([first, desk, last]);
        let app = application(&store, MockDirectory::new());
        let command = Update {
            id: call(1).id,
            direction: None,
            agent_ref: None,
            started_at: None,
            ended_at: Some(lapses),
            from: None,
            to: None,
            metadata: None,
            precondition: Precondition::None,
        };
        let ended = update(&app, &Principal::Person(actor(1, Role::Owner)), command).await.expect("ended");
        assert!(ended.has_ended());
        let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
        let missed = [Action::EscalationReturned, Action::AvailabilityChanged];
        let [missed, ended] = [missed, [Action::CallUpdated, told]]
            .map(|actions| actions.map(|action| (action, Outcome::Success)).to_vec());
        assert_eq!(committed, [missed, ended]);
        assert_eq!((app.lapsed.offers(), app.lapsed.leases()), (1, 0));
    }
}

#[tokio::test]
async fn whoever_is_to_be_called_back_was_told_first_that_nobody_was_free() {
    let late = NOW + EscalationSettings::default().wait_limit();
    let mut given_up = waiting(1);
    given_up.give_up(late);
    let asked = (Action::EscalationCallbackRequested, Outcome::Success);
    let unanswered = (Action::EscalationUnanswered, Outcome::Success);
    for (kept, at, told) in [
        (waiting(1), late - Duration::SECOND, vec![asked]),
        // Nobody has written that down yet.
        (waiting(1), late, vec![unanswered, asked]),
        (given_up, late, vec![asked]),
    ] {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_moment().returning(move || Ok(at));
        unit.expect_escalation_lock().returning(move |_, _| Ok(Some(kept.clone())));
        unit.expect_escalation_save()
            .times(1)
            .withf(|_, saved| saved.status == EscalationStatus::Callback && saved.ended_at.is_none())
            .returning(|_, _| Ok(()));
        unit.expect_escalation_find().returning(|_, _, _| Ok(Some(shown(waiting(1)))));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let asks = Principal::Person(actor(1, Role::Owner));
        call_back(&app, &asks, waiting(1).id, &Precondition::None).await.expect("noted");
        assert_eq!(store.committed()[0].1, told);
    }
}

#[tokio::test]
async fn what_has_waited_for_too_long_between_the_look_and_the_lock_is_not_offered() {
    let late = NOW + EscalationSettings::default().wait_limit();
    let mut agent = Agent::new(user(1).id, NOW);
    agent.choose(Choice::Available, late);
    agent.write_down(0, late);
    let mut unit = MockUnit::new();
    unit.expect_escalation_to_offer().returning(|_, _, _| Ok(Some((waiting(1).id, user(1).id))));
    unit.expect_agent_lock().returning(move |_, _| Ok(Some(agent.clone())));
    unit.expect_escalations_held_lock().returning(|_, _| Ok(Vec::new()));
    unit.expect_escalation_settings().returning(|_| Ok(EscalationSettings::default()));
    unit.expect_agent_kept_out().returning(|_, _, _| Ok(None));
    unit.expect_moment().returning(move || Ok(late));
    unit.expect_escalation_lock().returning(|_, _| Ok(Some(waiting(1))));
    unit.expect_escalation_save().never();
    let mut nothing = MockUnit::new();
    nothing.expect_moment().returning(move || Ok(late));
    nothing.expect_escalation_to_offer().returning(|_, _, _| Ok(None));
    let store = TestStore::of_each([unit, nothing]);
    let app = application(&store, MockDirectory::new());
    super::assign(&app, crate::testing::organization().id).await.expect("looked");
    assert!(store.committed().is_empty());
}

#[tokio::test]
async fn what_is_offered_goes_before_what_waits_and_nothing_is_no_fault() {
    let mut offered = waiting(3);
    offered.status = EscalationStatus::Offered;
    offered.agent = Some(user(1).id);
    offered.hold = Some(Hold::Offer { generation: 1, until: NOW + Duration::MINUTE });
    let (mut first, saved) = unit(2, vec![offered.clone()]);
    first.expect_escalation_next_lock().never();
    let (second, _) = unit(2, Vec::new());
    let store = TestStore::of_each([first, second]);
    let app = application(&store, MockDirectory::new());
    let asks = actor(1, Role::Admin);
    let claimed = claim_next(&app, &asks).await.expect("taken").expect("one");
    assert_eq!(claimed.escalation.escalation.id, offered.id);
    assert_eq!(saved.lock().expect("no panic").len(), 1);
    assert!(claim_next(&app, &asks).await.expect("nothing").is_none());
}

#[tokio::test]
async fn what_has_run_out_counts_once_it_is_written_down() {
    let late = || leased(2, TokenHash([1; 32]), Duration::ZERO);
    let unit = || {
        let (mut unit, saved) = unit(1, vec![late()]);
        unit.expect_agents_lapsed().returning(|_, _| Ok(Vec::new()));
        unit.expect_call_find().returning(|_, _| Ok(Some(call(2))));
        (unit, saved)
    };
    let store = TestStore::of_each([unit().0, unit().0, unit().0]);
    let app = application(&store, MockDirectory::new());
    let asks = actor(1, Role::Admin);
    for _ in 0..2 {
        // Nothing waits that they can take, so nothing is written down.
        let nothing = claim_next(&app, &asks).await.expect("nothing");
        assert!(nothing.is_none() && store.committed().is_empty());
        assert_eq!(app.lapsed.leases(), 0);
    }
    crate::availability::tend(&app, crate::testing::organization().id, user(1).id).await.expect("tended");
    assert_eq!((app.lapsed.leases(), app.lapsed.offers()), (1, 0));
}

#[tokio::test]
async fn a_lease_is_told_again_while_it_holds_and_not_afterwards() {
    let (lease, hash) = token::mint(token::LEASE_PREFIX, &crate::testing::CountingEntropy::default());
    for (hash, until, holds) in [
        (hash, Duration::SECOND, true),
        (hash, Duration::ZERO, false),
        (TokenHash([9; 32]), Duration::SECOND, false),
    ] {
        let mut view = MockUnit::new();
        view.expect_escalation_find().returning(move |_, _, _| Ok(Some(shown(leased(1, hash, until)))));
        let store = TestStore::of(view);
        let app = application(&store, MockDirectory::new());
        let told = held(&app, &actor(1, Role::Admin), waiting(1).id, &lease).await;
        match holds {
            true => assert_eq!(told.expect("told").until, NOW + until),
            false => {
                assert!(matches!(told, Err(Error::Escalation(EscalationRefusal::LeaseLost))), "{told:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_escalated_is_masked_and_waits_by_the_store_s_clock() {
    let mut unit = MockUnit::new();
    unit.expect_control_hold().returning(|_, _| Ok(true));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
    unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
    unit.expect_moment().returning(|| Ok(NOW + Duration::HOUR));
    let added = Saved::default();
    let into = added.clone();
    unit.expect_escalation_add().returning(move |_, escalation| {
        into.lock().expect("no panic").push(escalation.clone());
        Ok(())
    });
    unit.expect_escalation_find().returning(|_, _, _| Ok(Some(shown(waiting(1)))));
    let store = TestStore::of_each([unit, MockUnit::new()]);
    let app = application(&store, MockDirectory::new());
    let asks = Principal::Person(actor(1, Role::Owner));
    let command = |skill: &str| Escalate {
        call: call(1).id,
        reason: "Call me at +1 415 555 0100".parse().expect("a reason"),
        priority: waiting(1).priority,
        skills: Skills::new([skill]).expect("skills"),
    };
    create(&app, &asks, command("billing")).await.expect("escalated");
    let added = added.lock().expect("no panic").pop().expect("added");
    assert!(!added.reason.as_str().contains("555"), "{}", added.reason);
    assert_eq!(added.created_at, NOW + Duration::HOUR);
    assert_eq!(added.waits_until, NOW + Duration::HOUR + EscalationSettings::default().wait_limit());
    assert_eq!(store.committed()[0].1, [(Action::EscalationCreated, Outcome::Success)]);

    // A skill is compared as it is written, so it is refused instead.
    let mut unit = MockUnit::new();
    unit.expect_control_hold().returning(|_, _| Ok(true));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
    unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
    let store = TestStore::of(unit);
    let app = application(&store, MockDirectory::new());
    let refused = create(&app, &asks, command("user3@example.com")).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert!(store.committed().is_empty());
}
