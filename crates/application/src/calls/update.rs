//! Changing what is known about a call.

use rollcall_domain::{
    CallId, OrganizationId, Permission,
    audit::{Action, AuditTarget},
    calls::{AgentRef, Call, Direction, Facts, Metadata, Party, Times},
};
use time::OffsetDateTime;

use super::create::told;
use crate::{
    Application, Error, Precondition, Principal,
    availability::{Attempt, tend_and_retry},
    escalations::{HungUp, hang_up},
    ports::Scope,
};

/// Which call, and what of it; what is left out stays.
#[derive(Debug, Clone)]
pub struct Command {
    /// Which call.
    pub id: CallId,
    /// Who has called whom.
    pub direction: Option<Direction>,
    /// Who spoke for the organization; nobody who is known if none inside.
    pub agent_ref: Option<Option<AgentRef>>,
    /// When it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended. A call that has ended does not go on.
    pub ended_at: Option<OffsetDateTime>,
    /// Who called.
    pub from: Option<Option<Party>>,
    /// Who was called.
    pub to: Option<Option<Party>>,
    /// What else the platform wants to know about it: all of it.
    pub metadata: Option<Metadata>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes what is known about a call.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::Invalid`] when it would end before it begins, and
/// [`Error::PreconditionFailed`].
pub async fn update(app: &Application, principal: &Principal, command: Command) -> Result<Call, Error> {
    let target = AuditTarget::Call(command.id);
    let updated = change(app, principal, command).await;
    app.refusals_recorded(principal, Action::CallUpdated, target, updated).await
}

async fn change(app: &Application, principal: &Principal, command: Command) -> Result<Call, Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    tend_and_retry(app, organization, || attempt(app, principal, organization, &command)).await
}

async fn attempt(
    app: &Application,
    principal: &Principal,
    organization: OrganizationId,
    command: &Command,
) -> Result<Attempt<Call>, Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    principal.permit_again(unit.as_mut(), Permission::CallsWrite, app.now()).await?;
    let before = unit.call_lock(organization, command.id).await?.ok_or(Error::NotFound)?;
    command.precondition.check(before.version)?;
    let was = &before.facts;
    let started_at = command.started_at.unwrap_or(was.times.started_at());
    let times = Times::new(started_at, command.ended_at.or(was.times.ended_at()));
    let facts = Facts {
        external_id: was.external_id.clone(),
        direction: command.direction.unwrap_or(was.direction),
        agent_ref: command.agent_ref.clone().unwrap_or_else(|| was.agent_ref.clone()),
        times: times.map_err(|problem| Error::invalid("ended_at", problem))?,
        from: command.from.clone().unwrap_or_else(|| was.from.clone()),
        to: command.to.clone().unwrap_or_else(|| was.to.clone()),
        metadata: command.metadata.clone().unwrap_or_else(|| was.metadata.clone()),
    };
    if facts == before.facts {
        return Ok(Attempt::Done(before));
    }
    let after = Call { facts, version: before.version + 1, ..before.clone() };
    unit.call_save(organization, &after).await?;
    let mut hung_up = None;
    if after.has_ended() && !before.has_ended() {
        unit.media_keys_forget(organization, after.id).await?;
        match hang_up(app, principal, unit.as_mut(), organization, after.id).await? {
            HungUp::Unchanged => {}
            HungUp::Ended(event) => hung_up = Some(*event),
            HungUp::Lapsed(user) => return Ok(Attempt::Lapsed(vec![user])),
        }
    }
    let event = app.event_by(principal, Action::CallUpdated, AuditTarget::Call(after.id));
    let record = app.record(told(event, Some(&before.facts), &after.facts));
    unit.commit(record.and_all(hung_up, app.entropy.as_ref())).await?;
    Ok(Attempt::Done(after))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, call};

    fn unit() -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
        unit.expect_call_save().returning(|_, _| Ok(()));
        unit.expect_media_keys_forget().returning(|_, _| Ok(()));
        unit
    }

    fn command() -> Command {
        Command {
            id: call(1).id,
            direction: None,
            agent_ref: None,
            started_at: None,
            ended_at: None,
            from: None,
            to: None,
            metadata: None,
            precondition: Precondition::None,
        }
    }

    #[tokio::test]
    async fn a_change_is_recorded_and_no_change_is_not() {
        let store = TestStore::of_each([unit(), unit(), unit(), unit()]);
        let app = application(&store, MockDirectory::new());
        let owner = Principal::Person(actor(1, Role::Owner));
        let ended = Command { ended_at: Some(NOW + Duration::MINUTE), from: Some(None), ..command() };
        let after = update(&app, &owner, ended).await.expect("a change");
        assert!(after.has_ended() && after.facts.from.is_none() && after.version == 2);
        assert!(!update(&app, &owner, command()).await.expect("no change").has_ended());
        let too_early = Command { ended_at: Some(NOW - Duration::MINUTE), ..command() };
        assert!(matches!(update(&app, &owner, too_early).await, Err(Error::Invalid(_))));
        let stale = Command { precondition: Precondition::only(7), ..command() };
        assert!(matches!(update(&app, &owner, stale).await, Err(Error::PreconditionFailed)));
        assert_eq!(store.committed().len(), 1);
        assert_eq!(store.committed()[0].1, [(Action::CallUpdated, Outcome::Success)]);
    }
}
