//! Changing an API key.

use rollcall_domain::{
    ApiKeyId, Permission,
    api_keys::{ApiKey, KeyName, Networks, RateLimit, Scopes},
    audit::{Action, AuditTarget, Event},
    policy::Target,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ListedKey, create::in_the_future};
use crate::{Actor, Application, Error, Precondition};

/// Which key, and what of it; what is left out stays.
#[derive(Debug, Clone)]
pub struct Command {
    /// Which key.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: Option<KeyName>,
    /// What it may do.
    pub scopes: Option<Scopes>,
    /// When it ends; never by itself if none inside.
    pub expires_at: Option<Option<OffsetDateTime>>,
    /// From where it may be used.
    pub networks: Option<Networks>,
    /// How much it may be used; as much as anybody if none inside.
    pub rate_limit: Option<Option<RateLimit>>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes a key. It counts from its next use on.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`] when the key would be good for more, [`Error::NotFound`],
/// [`Error::ApiKeyRevoked`], [`Error::Invalid`] for an end that is not in the future, [`Error::PreconditionFailed`].
pub async fn update(app: &Application, actor: &Actor, command: Command) -> Result<ListedKey, Error> {
    let target = AuditTarget::ApiKey(command.id);
    let updated = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::ApiKeyUpdated, target, updated).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<ListedKey, Error> {
    let seat = actor.permit(Permission::ApiKeysManage)?;
    in_the_future(command.expires_at.flatten(), app.now())?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::ApiKeysManage, Target::Organization).await?;
    let before = unit.api_key_lock(seat.organization, command.id).await?.ok_or(Error::NotFound)?;
    command.precondition.check(before.version)?;
    if before.revoked_at.is_some() {
        return Err(Error::ApiKeyRevoked);
    }
    let after = ApiKey {
        name: command.name.unwrap_or_else(|| before.name.clone()),
        scopes: command.scopes.unwrap_or(before.scopes),
        expires_at: command.expires_at.unwrap_or(before.expires_at),
        networks: command.networks.unwrap_or_else(|| before.networks.clone()),
        rate_limit: command.rate_limit.unwrap_or(before.rate_limit),
        ..before.clone()
    };
    if after.is_wider_than(&before) {
        actor.require_elevation(app.now())?;
    }
    if after != before {
        unit.api_key_save(seat.organization, &after).await?;
    }
    let listed = unit.api_key_find(seat.organization, command.id).await?.ok_or(Error::NotFound)?;
    if after != before {
        let event = app.event_by(actor, Action::ApiKeyUpdated, AuditTarget::ApiKey(command.id));
        unit.commit(app.record(with_changes(event, &before, &after))).await?;
    }
    Ok(app.key_uses.known(listed))
}

fn with_changes(event: Event, before: &ApiKey, after: &ApiKey) -> Event {
    let said = |key: &ApiKey| {
        let moment = |at: OffsetDateTime| at.format(&Rfc3339).ok();
        let pace = |limit: RateLimit| format!("{} in {} s", limit.requests(), limit.per_seconds());
        [
            ("name", Some(key.name.to_string())),
            ("scopes", Some(key.scopes.permissions().to_string())),
            ("expires_at", key.expires_at.and_then(moment)),
            ("allowed_cidrs", key.networks.texts().map(|networks| networks.join(" "))),
            ("rate_limit", key.rate_limit.map(pace)),
        ]
    };
    let changes = said(before).into_iter().zip(said(after));
    changes.filter(|(before, after)| before != after).fold(event, |event, ((field, before), (_, after))| {
        event.change(field, before.as_deref(), after.as_deref())
    })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application, listed_key};

    fn unit(key: ApiKey) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_api_key_lock().returning(move |_, _| Ok(Some(key.clone())));
        unit.expect_api_key_find().returning(|_, _| Ok(Some(listed_key(api_key(1)))));
        unit
    }

    fn command(name: &str) -> Command {
        Command {
            id: api_key(1).id,
            name: name.parse().ok(),
            scopes: None,
            expires_at: None,
            networks: None,
            rate_limit: None,
            precondition: Precondition::None,
        }
    }

    #[tokio::test]
    async fn a_change_is_recorded_and_no_change_is_not() {
        let mut changing = unit(api_key(1));
        changing.expect_api_key_save().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of_each([changing, unit(api_key(1))]);
        let app = application(&store, MockDirectory::new());
        update(&app, &actor(1, Role::Owner), command("Another")).await.expect("changed");
        update(&app, &actor(1, Role::Owner), command("")).await.expect("nothing to change");
        assert_eq!(store.committed().len(), 1);
        assert_eq!(store.committed()[0].1, [(Action::ApiKeyUpdated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn what_is_revoked_or_another_version_does_not_change() {
        let revoked = ApiKey { revoked_at: Some(NOW), ..api_key(1) };
        let stale = Command { precondition: Precondition::only(7), ..command("Another") };
        for (key, command) in [(revoked, command("Another")), (api_key(1), stale)] {
            let store = TestStore::of(unit(key));
            let app = application(&store, MockDirectory::new());
            let refused = update(&app, &actor(1, Role::Owner), command).await;
            assert!(matches!(refused, Err(Error::ApiKeyRevoked | Error::PreconditionFailed)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }
}
