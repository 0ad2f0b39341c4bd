//! New signing keys: the first of a purpose, and each that takes over from another.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Origin},
    tokens::{KeyPurpose, SigningKey},
};

use super::StoredKey;
use crate::{Application, Error, ports::Scope};

/// A key that takes over from another.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The new key.
    pub new: SigningKey,
    /// The one that signs until then.
    pub old: SigningKey,
}

/// Makes sure that there is a key for every purpose, and that this node can sign with it.
///
/// # Errors
/// [`Error::Internal`] when the keyring does not open a key that signs now.
pub async fn prepare(app: &Application) -> Result<(), Error> {
    let keys = app.tokens.keys(app).await?;
    for purpose in KeyPurpose::ALL {
        keys.signing(purpose, app.now())?;
    }
    Ok(())
}

/// Makes the first key of a purpose, unless another node has just done so.
pub(super) async fn first(app: &Application, purpose: KeyPurpose) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::SigningKeys).await?;
    unit.signing_keys_lock(purpose).await?;
    if unit.signing_keys().await?.iter().any(|stored| stored.key.is_last_of(purpose)) {
        return Ok(());
    }
    let now = app.now();
    let new = StoredKey::generate(app, |kid, public| SigningKey::first(purpose, kid, public, now))?;
    let event = app
        .event(AuditActor::System, &Origin::default(), Action::SigningKeyCreated, AuditTarget::Nothing)
        .change("kid", None, Some(&new.key.kid));
    unit.signing_key_add(&new).await?;
    Ok(unit.commit(app.record(event)).await?)
}

/// Makes a key of a purpose that takes over from the present one: published at once, it signs when everybody who checks
/// signatures can know it. The present one is published for as long as something that it has signed may be good.
///
/// # Errors
/// [`Error::Internal`] when the keyring does not open the key that signs now: one that was sealed by the wrong keyring would
/// be of no use to any node.
pub async fn rotate(app: &Application, purpose: KeyPurpose) -> Result<Rotation, Error> {
    let now = app.now();
    app.tokens.keys(app).await?.signing(purpose, now)?;
    let mut unit = app.store.begin(Scope::SigningKeys).await?;
    unit.signing_keys_lock(purpose).await?;
    let stored = unit.signing_keys().await?;
    // None only if somebody has taken it away at this moment, by hand.
    let mut last = stored.into_iter().map(|stored| stored.key);
    let last = last.find(|key| key.is_last_of(purpose));
    let last = last.ok_or_else(|| Error::Internal("there is no signing key to take over from".into()))?;

    let new = StoredKey::generate(app, |kid, public| SigningKey::after(&last, kid, public, now))?;
    let old = last.until(&new.key);
    unit.signing_key_retire(purpose, new.key.signs_from).await?;
    unit.signing_key_add(&new).await?;
    let event = app
        .event(AuditActor::System, &Origin::default(), Action::SigningKeyRotated, AuditTarget::Nothing)
        .change("kid", Some(&old.kid), Some(&new.key.kid));
    unit.commit(app.record(event)).await?;
    Ok(Rotation { new: new.key, old })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rollcall_domain::{audit::Outcome, tokens::LEAD};

    use super::*;
    use crate::{
        ports::StoreError,
        testing::{MockDirectory, MockUnit, NOW, TestStore, application},
    };

    /// Units over keys that a test can look at.
    fn store(units: usize) -> (TestStore, Arc<Mutex<Vec<StoredKey>>>) {
        let kept = Arc::<Mutex<Vec<StoredKey>>>::default();
        let unit = || {
            let mut unit = MockUnit::new();
            let (all, added, retired) = (kept.clone(), kept.clone(), kept.clone());
            unit.expect_signing_keys_lock().returning(|_| Ok(()));
            unit.expect_signing_keys().returning(move || Ok(all.lock().expect("no panic").clone()));
            unit.expect_signing_key_add().returning(move |key| {
                added.lock().expect("no panic").push(key.clone());
                Ok(())
            });
            unit.expect_signing_key_retire().returning(move |purpose, at| {
                let mut keys = retired.lock().expect("no panic");
                let mut last = keys.iter_mut().filter(|stored| stored.key.is_last_of(purpose));
                last.next().ok_or(StoreError::Internal("none".into()))?.key.retires_at = Some(at);
                Ok(())
            });
            unit
        };
        (TestStore::of_each((0..units).map(|_| unit()).collect::<Vec<_>>()), kept)
    }

    #[tokio::test]
    async fn the_first_key_signs_at_once_and_its_successor_when_everybody_can_know_it() {
        // Looked for, made and looked for again, once for each purpose; then taken over from.
        let (store, kept) = store(9);
        let app = application(&store, MockDirectory::new());
        prepare(&app).await.expect("a key");
        let rotation = rotate(&app, KeyPurpose::AccessToken).await.expect("another key");
        let keys = kept.lock().expect("no panic").clone();
        let [first, of_checkpoints, of_grants, second] = keys.as_slice() else {
            panic!("{} keys", keys.len())
        };
        assert_eq!((first.key.signs_from, first.key.retires_at), (NOW, Some(NOW + LEAD)));
        assert_eq!((second.key.signs_from, second.key.retires_at), (NOW + LEAD, None));
        assert_eq!((&rotation.old, &rotation.new), (&first.key, &second.key));
        assert!(of_checkpoints.key.is_last_of(KeyPurpose::AuditCheckpoint));
        assert!(of_grants.key.is_last_of(KeyPurpose::LiveGrant));
        let committed: Vec<_> =
            store.committed().into_iter().map(|(scope, events, _)| (scope, events)).collect();
        let event = |action| (Scope::SigningKeys, vec![(action, Outcome::Success)]);
        let created = || event(Action::SigningKeyCreated);
        assert_eq!(committed, [created(), created(), created(), event(Action::SigningKeyRotated)]);
    }

    #[tokio::test]
    async fn a_keyring_that_does_not_open_the_present_key_makes_no_other() {
        let (store, kept) = store(9);
        let app = application(&store, MockDirectory::new());
        prepare(&app).await.expect("a key");
        let mut other = application(&store, MockDirectory::new());
        other.keyring = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse().expect("a keyring");
        let refused = rotate(&other, KeyPurpose::AccessToken).await.expect_err("no other key");
        assert!(matches!(refused, Error::Internal(_)), "{refused:?}");
        assert_eq!(kept.lock().expect("no panic").len(), 3);
    }
}
