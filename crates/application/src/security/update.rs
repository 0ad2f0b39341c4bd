//! Changing the security controls of an organization.

use rollcall_domain::{
    Permission,
    audit::{Action, Target as AuditTarget},
    policy::Target,
    security::{GraceDays, RuleChange},
};

use super::Shown;
use crate::{Actor, Application, Error, Precondition};

/// What is to be changed; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Whether everybody needs a second factor.
    pub mfa_required: Option<bool>,
    /// How long people have to set one up.
    pub grace: Option<GraceDays>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes the security controls of the organization that the actor is at work in. When the rule about second factors goes on,
/// every member gets a deadline of their own, the actor too.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], and [`Error::PreconditionFailed`].
pub async fn update(app: &Application, actor: &Actor, command: Command) -> Result<Shown, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let updated = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::SecurityControlChanged, target, updated).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<Shown, Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    // Whoever is on their way in either gets a deadline here, or finds the rule.
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::Unauthenticated)?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    let kept = unit.mfa_rule_find(organization).await?;
    command.precondition.check(kept.version)?;
    let Some(change) = RuleChange::decide(kept.rule, command.mfa_required, command.grace) else {
        return Ok(Shown { plan: found.plan, mfa_required: kept });
    };
    unit.mfa_rule_save(organization, change.after(), actor.user_id(), now).await?;
    if change.sets_deadlines() {
        unit.mfa_deadlines_set(organization, &change).await?;
    }
    let kept = unit.mfa_rule_find(organization).await?;
    let mut event =
        app.event_by(actor, Action::SecurityControlChanged, AuditTarget::Organization(organization));
    let (before, after) = (change.before(), change.after());
    if before.enabled != after.enabled {
        let state = |enabled| Some(if enabled { "on" } else { "off" });
        event = event.change("mfa_required", state(before.enabled), state(after.enabled));
    }
    if before.grace != after.grace {
        let (before, after) = (before.grace.get().to_string(), after.grace.get().to_string());
        event = event.change("mfa_required.grace_days", Some(&before), Some(&after));
    }
    unit.commit(app.record(event)).await?;
    Ok(Shown { plan: found.plan, mfa_required: kept })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome, security::MfaRule};
    use time::Duration;

    use super::*;
    use crate::{
        ports::Scope,
        security::KeptRule,
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
        unit.expect_mfa_deadlines_set().times(deadlines).returning(|_, _| Ok(()));
        unit
    }

    fn on() -> Command {
        Command { mfa_required: Some(true), ..Command::default() }
    }

    #[tokio::test]
    async fn when_it_goes_on_deadlines_are_set_in_the_same_commit() {
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
    async fn when_it_goes_off_nobody_s_deadline_is_touched() {
        let store = TestStore::of(unit(true, Role::Owner, 0));
        let app = application(&store, MockDirectory::new());
        let off = Command { mfa_required: Some(false), ..Command::default() };
        update(&app, &actor(1, Role::Owner), off).await.expect("changed");
        assert_eq!(store.committed().len(), 1);
    }

    #[tokio::test]
    async fn what_is_so_already_or_meant_for_another_version_commits_nothing() {
        let other_version = Command { precondition: Precondition::Versions(vec![7]), ..on() };
        for (enabled, command) in [(true, on()), (false, Command::default()), (false, other_version)] {
            let store = TestStore::of(unit(enabled, Role::Owner, 0));
            let app = application(&store, MockDirectory::new());
            let answer = update(&app, &actor(1, Role::Owner), command).await;
            assert!(matches!(answer, Ok(_) | Err(Error::PreconditionFailed)), "{answer:?}");
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
