//! Choosing who is sent the checkpoints.

use rollcall_domain::{
    Permission,
    audit::witness::Witness,
    audit::{Action, AuditTarget},
    policy::Target,
    secret::Secret,
};
use time::Duration;

use super::{KeptWitness, NewWitness, SHOWN, ShownWitness};
use crate::{
    Actor, Application, Error, Limit, Precondition,
    audit::catch_up,
    webhooks::{Topic, mint, seal},
};

/// How often checkpoints are sent within a day because of another choice, so that this is no way to send mail to strangers.
const CHOICES: Limit =
    Limit { name: "witness", what: "choices of a witness", quota: 20, window: Duration::DAY };

/// A witness that was chosen.
#[derive(Debug, Clone)]
pub struct WitnessChoice {
    /// It, and the checkpoints that were to be sent.
    pub shown: ShownWitness,
    /// What messages to a webhook are signed with. It is known at this moment only.
    pub secret: Option<Secret>,
}

/// Chooses who is sent the checkpoints of the log of the organization that the actor is at work in, in the place of whoever it was
/// before. The first one is on its way at once: what arrives shows that the choice was right.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::AuditLogDisabled`] when there is nothing in the log,
/// [`Error::LimitReached`], and [`Error::PreconditionFailed`].
pub async fn set(
    app: &Application,
    actor: &Actor,
    witness: Witness,
    precondition: &Precondition,
) -> Result<WitnessChoice, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let chosen = choose(app, actor, witness, precondition).await;
    app.refusals_recorded(actor, Action::AuditWitnessSet, target, chosen).await
}

async fn choose(
    app: &Application,
    actor: &Actor,
    witness: Witness,
    precondition: &Precondition,
) -> Result<WitnessChoice, Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let secret = match &witness {
        Witness::Webhook(_) => Some(mint(app)),
        Witness::Mail(_) => None,
    };
    let sealed =
        secret.as_ref().map(|secret| seal(app, organization, Topic::Checkpoints, secret)).transpose()?;
    catch_up(app, Some(organization)).await?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    let extent = unit.log_extent(organization).await?;
    if !extent.is_some_and(|extent| extent.on || extent.first < extent.size) {
        return Err(Error::AuditLogDisabled);
    }
    // Where there is no witness yet there is no row to lock.
    unit.organization_lock(organization).await?.ok_or(Error::Unauthenticated)?;
    let before = unit.witness_lock(organization).await?;
    precondition.check_found(before.as_ref().map(KeptWitness::version))?;
    if app.settings.limits.is_some()
        && unit.deliveries_since(organization, Topic::Checkpoints, now - CHOICES.window).await?
            >= CHOICES.quota
    {
        return Err(Error::LimitReached { limit: CHOICES, retry_after: Duration::HOUR });
    }
    let chosen = NewWitness { witness, secret: sealed, at: now, by: actor.user_id() };
    unit.witness_set(organization, &chosen).await?;
    let deliveries = unit.deliveries(organization, Topic::Checkpoints, SHOWN).await?;
    let health = unit.health(organization, Topic::Checkpoints).await?;
    let witness = chosen.witness;
    let event = app.event_by(actor, Action::AuditWitnessSet, AuditTarget::Organization(organization));
    let event =
        event.change("witness", before.as_ref().map(|kept| kept.witness.kind()), Some(witness.kind()));
    let event = match &witness {
        Witness::Mail(address) => event.address("email", address),
        // The rest of a URL may well be something that only they should know.
        Witness::Webhook(url) => event.change("host", None, Some(&url.host().to_string())),
    };
    unit.commit(app.record(event)).await?;
    let choices = before.map_or(1, |kept| kept.choices + 1);
    let kept = KeptWitness { witness, set_at: now, set_by: Some(actor.user_id()), next_at: now, choices };
    Ok(WitnessChoice { shown: ShownWitness { kept, health, deliveries }, secret })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::{
        audit::LogExtent,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization},
        webhooks::DeliveryHealth,
    };

    fn unit(held: Role, extent: Option<LogExtent>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(move |_, _| Ok(Some(held)));
        unit.expect_log_extent().returning(move |_| Ok(extent));
        unit.expect_organization_lock().returning(|_| Ok(Some(organization())));
        unit.expect_witness_lock().returning(|_| Ok(None));
        unit.expect_witness_set().returning(|_, _| Ok(()));
        unit.expect_deliveries().returning(|_, _, _| Ok(Vec::new()));
        unit.expect_health().returning(|_, _| Ok(DeliveryHealth::default()));
        unit
    }

    const ON: Option<LogExtent> = Some(LogExtent { first: 0, size: 1, on: true });

    fn webhook() -> Witness {
        Witness::Webhook("https://example.com/hook".parse().expect("a URL"))
    }

    #[tokio::test]
    async fn a_webhook_gets_a_secret_that_is_kept_sealed_and_a_mail_address_none() {
        for (witness, has_secret) in
            [(webhook(), true), (Witness::Mail("w@example.com".parse().expect("an address")), false)]
        {
            let store = TestStore::of(unit(Role::Owner, ON));
            let app = application(&store, MockDirectory::new());
            let chosen =
                set(&app, &actor(1, Role::Owner), witness, &Precondition::None).await.expect("chosen");
            assert_eq!(chosen.secret.is_some(), has_secret);
            assert_eq!(store.committed()[0].1, [(Action::AuditWitnessSet, Outcome::Success)]);
        }
    }

    #[tokio::test]
    async fn whoever_may_not_choose_a_witness_chooses_nobody() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        // The last was demoted while the request was on its way.
        for (actor, held) in
            [(actor(1, Role::Admin), Role::Admin), (stale, Role::Owner), (actor(1, Role::Owner), Role::Admin)]
        {
            let store = TestStore::of(unit(held, ON));
            let app = application(&store, MockDirectory::new());
            let refused = set(&app, &actor, webhook(), &Precondition::None).await.map(|_| ());
            assert!(
                matches!(refused, Err(Error::PermissionDenied { .. } | Error::ElevationRequired)),
                "{refused:?}"
            );
            assert_eq!(store.committed()[0].1, [(Action::AuditWitnessSet, Outcome::Refused)]);
        }
    }

    #[tokio::test]
    async fn nobody_witnesses_a_log_in_which_there_is_nothing() {
        for extent in [None, Some(LogExtent { first: 3, size: 3, on: false })] {
            let store = TestStore::of(unit(Role::Owner, extent));
            let app = application(&store, MockDirectory::new());
            let refused = set(&app, &actor(1, Role::Owner), webhook(), &Precondition::None).await.map(|_| ());
            assert!(matches!(refused, Err(Error::AuditLogDisabled)), "{refused:?}");
        }
    }
}
