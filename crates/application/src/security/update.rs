//! Changing the security controls of an organization.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget, Event},
    policy::Target,
    security::{Control, ControlChange, GraceDays, RuleChange},
};

use super::{
    ShownSecurity,
    switch::{state, switch, tell_owners},
};
use crate::{Actor, Application, Error, Precondition};

/// What is to be changed; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Whether everybody needs a second factor.
    pub mfa_required: Option<bool>,
    /// How long people have to set one up.
    pub grace: Option<GraceDays>,
    /// Whether other controls are to be on.
    pub controls: Vec<(Control, bool)>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes the security controls of the organization that the actor is at work in. When the rule about second factors goes on,
/// every member gets a deadline of their own, the actor too. Where a protection goes off, the Owners are told by mail.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::PlanRequired`], and [`Error::PreconditionFailed`].
pub async fn update(app: &Application, actor: &Actor, command: Command) -> Result<ShownSecurity, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let updated = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::SecurityControlChanged, target, updated).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<ShownSecurity, Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    // Whoever is on their way in either gets a deadline here, or finds the rule.
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::Unauthenticated)?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    let mfa_required = unit.mfa_rule_find(organization).await?;
    let controls = unit.controls(organization).await?;
    let shown = ShownSecurity { plan: found.plan, mfa_required, controls };
    command.precondition.check(shown.version())?;
    let rule = RuleChange::decide(shown.mfa_required.rule, command.mfa_required, command.grace);
    let on = shown.on();
    let mut switches = Vec::new();
    for (control, wanted) in command.controls {
        let plans = &app.settings.plans;
        switches.extend(ControlChange::decide(control, on.contains(control), wanted, found.plan, plans)?);
    }
    if rule.is_none() && switches.is_empty() {
        return Ok(shown);
    }
    let event = |action, target| app.event_by(actor, action, target);
    let mut events = Vec::new();
    if let Some(rule) = &rule {
        unit.mfa_rule_save(organization, rule.after(), actor.user_id(), now).await?;
        if rule.sets_deadlines() {
            unit.mfa_deadlines_set(organization, rule).await?;
        }
        let target = AuditTarget::Organization(organization);
        events.push(event_of(rule, event(Action::SecurityControlChanged, target)));
    }
    // What ends the audit log stands after all else in it, and what begins it before.
    switches.sort_by_key(|change| change.control() == Control::AuditLog);
    for change in &switches {
        let by = Some(actor.user_id());
        if change.control() == Control::PhiProtection && change.switches_on() {
            // Nobody writes one meanwhile: they hold the organization for that.
            unit.agents_forget_notes(organization).await?;
        }
        let switched = switch(unit.as_mut(), organization, change, by, now, event).await?;
        match (change.control(), change.switches_on()) {
            (Control::AuditLog, true) => events.insert(0, switched),
            (_, _) => events.push(switched),
        }
    }
    let mfa_required = unit.mfa_rule_find(organization).await?;
    let controls = unit.controls(organization).await?;
    let mut events = events.into_iter();
    // There is one for each change.
    let Some(first) = events.next() else { return Ok(shown) };
    let record = app.record(first).and_all(events, app.entropy.as_ref());
    let off = switches.iter().filter(|change| !change.switches_on()).map(ControlChange::control);
    let rule_off = rule.is_some_and(|rule| rule.before().enabled && !rule.after().enabled);
    let off = off.chain(rule_off.then_some(Control::MfaRequired)).filter(|control| control.is_protection());
    let record = tell_owners(unit.as_mut(), record, organization, off).await?;
    unit.commit(record).await?;
    Ok(ShownSecurity { plan: found.plan, mfa_required, controls })
}

fn event_of(rule: &RuleChange, mut event: Event) -> Event {
    let (before, after) = (rule.before(), rule.after());
    if before.enabled != after.enabled {
        let name = Control::MfaRequired.as_str();
        event = event.change(name, Some(state(before.enabled)), Some(state(after.enabled)));
    }
    if before.grace != after.grace {
        let (before, after) = (before.grace.get().to_string(), after.grace.get().to_string());
        event = event.change("mfa_required.grace_days", Some(&before), Some(&after));
    }
    event
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Role,
        audit::Outcome,
        organizations::{Organization, Plan},
        security::MfaRule,
    };
    use time::Duration;

    use super::*;
    use crate::{
        mail::Letter,
        ports::Scope,
        security::{KeptControl, KeptRule},
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization},
    };

    /// An organization with a rule, in which the actor still has a role; deadlines are set so often.
    fn unit(enabled: bool, held: Role, deadlines: usize) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_organization_lock_out().returning(|_| Ok(Some(organization())));
        unit.expect_member_hold().returning(move |_, _| Ok(Some(held)));
        let rule = MfaRule { enabled, ..MfaRule::default() };
        unit.expect_mfa_rule_find()
            .returning(move |_| Ok(KeptRule { rule, version: 1, ..KeptRule::default() }));
        unit.expect_mfa_rule_save().returning(|_, _, _, _| Ok(()));
        unit.expect_owners().returning(|_| Ok(vec![crate::testing::user(1).id]));
        unit.expect_controls().returning(|_| Ok(Control::SOLD.into_iter().map(KeptControl::off).collect()));
        unit.expect_mfa_deadlines_set().times(deadlines).returning(|_, _| Ok(()));
        unit
    }

    fn on() -> Command {
        Command { mfa_required: Some(true), ..Command::default() }
    }

    #[tokio::test]
    async fn when_the_rule_goes_on_deadlines_are_set_in_the_same_commit() {
        let store = TestStore::of(unit(false, Role::Owner, 1));
        let app = application(&store, MockDirectory::new());
        update(&app, &actor(1, Role::Owner), on()).await.expect("changed");
        let expected = (
            Scope::Organization(organization().id),
            vec![(Action::SecurityControlChanged, Outcome::Success)],
            vec![],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn when_the_rule_goes_off_nobody_s_deadline_is_touched() {
        let store = TestStore::of(unit(true, Role::Owner, 0));
        let app = application(&store, MockDirectory::new());
        let off = Command { mfa_required: Some(false), ..Command::default() };
        update(&app, &actor(1, Role::Owner), off).await.expect("changed");
        let [(_, _, letters)] = store.committed().try_into().expect("one commit");
        // A protection is off: the Owners are told.
        assert_eq!(letters, [letter(Control::MfaRequired)]);
    }

    fn letter(control: Control) -> Letter {
        Letter::ControlSwitchedOff {
            organization: organization().id,
            control,
            owner: crate::testing::user(1).id,
        }
    }

    /// An organization on a plan that has everything, with some controls on.
    fn enterprise(on: &'static [Control], saved: usize) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_organization_lock_out()
            .returning(|_| Ok(Some(Organization { plan: Plan::Enterprise, ..organization() })));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        let rule = MfaRule { enabled: true, ..MfaRule::default() };
        unit.expect_mfa_rule_find()
            .returning(move |_| Ok(KeptRule { rule, version: 1, ..KeptRule::default() }));
        unit.expect_mfa_rule_save().returning(|_, _, _, _| Ok(()));
        unit.expect_owners().returning(|_| Ok(vec![crate::testing::user(1).id]));
        unit.expect_controls().returning(move |_| {
            let kept = |control| KeptControl { enabled: on.contains(&control), ..KeptControl::off(control) };
            Ok(Control::SOLD.into_iter().map(kept).collect())
        });
        unit.expect_control_save().times(saved).returning(|_, _, _, _, _| Ok(()));
        // Whatever is being uploaded ends when recording does, in the same commit.
        let ends = usize::from(on.contains(&Control::CallRecording));
        unit.expect_uploads_end().times(ends).returning(|_| Ok(()));
        unit
    }

    #[tokio::test]
    async fn what_begins_the_audit_log_is_its_first_event_and_what_ends_it_its_last() {
        let all = |on| Control::SOLD.map(|control| (control, on)).to_vec();
        for (on, wanted) in [(&[] as &[Control], true), (&Control::SOLD, false)] {
            let store = TestStore::of(enterprise(on, 4));
            let app = application(&store, MockDirectory::new());
            let command = Command { mfa_required: Some(false), controls: all(wanted), ..Command::default() };
            update(&app, &actor(1, Role::Owner), command).await.expect("changed");
            let changes = store.changes();
            let log = if wanted { changes.first() } else { changes.last() };
            let state = if wanted { "on" } else { "off" };
            assert_eq!(log, Some(&("audit_log", Some(state.to_owned()))), "{changes:?}");
            assert_eq!(changes.len(), 5);
            let told = store.committed().remove(0).2;
            let off: Vec<Letter> = match wanted {
                true => vec![letter(Control::MfaRequired)],
                false => [
                    Control::PhiProtection,
                    Control::EndToEndEncryption,
                    Control::AuditLog,
                    Control::MfaRequired,
                ]
                .map(letter)
                .to_vec(),
            };
            assert_eq!(told, off);
        }
    }

    #[tokio::test]
    async fn a_control_that_the_plan_lacks_commits_nothing_but_the_refusal() {
        let store = TestStore::of(unit(false, Role::Owner, 0));
        let app = application(&store, MockDirectory::new());
        let controls = vec![(Control::AuditLog, true)];
        let command = Command { controls, ..on() };
        let refused = update(&app, &actor(1, Role::Owner), command).await;
        let required = Some(Plan::Enterprise);
        assert!(
            matches!(refused, Err(Error::PlanRequired { control: Control::AuditLog, plan }) if plan == required)
        );
        assert_eq!(store.committed()[0].1, [(Action::SecurityControlChanged, Outcome::Refused)]);
    }

    #[tokio::test]
    async fn a_change_to_what_is_so_already_or_of_another_version_commits_nothing() {
        let other_version = Command { precondition: Precondition::only(7), ..on() };
        for (enabled, command, meant) in
            [(true, on(), true), (false, Command::default(), true), (false, other_version, false)]
        {
            let store = TestStore::of(unit(enabled, Role::Owner, 0));
            let app = application(&store, MockDirectory::new());
            let answer = update(&app, &actor(1, Role::Owner), command).await;
            let so = matches!((meant, &answer), (true, Ok(_)) | (false, Err(Error::PreconditionFailed)));
            assert!(so, "{answer:?}");
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn whoever_may_not_or_may_not_any_more_commits_nothing_but_the_refusal() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        // The last was demoted while the request was on its way.
        for (actor, held) in
            [(actor(1, Role::Admin), Role::Admin), (stale, Role::Owner), (actor(1, Role::Owner), Role::Admin)]
        {
            let store = TestStore::of(unit(false, held, 0));
            let app = application(&store, MockDirectory::new());
            let refused = update(&app, &actor, on()).await;
            assert!(
                matches!(refused, Err(Error::PermissionDenied { .. } | Error::ElevationRequired)),
                "{refused:?}"
            );
            assert_eq!(store.committed()[0].1, [(Action::SecurityControlChanged, Outcome::Refused)]);
        }
    }
}
