//! From an API key to whoever has it.

use rollcall_domain::{
    api_keys::{self, prefix_of},
    audit::{Action, AuditTarget, Origin},
    secret::Secret,
};

use super::{FoundKey, KeyHash, KeyUse, Move};
use crate::{
    Application, Error, KeyActor, Means, Principal,
    audit::{ReadingAttempt, record_refusal_once},
};

/// Whether a Bearer token looks like an API key, rather than any other.
pub fn is_api_key(token: &Secret) -> bool {
    token.expose().starts_with(api_keys::MARK)
}

/// Who asks, if the key is good, may be used from there, and there is room for one more request. Nothing is written, unless it is
/// refused for where it comes from, or because it is over.
///
/// # Errors
/// [`Error::Unauthenticated`] for a key that is mistyped, unknown, revoked or has run out, or whose organization is gone;
/// [`Error::OrganizationSuspended`]; [`Error::NetworkNotAllowed`]; [`Error::KeyLimitReached`].
pub async fn authenticate(app: &Application, token: &Secret, origin: Origin) -> Result<KeyActor, Error> {
    let found = find(app, token).await?.ok_or(Error::Unauthenticated)?;
    admit(app, found, Means::Session, origin).await
}

/// The key that a token opens, whether or not it is still good.
pub(crate) async fn find(app: &Application, token: &Secret) -> Result<Option<FoundKey>, Error> {
    // A mistyped one is refused without a visit to the database.
    if prefix_of(token.expose()).is_none() {
        return Ok(None);
    }
    let hashes = KeyHash::all(&app.keyring, token.expose());
    let found = app.directory.api_key(&hashes).await?;
    note_move(app, found.as_ref(), &hashes);
    Ok(found)
}

/// The same as it is at this moment, whatever this node remembers of it.
pub(crate) async fn find_afresh(app: &Application, token: &Secret) -> Result<Option<FoundKey>, Error> {
    if prefix_of(token.expose()).is_none() {
        return Ok(None);
    }
    let hashes = KeyHash::all(&app.keyring, token.expose());
    let found = app.directory.api_key_afresh(&hashes).await?;
    note_move(app, found.as_ref(), &hashes);
    Ok(found)
}

/// Notes that a good key is kept by an older key of the keyring, so that it is kept by the newest from the next time on that uses
/// are written down: an older one can leave the keyring when nothing is kept by it any more.
fn note_move(app: &Application, found: Option<&FoundKey>, hashes: &[KeyHash]) {
    let Some((to, found)) = hashes.first().zip(found) else { return };
    let from = hashes.iter().skip(1).find(|hash| Some(hash.ring_key()) == found.ring_key);
    if let Some(from) = from.filter(|_| is_good(app, found)) {
        app.key_uses.note_move(Move { from: *from, to: *to });
    }
}

/// Whether a key that was found is good, as is what it was found by.
pub(crate) fn is_good(app: &Application, FoundKey { key, secret_until, .. }: &FoundKey) -> bool {
    let now = app.now();
    key.is_live(now) && secret_until.is_none_or(|until| now < until)
}

/// Lets a program in that has shown a key, or a token that was made with it; counts and notes the use.
///
/// # Errors
/// As [`authenticate`].
pub(crate) async fn admit(
    app: &Application,
    found: FoundKey,
    means: Means,
    origin: Origin,
) -> Result<KeyActor, Error> {
    let is_good = is_good(app, &found);
    if is_good && found.organization.suspended {
        return Err(Error::OrganizationSuspended);
    }
    let FoundKey { key, organization, secrets, audited, secret_until, .. } = found;
    let mut actor =
        KeyActor { key, organization, secrets, secret_until, audited, means, standing: None, origin };
    if !is_good {
        // Whose key it was is told that it is still tried. Of one that was revoked nothing is known any more.
        let attempt = ReadingAttempt {
            what: "an API key that is over",
            action: Action::PermissionDenied,
            target: AuditTarget::ApiKey(actor.id()),
        };
        let refused = Error::Unauthenticated;
        record_refusal_once(app, &Principal::Key(actor), attempt, &refused).await?;
        return Err(refused);
    }
    // Before it is counted: whoever has stolen a key must not use up what its owner may do.
    if !actor.key.networks.allow(actor.origin.ip) {
        let target = AuditTarget::ApiKey(actor.id());
        let refused = Err(Error::NetworkNotAllowed);
        return app.refusals_recorded(&actor, Action::PermissionDenied, target, refused).await;
    }
    let now = app.now();
    actor.standing = app.key_uses.count(&actor.key, now)?;
    app.key_uses.note(KeyUse { key: actor.id(), at: now, ip: actor.origin.ip });
    Ok(actor)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        api_keys::{self, ApiKey, Networks, RateLimit},
        audit::Outcome,
    };
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::testing::{MockDirectory, NOW, TestStore, api_key, application, organization};

    fn token() -> Secret {
        api_keys::mint(&api_key(1).prefix, [1; 32])
    }

    fn app(store: &TestStore, key: ApiKey, secret_until: Option<OffsetDateTime>) -> Application {
        let mut directory = MockDirectory::new();
        let found = FoundKey {
            key: key.into(),
            organization: organization().into(),
            secrets: vec![1],
            secret_until,
            ring_key: None,
            audited: false,
        };
        directory.expect_api_key().returning(move |_| Ok(Some(found.clone())));
        application(store, directory)
    }

    fn from(ip: &str) -> Origin {
        Origin { ip: ip.parse().ok(), ..Origin::default() }
    }

    #[tokio::test]
    async fn a_mistyped_key_is_refused_without_asking_the_directory() {
        // The directory of this application answers nothing.
        let app = application(&TestStore::default(), MockDirectory::new());
        let good = token();
        let mistyped = format!("{}0", &good.expose()[..good.expose().len() - 1]);
        for text in [mistyped.as_str(), "rck_", "", "rck_000000000000_0"] {
            let refused = authenticate(&app, &Secret::new(text), Origin::default()).await;
            assert!(matches!(refused, Err(Error::Unauthenticated)), "{text}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn what_has_ended_is_not_good_however_it_has_ended() {
        let live = api_key(1);
        for (key, secret_until, good) in [
            (live.clone(), None, true),
            (live.clone(), Some(NOW + Duration::NANOSECOND), true),
            (live.clone(), Some(NOW), false),
            (ApiKey { expires_at: Some(NOW), ..live.clone() }, None, false),
            (ApiKey { expires_at: Some(NOW + Duration::SECOND), ..live.clone() }, None, true),
            (ApiKey { revoked_at: Some(NOW), ..live.clone() }, None, false),
        ] {
            let app = app(&TestStore::default(), key, secret_until);
            assert_eq!(authenticate(&app, &token(), from("::1")).await.is_ok(), good);
        }
    }

    #[tokio::test]
    async fn a_key_from_elsewhere_is_refused_on_record_and_uses_nothing_up() {
        let networks = Networks::parse(&["192.0.2.0/24"]).expect("networks");
        let rate_limit = RateLimit::new(1, 60).ok();
        let store = TestStore::default();
        let app = app(&store, ApiKey { networks, rate_limit, ..api_key(1) }, None);
        for _ in 0..2 {
            let refused = authenticate(&app, &token(), from("198.51.100.1")).await;
            assert!(matches!(refused, Err(Error::NetworkNotAllowed)), "{refused:?}");
        }
        assert_eq!(store.committed()[0].1, [(Action::PermissionDenied, Outcome::Refused)]);
        assert!(authenticate(&app, &token(), from("192.0.2.1")).await.is_ok());
        let refused = authenticate(&app, &token(), from("192.0.2.1")).await;
        assert!(matches!(refused, Err(Error::KeyLimitReached { .. })), "{refused:?}");
        // Being too fast leaves no trace, as it would be one for every request.
        assert_eq!(store.committed().len(), 2);
    }
}
