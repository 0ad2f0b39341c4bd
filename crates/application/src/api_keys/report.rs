//! An API key that somebody has found where it should not be.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Origin},
    secret::Secret,
};
use tokio::time::Instant;

use super::{FoundKey, authenticate};
use crate::{Application, Error, audit::Record, mail::Letter, ports::Scope, timing};

/// Ends a key that is good, and tells the Owners. Whoever has the whole of it could use it, so they may end it. Whether it was
/// one is not told, nor to be told from the time that it takes.
///
/// # Errors
/// Only when something is out of order.
pub async fn report(app: &Application, origin: &Origin, token: &Secret) -> Result<(), Error> {
    let began = Instant::now();
    let token = Secret::new(token.expose().trim());
    let reported = match authenticate::find(app, &token).await? {
        Some(found) if authenticate::is_good(app, &found) => end(app, origin, found).await,
        Some(_) | None => Ok(()),
    };
    timing::wait(began).await;
    reported
}

async fn end(app: &Application, origin: &Origin, found: FoundKey) -> Result<(), Error> {
    let (organization, key) = (found.organization.id, found.key.id);
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    // Two may have found it.
    let Some(current) = unit.api_key_lock(organization, key).await? else { return Ok(()) };
    if current.revoked_at.is_some() {
        return Ok(());
    }
    unit.api_key_revoke(organization, key, app.now()).await?;
    let event = app
        .event(AuditActor::Anonymous, origin, Action::ApiKeyReported, AuditTarget::ApiKey(key))
        .change("prefix", Some(current.prefix.as_str()), None);
    let owners = unit.owners(organization).await?;
    let letters = owners.into_iter().map(|owner| Letter::ApiKeyReported { organization, key, owner });
    Ok(unit.commit(letters.fold(app.record(event), Record::mail)).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        api_keys::{self, ApiKey},
        audit::Outcome,
    };

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, api_key, application, organization, user};

    fn token() -> Secret {
        api_keys::mint(&api_key(1).prefix, [1; 32])
    }

    fn directory(key: Option<ApiKey>) -> MockDirectory {
        let mut directory = MockDirectory::new();
        directory.expect_api_key().returning(move |_| {
            let found = |key: ApiKey| FoundKey {
                key: key.into(),
                organization: organization().into(),
                secrets: vec![1],
                secret_until: None,
                ring_key: None,
                audited: false,
            };
            Ok(key.clone().map(found))
        });
        directory
    }

    #[tokio::test]
    async fn a_real_key_is_ended_and_every_owner_told() {
        let mut unit = MockUnit::new();
        unit.expect_api_key_lock().returning(|_, _| Ok(Some(api_key(1))));
        unit.expect_api_key_revoke().times(1).returning(|_, _, _| Ok(()));
        unit.expect_owners().returning(|_| Ok(vec![user(1).id, user(2).id]));
        let store = TestStore::of(unit);
        let app = application(&store, directory(Some(api_key(1))));
        report(&app, &Origin::default(), &token()).await.expect("reported");
        let (organization, key) = (organization().id, api_key(1).id);
        let letter = |owner| Letter::ApiKeyReported { organization, key, owner: user(owner).id };
        let expected = (
            Scope::Organization(organization),
            vec![(Action::ApiKeyReported, Outcome::Success)],
            vec![letter(1), letter(2)],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn what_is_no_key_is_answered_alike_on_the_beat() {
        let expired = ApiKey { expires_at: Some(NOW), ..api_key(1) };
        for (key, text) in [
            (None, token()),
            (Some(expired), token()),
            (None, Secret::new("nonsense")),
            (None, Secret::new("")),
        ] {
            let store = TestStore::default();
            let app = application(&store, directory(key));
            let began = Instant::now();
            report(&app, &Origin::default(), &text).await.expect("an answer");
            assert!(began.elapsed() >= timing::BEAT);
            assert!(store.committed().is_empty());
        }
    }
}
