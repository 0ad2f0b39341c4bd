//! Giving an API key a new secret.

use rollcall_domain::{
    ApiKeyId, Permission,
    audit::{Action, AuditTarget},
    policy::Target,
};
use time::Duration;

use super::create::{CreatedApiKey, mint};
use crate::{Actor, Application, Error, Precondition};

/// Which key, and how.
#[derive(Debug, Clone)]
pub struct Command {
    /// Which key.
    pub id: ApiKeyId,
    /// How long the present secret goes on working: nothing to [`LONGEST_OVERLAP`](rollcall_domain::api_keys::LONGEST_OVERLAP).
    pub overlap: Duration,
    /// The versions that it is meant for.
    pub precondition: Precondition,
}

/// Gives a key a new secret. The present one works until the overlap ends; one that was replaced before ends at once, so that
/// never more than two work.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::NotFound`], [`Error::ApiKeyRevoked`],
/// [`Error::PreconditionFailed`], and [`Error::ApiKeyExpired`], as a new secret would be of no use.
pub async fn rotate(app: &Application, actor: &Actor, command: Command) -> Result<CreatedApiKey, Error> {
    let target = AuditTarget::ApiKey(command.id);
    let rotated = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::ApiKeyRotated, target, rotated).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<CreatedApiKey, Error> {
    let Command { id, overlap, precondition } = command;
    let seat = actor.permit(Permission::ApiKeysManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::ApiKeysManage, Target::Organization).await?;
    let key = unit.api_key_lock(seat.organization, id).await?.ok_or(Error::NotFound)?;
    precondition.check(key.version)?;
    if key.revoked_at.is_some() {
        return Err(Error::ApiKeyRevoked);
    }
    if !key.is_live(now) {
        return Err(Error::ApiKeyExpired);
    }
    let (secret, hash) = mint(app, &key.prefix);
    let present_until = overlap.is_positive().then_some(now + overlap);
    unit.api_key_rotate(seat.organization, id, hash, present_until).await?;
    let listed = unit.api_key_find(seat.organization, id).await?.ok_or(Error::NotFound)?;
    let event = app.event_by(actor, Action::ApiKeyRotated, AuditTarget::ApiKey(id)).change(
        "overlap_seconds",
        None,
        Some(&overlap.whole_seconds().to_string()),
    );
    unit.commit(app.record(event)).await?;
    Ok(CreatedApiKey { key: app.key_uses.known(listed), secret })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, api_keys::ApiKey, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application, listed_key};

    fn unit(key: ApiKey) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_api_key_lock().returning(move |_, _| Ok(Some(key.clone())));
        unit.expect_api_key_find().returning(|_, _| Ok(Some(listed_key(api_key(1)))));
        unit
    }

    fn command(overlap: Duration) -> Command {
        Command { id: api_key(1).id, overlap, precondition: Precondition::None }
    }

    #[tokio::test]
    async fn the_present_secret_works_until_the_overlap_ends() {
        let mut unit = unit(api_key(1));
        unit.expect_api_key_rotate()
            .times(1)
            .withf(|_, _, _, until| *until == Some(NOW + Duration::HOUR))
            .returning(|_, _, _, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let command = command(Duration::HOUR);
        let made = rotate(&app, &actor(1, Role::Owner), command).await.expect("a secret");
        assert!(made.secret.expose().starts_with(api_key(1).prefix.as_str()));
        assert_eq!(store.committed()[0].1, [(Action::ApiKeyRotated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn without_an_overlap_it_ends_whatever_the_time_is() {
        let mut unit = unit(api_key(1));
        unit.expect_api_key_rotate()
            .times(1)
            .withf(|_, _, _, until| until.is_none())
            .returning(|_, _, _, _| Ok(()));
        let app = application(&TestStore::of(unit), MockDirectory::new());
        rotate(&app, &actor(1, Role::Owner), command(Duration::ZERO)).await.expect("a secret");
    }

    #[tokio::test]
    async fn what_has_ended_gets_no_secret_and_neither_does_a_stale_proof() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        let revoked = ApiKey { revoked_at: Some(NOW), ..api_key(1) };
        let expired = ApiKey { expires_at: Some(NOW), ..api_key(1) };
        let owner = actor(1, Role::Owner);
        for (actor, key) in [(&owner, revoked), (&owner, expired), (&stale, api_key(1))] {
            let store = TestStore::of(unit(key));
            let app = application(&store, MockDirectory::new());
            let refused = rotate(&app, actor, command(Duration::ZERO)).await;
            assert!(
                matches!(
                    refused,
                    Err(Error::ApiKeyRevoked | Error::ApiKeyExpired | Error::ElevationRequired)
                ),
                "{refused:?}"
            );
        }
    }
}
