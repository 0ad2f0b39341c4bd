use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    mail::Letter,
    plans::Billing,
    security::KeptControl,
    testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization, user},
};
use async_trait::async_trait;
use rollcall_domain::{
    Role,
    audit::Outcome,
    organizations::Organization,
    plans::{COUNTED, Offer, Outlived, Plans},
    security::Control,
};
use time::Duration;

type Answer = fn(&Order) -> Result<Receipt, Error>;

/// Answers as it is told to, and notes what it was asked.
struct Provider {
    answer: Answer,
    asked: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Billing for Provider {
    async fn agree(&self, order: &Order) -> Result<Receipt, Error> {
        self.asked.lock().expect("no poison").push("agree");
        (self.answer)(order)
    }

    async fn withdraw(&self, order: &Order, receipt: Option<&Receipt>) -> Result<(), Error> {
        assert!(receipt.is_none_or(|receipt| receipt.order == *order), "{order:?} is not for {receipt:?}");
        let what = if receipt.is_some() { "withdraw" } else { "withdraw what may have been agreed to" };
        self.asked.lock().expect("no poison").push(what);
        Ok(())
    }
}

fn agrees(order: &Order) -> Result<Receipt, Error> {
    Ok(Receipt { order: *order, provider: "test", reference: Some("1".to_owned()) })
}

fn declines(_: &Order) -> Result<Receipt, Error> {
    Err(Error::PaymentDeclined)
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the database restarts".into())
}

/// An organization on a plan, with some controls on, in which the actor still has a role.
fn unit(plan: Plan, on: &'static [Control], seats: u64, held: Role) -> MockUnit {
    dressed(MockUnit::new(), plan, on, seats, held)
}

/// The same, which says more already.
fn dressed(mut unit: MockUnit, plan: Plan, on: &'static [Control], seats: u64, held: Role) -> MockUnit {
    let found = move || Some(Organization { plan, ..organization() });
    unit.expect_team_lock().returning(|_| Ok(()));
    unit.expect_organization_find().returning(move |_| Ok(found()));
    unit.expect_organization_lock_out().returning(move |_| Ok(found()));
    unit.expect_member_hold().returning(move |_, _| Ok(Some(held)));
    unit.expect_members_count().returning(move |_| Ok(seats));
    unit.expect_api_keys_count().returning(|_| Ok(1));
    unit.expect_plan_version().returning(|_| Ok(1));
    unit.expect_plan_changes().returning(|_, _| Ok(Vec::new()));
    unit.expect_owners().returning(|_| Ok(vec![user(1).id]));
    unit.expect_recordings_older().returning(|_, _, _| Ok(0));
    unit.expect_audit_events_older().returning(|_, _, _| Ok(0));
    unit.expect_controls().returning(move |_| {
        let kept = |control| KeptControl { enabled: on.contains(&control), ..KeptControl::off(control) };
        Ok(Control::SOLD.into_iter().map(kept).collect())
    });
    unit
}

async fn changed(
    units: Vec<MockUnit>,
    answer: Answer,
    actor: &Actor,
    command: Command,
) -> (Result<Bill, Error>, TestStore, Vec<&'static str>) {
    let store = TestStore::of_each(units);
    let provider = Arc::new(Provider { answer, asked: Mutex::default() });
    let app = Application { billing: provider.clone(), ..application(&store, MockDirectory::new()) };
    let changed = change(&app, actor, command, &Precondition::None).await;
    let asked = provider.asked.lock().expect("no poison").clone();
    (changed, store, asked)
}

const DOWN: Command =
    Command { plan: Plan::Free, consent: Consent { disable_controls: true, accept_deletion: false } };

#[tokio::test]
async fn what_goes_with_a_plan_is_written_down_and_told_to_the_owners_in_the_same_commit() {
    let on: &[Control] = &[Control::AuditLog, Control::CallRecording];
    let mut second = unit(Plan::Enterprise, on, 1, Role::Owner);
    second.expect_plan_change_add().times(1).returning(|_, _| Ok(()));
    second.expect_uploads_end().times(1).returning(|_| Ok(()));
    second
        .expect_control_save()
        .times(2)
        .withf(|_, _, enabled, by, _| !enabled && by.is_some())
        .returning(|_, _, _, _, _| Ok(()));
    let units = vec![unit(Plan::Enterprise, on, 1, Role::Owner), second];
    let (bill, store, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
    assert_eq!(bill.expect("changed").plan, Plan::Free);
    assert_eq!(asked, ["agree"]);
    let [(_, events, letters)] = store.committed().try_into().expect("one commit");
    let switched = (Action::SecurityControlChanged, Outcome::Success);
    assert_eq!(events, [(Action::PlanChanged, Outcome::Success), switched, switched]);
    let letter =
        |control| Letter::ControlSwitchedOff { organization: organization().id, control, owner: user(1).id };
    assert_eq!(letters, [letter(Control::CallRecording), letter(Control::AuditLog)]);
}

#[tokio::test]
async fn nobody_is_asked_for_money_in_vain() {
    let on: &[Control] = &[Control::AuditLog];
    let mut stale = actor(1, Role::Owner);
    stale.session.authenticated_at = NOW - Duration::minutes(10);
    let owner = actor(1, Role::Owner);
    let careful = Command { consent: Consent::default(), ..DOWN };
    for (actor, on, seats, command) in [
        (&stale, &[] as &[Control], 1, DOWN),
        (&self::actor(1, Role::Admin), &[], 1, DOWN),
        (&owner, on, 1, careful),
        (&owner, &[], 3, DOWN),
        // It is so already.
        (&owner, &[], 3, Command { plan: Plan::Enterprise, ..DOWN }),
    ] {
        let units = vec![unit(Plan::Enterprise, on, seats, Role::Owner)];
        let (_, store, asked) = changed(units, agrees, actor, command).await;
        assert!(asked.is_empty(), "{command:?}");
        let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
        assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
    }
}

#[tokio::test]
async fn a_payment_that_is_declined_changes_nothing_and_one_that_came_to_nothing_is_taken_back() {
    let units = vec![unit(Plan::Pro, &[], 1, Role::Owner)];
    let (refused, store, asked) = changed(units, declines, &actor(1, Role::Owner), DOWN).await;
    assert!(matches!(refused, Err(Error::PaymentDeclined)), "{refused:?}");
    assert_eq!(asked, ["agree"]);
    assert_eq!(store.committed()[0].1, [(Action::PlanChanged, Outcome::Refused)]);
    // Demoted while the provider was asked; or one more has come in.
    for second in [unit(Plan::Pro, &[], 1, Role::Admin), unit(Plan::Pro, &[], 3, Role::Owner)] {
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
        let (refused, _, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(asked, ["agree", "withdraw"]);
    }
    // Another Owner was faster: it is as was asked, and paid for once.
    let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), unit(Plan::Free, &[], 1, Role::Owner)];
    let (bill, store, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
    assert_eq!(bill.expect("as it is").plan, Plan::Free);
    assert_eq!(asked, ["agree", "withdraw"]);
    assert!(store.committed().is_empty());
}

#[tokio::test]
async fn a_receipt_is_used_for_nothing_but_what_was_ordered() {
    // Another plan is in force by now; or the same, which somebody has come back to.
    let mut again = MockUnit::new();
    again.expect_plan_version().returning(|_| Ok(3));
    for second in [
        unit(Plan::Enterprise, &[], 1, Role::Owner),
        // What would be in the way of a change from there is nothing that this one is refused for.
        unit(Plan::Enterprise, &[Control::AuditLog], 3, Role::Owner),
        dressed(again, Plan::Pro, &[], 1, Role::Owner),
    ] {
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
        let careful = Command { consent: Consent::default(), ..DOWN };
        let (refused, store, asked) = changed(units, agrees, &actor(1, Role::Owner), careful).await;
        assert!(matches!(refused, Err(Error::PlanChanged { .. })), "{refused:?}");
        assert_eq!(asked, ["agree", "withdraw"]);
        assert!(store.committed().is_empty());
    }
}

#[tokio::test]
async fn what_is_kept_of_a_change_is_what_its_receipt_is_for() {
    let mut second = MockUnit::new();
    second.expect_plan_change_add().times(1).returning(|_, kept| {
        assert_eq!((kept.before, kept.after, kept.by), (Plan::Pro, Plan::Free, Some(user(1).id)));
        assert_eq!((kept.provider, kept.reference.as_deref()), ("test", Some("1")));
        Ok(())
    });
    let second = dressed(second, Plan::Pro, &[], 1, Role::Owner);
    let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
    let (changed, _, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
    assert_eq!(changed.expect("changed").plan, Plan::Free);
    assert_eq!(asked, ["agree"]);
}

#[tokio::test]
async fn what_failed_before_the_commit_is_taken_back() {
    let mut not_locked = MockUnit::new();
    not_locked.expect_team_lock().returning(|_| Err(unavailable()));
    let mut not_kept = MockUnit::new();
    not_kept.expect_plan_change_add().returning(|_, _| Err(unavailable()));
    for second in [not_locked, not_kept] {
        let second = dressed(second, Plan::Pro, &[], 1, Role::Owner);
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
        let (failed, _, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
        assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
        assert_eq!(asked, ["agree", "withdraw"]);
    }
}

#[tokio::test]
async fn what_became_of_a_commit_whose_answer_was_lost_is_found_out() {
    let run = async |kept: fn() -> Result<bool, StoreError>| {
        let mut second = MockUnit::new();
        second.expect_plan_change_add().returning(|_, _| Ok(()));
        second.expect_commit().returning(|_| Err(unavailable()));
        let mut third = MockUnit::new();
        third.expect_team_lock().times(1).returning(|_| Ok(()));
        third.expect_plan_change_is_kept().times(1).returning(move |_, _| kept());
        let second = dressed(second, Plan::Pro, &[], 1, Role::Owner);
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second, third];
        let (came, _, asked) = changed(units, agrees, &actor(1, Role::Owner), DOWN).await;
        (came, asked)
    };
    let (came, asked) = run(|| Ok(true)).await;
    assert_eq!(came.expect("changed").plan, Plan::Free);
    assert_eq!(asked, ["agree"]);
    let (came, asked) = run(|| Ok(false)).await;
    assert!(matches!(came, Err(Error::Unavailable(_))), "{came:?}");
    assert_eq!(asked, ["agree", "withdraw"]);
    // Nobody knows: it is neither told as done nor taken back.
    let (came, asked) = run(|| Err(unavailable())).await;
    assert!(matches!(came, Err(Error::Unavailable(_))), "{came:?}");
    assert_eq!(asked, ["agree"]);
}

#[tokio::test]
async fn what_may_have_been_agreed_to_without_our_hearing_of_it_is_taken_back() {
    let answers: [Answer; 2] = [
        |_| Err(Error::Unavailable("no answer".into())),
        |order| agrees(&Order { after: Plan::Enterprise, ..*order }),
    ];
    for answer in answers {
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner)];
        let (failed, store, asked) = changed(units, answer, &actor(1, Role::Owner), DOWN).await;
        assert!(matches!(failed, Err(Error::Unavailable(_) | Error::Internal(_))), "{failed:?}");
        assert_eq!(asked, ["agree", "withdraw what may have been agreed to"]);
        assert!(store.committed().is_empty());
    }
}

#[tokio::test]
async fn what_a_plan_deletes_is_asked_about_counted_under_the_lock_written_down_and_told() {
    let plans = {
        let kept = |days, offer: &Offer| Offer {
            audit_retention_days: days,
            recording_retention_days: days + 1,
            ..*offer
        };
        let all = Plan::ALL.map(|plan| *crate::testing::plans().of(plan));
        Plans::new([kept(30, &all[0]), kept(365, &all[1]), kept(365, &all[2])]).expect("plans")
    };
    let holding = |recordings, events| {
        let mut unit = MockUnit::new();
        unit.expect_recordings_older()
            .withf(|_, than, at_most| *than == NOW - Duration::days(31) && *at_most == COUNTED)
            .returning(move |_, _, _| Ok(recordings));
        unit.expect_audit_events_older()
            .withf(|_, than, at_most| *than == NOW - Duration::days(30) && *at_most == COUNTED)
            .returning(move |_, _, _| Ok(events));
        unit.expect_plan_change_add().returning(|_, kept| {
            let outlived = Outlived { recordings: 2, audit_events: 3 };
            assert_eq!(kept.deletion.map(|deletion| deletion.outlived), Some(outlived));
            Ok(())
        });
        dressed(unit, Plan::Pro, &[], 1, Role::Owner)
    };
    let run = async |units: Vec<MockUnit>, consent| {
        let store = TestStore::of_each(units);
        let mut app = application(&store, MockDirectory::new());
        app.settings.plans = plans;
        let command = Command { plan: Plan::Free, consent };
        (change(&app, &actor(1, Role::Owner), command, &Precondition::None).await, store)
    };
    let agreed = Consent { accept_deletion: true, ..Consent::default() };
    let (refused, _) = run(vec![holding(2, 3)], Consent::default()).await;
    let counted = Outlived { recordings: 2, audit_events: 3 };
    assert!(
        matches!(refused, Err(Error::RetentionTooShort { outlived }) if outlived == counted),
        "{refused:?}"
    );
    // What came in between is found by whoever holds the locks.
    let (refused, _) = run(vec![holding(0, 0), holding(2, 3)], Consent::default()).await;
    assert!(matches!(refused, Err(Error::RetentionTooShort { .. })), "{refused:?}");
    let (changed, store) = run(vec![holding(2, 3), holding(2, 3)], agreed).await;
    assert!(changed.is_ok(), "{changed:?}");
    let [(_, _, letters)] = store.committed().try_into().expect("one commit");
    let [Letter::RetentionShortened { owner, .. }] = letters[..] else { panic!("{letters:?}") };
    assert_eq!(owner, user(1).id);
}
