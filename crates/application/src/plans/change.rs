//! Going over to another plan: by an Owner, who pays for it, or by the platform's operator.

use rollcall_domain::{
    OrganizationId, Permission,
    audit::{self, Action, Event, Origin, Target as AuditTarget},
    organizations::Plan,
    plans::{COUNTED, Consent, Outlived, PlanChange, Shorter},
    policy::Target,
};
use time::Duration;

use super::{
    Bill, NewPlanChange, Order, Receipt,
    billing::{bill, usage},
};
use crate::{
    Actor, Application, Error, Precondition, Seat,
    audit::Record,
    mail::Letter,
    ports::{Scope, UnitOfWork, View},
    security::{switch, tell_owners},
};

/// Who agrees to what the operator decides.
const OPERATOR: &str = "operator";

/// Which plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// The plan.
    pub plan: Plan,
    /// What may go with the plan before.
    pub consent: Consent,
}

/// Takes the organization that the actor is at work in over to another plan.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`]; [`Error::ControlsInUse`], [`Error::TooManyMembers`],
/// [`Error::TooManyApiKeysForPlan`] or [`Error::RetentionTooShort`] when the plan is too small; [`Error::PaymentDeclined`],
/// [`Error::PreconditionFailed`].
pub async fn change(
    app: &Application,
    actor: &Actor,
    command: Command,
    precondition: &Precondition,
) -> Result<Bill, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let changed = order(app, actor, command, precondition).await;
    app.refusals_recorded(actor, Action::PlanChanged, target, changed).await
}

async fn order(
    app: &Application,
    actor: &Actor,
    command: Command,
    precondition: &Precondition,
) -> Result<Bill, Error> {
    let seat = actor.permit(Permission::BillingManage)?;
    actor.require_elevation(app.now())?;
    let organization = seat.organization;
    // Looked at first without a lock, so that nobody is asked for money in vain.
    let mut view = app.store.view(seat.scope()).await?;
    let found = view.organization_find(organization).await?.ok_or(Error::Unauthenticated)?;
    let before = found.plan;
    let is_nothing = decide(app, view.as_mut(), organization, before, command).await?.is_none();
    precondition.check(found.version)?;
    if is_nothing {
        return bill(view.as_mut(), organization, before, found.version).await;
    }
    drop(view);
    let order = Order { id: app.id(), organization, by: actor.user_id(), before, after: command.plan };
    let receipt = app.billing.agree(&order).await?;
    let shown = match go_over(app, actor, seat, command, precondition, &order, &receipt).await {
        Ok(Ordered::GoneOver(bill)) => return Ok(bill),
        Ok(Ordered::Already(bill)) => Ok(bill),
        Err(error) => Err(error),
    };
    let changed_nothing = match &shown {
        Ok(_) => true,
        // What became of a commit whose answer was lost is not known; then the plan speaks, and somebody has to look.
        Err(error) => !matches!(error, Error::Unavailable(_) | Error::Internal(_)),
    };
    if !(changed_nothing && app.billing.withdraw(&order, &receipt).await.is_ok()) {
        tracing::error!(%organization, order = %order.id, reference = receipt.reference, "a plan was paid for, and may not have been changed");
    }
    shown
}

/// What has come of an order.
enum Ordered {
    /// The organization has gone over.
    GoneOver(Bill),
    /// Somebody else was faster, and has paid for it.
    Already(Bill),
}

async fn go_over(
    app: &Application,
    actor: &Actor,
    seat: Seat,
    command: Command,
    precondition: &Precondition,
    order: &Order,
    receipt: &Receipt,
) -> Result<Ordered, Error> {
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(organization).await?;
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::Unauthenticated)?;
    seat.permit_on(unit.as_mut(), Permission::BillingManage, Target::Organization).await?;
    let change = decide(app, unit.as_mut(), organization, found.plan, command).await?;
    precondition.check(found.version)?;
    let Some(change) = change else {
        return Ok(Ordered::Already(bill(unit.as_mut(), organization, command.plan, found.version).await?));
    };
    let kept = NewPlanChange {
        id: order.id,
        before: change.before(),
        after: change.after(),
        at: app.now(),
        by: Some(actor.user_id()),
        provider: receipt.provider,
        reference: receipt.reference.clone(),
        deletion: change.deletion(),
    };
    let event = |action, target| app.event_by(actor, action, target);
    let record = put_through(app, unit.as_mut(), organization, &change, &kept, event).await?;
    let shown = bill(unit.as_mut(), organization, change.after(), found.version + 1).await?;
    unit.commit(record).await?;
    Ok(Ordered::GoneOver(shown))
}

/// The same by the platform's operator, who asks nobody for money.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::ControlsInUse`], [`Error::TooManyMembers`], [`Error::TooManyApiKeysForPlan`] or
/// [`Error::RetentionTooShort`]; [`Error::PreconditionFailed`].
pub(crate) async fn change_as_operator(
    app: &Application,
    origin: &Origin,
    organization: OrganizationId,
    command: Command,
    precondition: &Precondition,
) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    unit.team_lock(organization).await?;
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::NotFound)?;
    let change = decide(app, unit.as_mut(), organization, found.plan, command).await?;
    precondition.check(found.version)?;
    let Some(change) = change else { return Ok(()) };
    let kept = NewPlanChange {
        id: app.id(),
        before: change.before(),
        after: change.after(),
        at: app.now(),
        by: None,
        provider: OPERATOR,
        reference: None,
        deletion: change.deletion(),
    };
    let event = |action, target| app.event(audit::Actor::Operator, origin, action, target);
    let record = put_through(app, unit.as_mut(), organization, &change, &kept, event).await?;
    Ok(unit.commit(record).await?)
}

/// Decides by what the organization uses, and has kept so far.
async fn decide<V: View + ?Sized>(
    app: &Application,
    view: &mut V,
    organization: OrganizationId,
    before: Plan,
    command: Command,
) -> Result<Option<PlanChange>, Error> {
    let plans = &app.settings.plans;
    let shortening = plans.shortening(before, command.plan);
    let oldest = |kept: Shorter| app.now() - Duration::days(i64::from(kept.after));
    let mut outlived = Outlived::default();
    if let Some(kept) = shortening.recordings {
        outlived.recordings = view.recordings_older(organization, oldest(kept), COUNTED).await?;
    }
    if let Some(kept) = shortening.audit_events {
        outlived.audit_events = view.audit_events_older(organization, oldest(kept), COUNTED).await?;
    }
    let used = usage(view, organization).await?;
    Ok(PlanChange::decide(plans, before, command.plan, &used, outlived, command.consent)?)
}

/// Makes a change that has been decided, under the locks of the team and of the organization; gives back what is to be committed.
async fn put_through(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    change: &PlanChange,
    kept: &NewPlanChange,
    event: impl Fn(Action, AuditTarget) -> Event,
) -> Result<Record, Error> {
    unit.plan_change_add(organization, kept).await?;
    let mut changed = event(Action::PlanChanged, AuditTarget::Organization(organization)).change(
        "plan",
        Some(change.before().as_str()),
        Some(change.after().as_str()),
    );
    if let Some(deletion) = change.deletion() {
        let shortening = deletion.shortening;
        for (field, days) in [
            ("recording_retention_days", shortening.recordings),
            ("audit_retention_days", shortening.audit_events),
        ] {
            let Some(Shorter { before, after }) = days else { continue };
            changed = changed.change(field, Some(&before.to_string()), Some(&after.to_string()));
        }
    }
    let mut record = app.record(changed);
    // The audit log stands last among the controls, so that the others' end is still in it.
    for off in change.switched_off() {
        let switched = switch(unit, organization, &off, kept.by, kept.at, &event).await?;
        record = record.and(switched, app.entropy.as_ref());
    }
    if change.deletion().is_some() {
        let owners = unit.owners(organization).await?;
        let letter = |owner| Letter::RetentionShortened { organization, change: kept.id, owner };
        record = owners.into_iter().map(letter).fold(record, Record::mail);
    }
    tell_owners(unit, record, organization, change.switched_off().map(|off| off.control())).await
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{
        plans::Billing,
        security::KeptControl,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization, user},
    };
    use async_trait::async_trait;
    use rollcall_domain::{
        Role,
        audit::Outcome,
        organizations::Organization,
        plans::{Offer, Plans},
        security::Control,
    };

    /// Agrees or not, and notes what it was asked.
    struct Provider {
        agrees: bool,
        asked: Mutex<Vec<&'static str>>,
    }

    #[async_trait]
    impl Billing for Provider {
        async fn agree(&self, _: &Order) -> Result<Receipt, Error> {
            self.asked.lock().expect("no poison").push("agree");
            match self.agrees {
                true => Ok(Receipt { provider: "test", reference: Some("1".to_owned()) }),
                false => Err(Error::PaymentDeclined),
            }
        }

        async fn withdraw(&self, _: &Order, _: &Receipt) -> Result<(), Error> {
            self.asked.lock().expect("no poison").push("withdraw");
            Ok(())
        }
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
        agrees: bool,
        actor: &Actor,
        command: Command,
    ) -> (Result<Bill, Error>, TestStore, Vec<&'static str>) {
        let store = TestStore::of_each(units);
        let provider = Arc::new(Provider { agrees, asked: Mutex::default() });
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
        let (bill, store, asked) = changed(units, true, &actor(1, Role::Owner), DOWN).await;
        assert_eq!(bill.expect("changed").plan, Plan::Free);
        assert_eq!(asked, ["agree"]);
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        let switched = (Action::SecurityControlChanged, Outcome::Success);
        assert_eq!(events, [(Action::PlanChanged, Outcome::Success), switched, switched]);
        let letter = |control| Letter::ControlSwitchedOff {
            organization: organization().id,
            control,
            owner: user(1).id,
        };
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
            let (_, store, asked) = changed(units, true, actor, command).await;
            assert!(asked.is_empty(), "{command:?}");
            let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
            assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
        }
    }

    #[tokio::test]
    async fn a_payment_that_is_declined_changes_nothing_and_one_that_came_to_nothing_is_taken_back() {
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner)];
        let (refused, store, asked) = changed(units, false, &actor(1, Role::Owner), DOWN).await;
        assert!(matches!(refused, Err(Error::PaymentDeclined)), "{refused:?}");
        assert_eq!(asked, ["agree"]);
        assert_eq!(store.committed()[0].1, [(Action::PlanChanged, Outcome::Refused)]);
        // Demoted while the provider was asked; or one more has come in.
        for second in [unit(Plan::Pro, &[], 1, Role::Admin), unit(Plan::Pro, &[], 3, Role::Owner)] {
            let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
            let (refused, _, asked) = changed(units, true, &actor(1, Role::Owner), DOWN).await;
            assert!(refused.is_err(), "{refused:?}");
            assert_eq!(asked, ["agree", "withdraw"]);
        }
        // Another Owner was faster: it is as was asked, and paid for once.
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), unit(Plan::Free, &[], 1, Role::Owner)];
        let (bill, store, asked) = changed(units, true, &actor(1, Role::Owner), DOWN).await;
        assert_eq!(bill.expect("as it is").plan, Plan::Free);
        assert_eq!(asked, ["agree", "withdraw"]);
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn what_nobody_knows_the_end_of_is_not_taken_back() {
        let mut second = unit(Plan::Pro, &[], 1, Role::Owner);
        let lost = || Err(crate::ports::StoreError::Unavailable("the answer is lost".into()));
        second.expect_plan_change_add().returning(move |_, _| lost());
        let units = vec![unit(Plan::Pro, &[], 1, Role::Owner), second];
        let (unclear, _, asked) = changed(units, true, &actor(1, Role::Owner), DOWN).await;
        assert!(matches!(unclear, Err(Error::Unavailable(_))), "{unclear:?}");
        assert_eq!(asked, ["agree"]);
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
}
