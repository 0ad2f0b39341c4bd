//! Choosing where it is told what becomes of escalated calls.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    policy::Target,
    secret::Secret,
    webhooks::WebhookUrl,
};

use super::{KeptWebhook, NewWebhook, ShownWebhook, Topic, mint, seal, show::SHOWN};
use crate::{Actor, Application, Error, Precondition};

/// A webhook that was chosen.
#[derive(Debug, Clone)]
pub struct WebhookChoice {
    /// It, and what was to be sent.
    pub shown: ShownWebhook,
    /// What messages are signed with. It is known at this moment only.
    pub secret: Secret,
}

/// Chooses the webhook of the organization that the actor is at work in, in the place of the one before. Chosen again, it gets another
/// secret.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::PreconditionFailed`].
pub async fn set(
    app: &Application,
    actor: &Actor,
    url: WebhookUrl,
    precondition: &Precondition,
) -> Result<WebhookChoice, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let chosen = choose(app, actor, url, precondition).await;
    app.refusals_recorded(actor, Action::WebhookSet, target, chosen).await
}

async fn choose(
    app: &Application,
    actor: &Actor,
    url: WebhookUrl,
    precondition: &Precondition,
) -> Result<WebhookChoice, Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let secret = mint(app);
    let sealed = seal(app, organization, Topic::Escalations, &secret)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    // Where there is no webhook yet there is no row to lock.
    unit.organization_lock(organization).await?.ok_or(Error::Unauthenticated)?;
    let before = unit.webhook_lock(organization).await?;
    precondition.check_found(before.as_ref().map(KeptWebhook::version))?;
    let chosen = NewWebhook { url, secret: sealed, at: now, by: actor.user_id() };
    unit.webhook_set(organization, &chosen).await?;
    let deliveries = unit.deliveries(organization, Topic::Escalations, SHOWN).await?;
    let health = unit.health(organization, Topic::Escalations).await?;
    let url = chosen.url;
    let choices = before.as_ref().map_or(1, |kept| kept.choices + 1);
    let (host, host_before) = (url.host().to_string(), before.map(|kept| kept.url.host().to_string()));
    // The rest of a URL may well be something that only they should know.
    let event = app.event_by(actor, Action::WebhookSet, AuditTarget::Organization(organization)).change(
        "host",
        host_before.as_deref(),
        Some(&host),
    );
    unit.commit(app.record(event)).await?;
    let kept = KeptWebhook { url, set_at: now, set_by: Some(actor.user_id()), choices };
    Ok(WebhookChoice { shown: ShownWebhook { kept, health, deliveries }, secret })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization};
    use crate::webhooks::DeliveryHealth;

    fn unit(held: Role) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(move |_, _| Ok(Some(held)));
        unit.expect_organization_lock().returning(|_| Ok(Some(organization())));
        unit.expect_webhook_lock().returning(|_| Ok(None));
        unit.expect_webhook_set().returning(|_, _| Ok(()));
        unit.expect_deliveries().returning(|_, _, _| Ok(Vec::new()));
        unit.expect_health().returning(|_, _| Ok(DeliveryHealth::default()));
        unit
    }

    fn url() -> WebhookUrl {
        "https://example.com/hook?token=secret".parse().expect("a URL")
    }

    #[tokio::test]
    async fn a_webhook_gets_a_secret_and_its_host_alone_is_written_down() {
        let store = TestStore::of(unit(Role::Owner));
        let app = application(&store, MockDirectory::new());
        let chosen = set(&app, &actor(1, Role::Owner), url(), &Precondition::None).await.expect("chosen");
        assert!(chosen.secret.expose().starts_with("whsec_"));
        assert_eq!(store.committed()[0].1, [(Action::WebhookSet, Outcome::Success)]);
        assert_eq!(store.changes(), [("host", Some("example.com".to_owned()))]);
    }

    #[tokio::test]
    async fn whoever_may_not_choose_a_webhook_chooses_none() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        // The last was demoted while the request was on its way.
        for (actor, held) in
            [(actor(1, Role::Admin), Role::Admin), (stale, Role::Owner), (actor(1, Role::Owner), Role::Admin)]
        {
            let store = TestStore::of(unit(held));
            let app = application(&store, MockDirectory::new());
            assert!(set(&app, &actor, url(), &Precondition::None).await.is_err());
            assert_eq!(store.committed()[0].1, [(Action::WebhookSet, Outcome::Refused)]);
        }
    }
}
