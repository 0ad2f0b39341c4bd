//! Making an API key.

use rollcall_domain::{
    Permission,
    api_keys::{self, ApiKey, KeyName, KeyPrefix, Networks, RateLimit, Scopes},
    audit::{Action, AuditTarget},
    plans,
    policy::Target,
    secret::Secret,
};
use time::OffsetDateTime;

use super::{KeyHash, ListedKey};
use crate::{Actor, Application, Error};

/// What the key is to be.
#[derive(Debug, Clone)]
pub struct Command {
    /// What it is called.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends; never by itself if none.
    pub expires_at: Option<OffsetDateTime>,
    /// From where it may be used.
    pub networks: Networks,
    /// How much it may be used.
    pub rate_limit: Option<RateLimit>,
}

/// A key with a secret that was just made. It is not kept, so it is known at this moment only.
#[derive(Debug, Clone)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ListedKey,
    /// What opens it.
    pub secret: Secret,
}

/// Makes an API key of the organization.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::Invalid`] for an end that is not in the future, and
/// [`Error::TooManyApiKeys`].
pub async fn create(app: &Application, actor: &Actor, command: Command) -> Result<CreatedApiKey, Error> {
    let created = add(app, actor, command).await;
    app.refusals_recorded(actor, Action::ApiKeyCreated, AuditTarget::Nothing, created).await
}

async fn add(app: &Application, actor: &Actor, command: Command) -> Result<CreatedApiKey, Error> {
    let seat = actor.permit(Permission::ApiKeysManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let Command { name, scopes, expires_at, networks, rate_limit } = command;
    in_the_future(expires_at, now)?;
    let mut random = [0; 16];
    app.entropy.fill(&mut random);
    let key = ApiKey {
        id: app.id(),
        prefix: KeyPrefix::from_random(random),
        name,
        scopes,
        networks,
        rate_limit,
        created_by: Some(actor.user_id()),
        created_at: now,
        expires_at,
        revoked_at: None,
        version: 1,
    };
    let (secret, hash) = mint(app, &key.prefix);
    let mut unit = app.store.begin(seat.scope()).await?;
    // Of those who make one at the same moment, each finds those of the others.
    unit.team_lock(seat.organization).await?;
    seat.permit_on(unit.as_mut(), Permission::ApiKeysManage, Target::Organization).await?;
    let organization = unit.organization_find(seat.organization).await?.ok_or(Error::Unauthenticated)?;
    let of_plan = app.settings.plans.of(organization.plan).api_keys;
    let most =
        of_plan.into_iter().chain(app.settings.limits.map(|limits| limits.api_keys_per_organization)).min();
    if let Some(most) = most
        && !plans::has_room(Some(most), unit.api_keys_count(seat.organization).await?)
    {
        return Err(Error::TooManyApiKeys { most });
    }
    unit.api_key_add(seat.organization, &key, hash).await?;
    let event = app
        .event_by(actor, Action::ApiKeyCreated, AuditTarget::ApiKey(key.id))
        .change("prefix", None, Some(key.prefix.as_str()))
        .change("scopes", None, Some(&key.scopes.permissions().to_string()));
    unit.commit(app.record(event)).await?;
    let key =
        ListedKey { key, previous_until: None, secrets: Vec::new(), last_used_at: None, last_used_ip: None };
    Ok(CreatedApiKey { key, secret })
}

/// A new secret of a key, and what is kept of it.
pub(super) fn mint(app: &Application, prefix: &KeyPrefix) -> (Secret, KeyHash) {
    let mut random = [0; 32];
    app.entropy.fill(&mut random);
    let secret = api_keys::mint(prefix, random);
    let hash = KeyHash::new(&app.keyring, secret.expose());
    (secret, hash)
}

/// Makes sure that an end is in the future, if there is one.
pub(super) fn in_the_future(end: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<(), Error> {
    match end {
        Some(end) if end <= now => Err(Error::invalid("expires_at", "must be in the future")),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::{
        Limits,
        testing::{MockDirectory, MockUnit, NOW, ONE_EACH, TestStore, actor, application},
    };

    fn command(expires_at: Option<OffsetDateTime>) -> Command {
        Command {
            name: "CI".parse().expect("a name"),
            scopes: Scopes::new([Permission::CallsRead]).expect("scopes"),
            expires_at,
            networks: Networks::default(),
            rate_limit: None,
        }
    }

    fn unit(held: Option<Role>, keys: u64) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_organization_find().returning(|_| Ok(Some(crate::testing::organization())));
        unit.expect_member_hold().returning(move |_, _| Ok(held));
        unit.expect_api_keys_count().returning(move |_| Ok(keys));
        unit
    }

    #[tokio::test]
    async fn a_success_keeps_a_hash_and_commits_one_event() {
        let mut unit = unit(Some(Role::Owner), 0);
        unit.expect_api_key_add().times(1).returning(|_, _, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let made = create(&app, &actor(1, Role::Owner), command(None)).await.expect("a key");
        let prefix = api_keys::prefix_of(made.secret.expose());
        assert_eq!(prefix, Some(made.key.key.prefix.as_str()));
        assert_eq!(store.committed()[0].1, [(Action::ApiKeyCreated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn attack_5_only_owners_who_have_just_proved_who_they_are_make_keys() {
        let mut stale = actor(1, Role::Owner);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        for (actor, held) in [
            (actor(1, Role::Admin), Some(Role::Admin)),
            (stale, Some(Role::Owner)),
            // Demoted or removed while the request was on its way.
            (actor(1, Role::Owner), Some(Role::Admin)),
            (actor(1, Role::Owner), None),
        ] {
            let store = TestStore::of(unit(held, 0));
            let refused = create(&application(&store, MockDirectory::new()), &actor, command(None)).await;
            assert!(
                matches!(
                    refused,
                    Err(Error::PermissionDenied { .. } | Error::ElevationRequired | Error::Unauthenticated)
                ),
                "{refused:?}"
            );
            let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
            assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
        }
    }

    #[tokio::test]
    async fn a_plan_s_limit_holds_whatever_else_is_limited() {
        // The plan of this organization has room for ten.
        for (limit, keys, most) in [(None, 10, 10), (Some(1_000), 10, 10), (Some(3), 3, 3)] {
            let store = TestStore::of(unit(Some(Role::Owner), keys));
            let mut app = application(&store, MockDirectory::new());
            app.settings.limits = limit.map(|limit| Limits { api_keys_per_organization: limit, ..ONE_EACH });
            let refused = create(&app, &actor(1, Role::Owner), command(None)).await;
            assert!(
                matches!(refused, Err(Error::TooManyApiKeys { most: told }) if told == most),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_key_that_has_ended_already_or_is_one_too_many_is_not_made() {
        let store = TestStore::of(unit(Some(Role::Owner), 1));
        let mut app = application(&store, MockDirectory::new());
        let refused = create(&app, &actor(1, Role::Owner), command(Some(NOW))).await;
        assert!(matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "expires_at"));
        app.settings.limits = Some(Limits { api_keys_per_organization: 1, ..ONE_EACH });
        let refused = create(&app, &actor(1, Role::Owner), command(None)).await;
        assert!(matches!(refused, Err(Error::TooManyApiKeys { most: 1 })), "{refused:?}");
    }
}
