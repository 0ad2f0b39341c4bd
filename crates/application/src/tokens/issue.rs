//! Making an access token.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    secret::Secret,
    tokens::{Claims, KeyPurpose, ShownSecret, TYPE},
};

use super::{asked_with, jwt};
use crate::{Actor, Application, Error, KeyActor, Principal};

/// An access token that was just made. It is not kept, so it is known at this moment only.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Secret,
    /// How many seconds it is good.
    pub expires_in: u64,
}

/// Makes an access token that speaks for a person's session, with the role that they have at this moment, or for an API key, with its
/// scopes.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token: it does not renew itself. [`Error::MfaRequired`].
pub async fn issue(app: &Application, principal: &Principal) -> Result<Issued, Error> {
    let (issued, target) = match principal {
        Principal::Person(actor) => (for_person(app, actor).await, AuditTarget::Session(actor.session_id())),
        Principal::Key(key) => (for_key(app, key).await, AuditTarget::ApiKey(key.id())),
    };
    app.refusals_recorded(principal, Action::AccessTokenIssued, target, issued).await
}

async fn for_person(app: &Application, actor: &Actor) -> Result<Issued, Error> {
    actor.require_session()?;
    actor.require_enrolled()?;
    let keys = app.tokens.keys(app).await?;
    let now = app.now();
    let (kid, key) = keys.signing(KeyPurpose::AccessToken, now)?;

    let mut unit = app.store.begin(actor.scope()).await?;
    // Nothing is said of a seat or a session that has gone in the meantime. The organization before the session, as its deletion
    // takes them.
    let place = match actor.organization() {
        Some(organization) => {
            let role = unit.member_hold(organization, actor.user_id()).await?;
            Some((organization, role.ok_or(Error::Unauthenticated)?))
        }
        None => None,
    };
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    // Services that do not ask must not go by it for longer than we do.
    let mut session = actor.session.clone();
    if let Some(deadline) = actor.mfa_deadline {
        session.expires_at = session.expires_at.min(now.saturating_add(deadline.left));
    }
    let claims = Claims::of(app.tokens.issuer(), app.id(), &session, place, now);
    let token = signed(kid, key, &claims)?;
    let event = app
        .event_by(actor, Action::AccessTokenIssued, AuditTarget::Session(actor.session_id()))
        .change("jti", None, Some(&claims.jti.to_string()));
    unit.commit(app.record(event)).await?;
    Ok(Issued { token, expires_in: claims.expires_in() })
}

async fn for_key(app: &Application, actor: &KeyActor) -> Result<Issued, Error> {
    actor.require_key()?;
    let keys = app.tokens.keys(app).await?;
    let now = app.now();
    let (kid, key) = keys.signing(KeyPurpose::AccessToken, now)?;

    let organization = actor.organization.id;
    let mut unit = app.store.begin(actor.scope()).await?;
    // Nothing is said of a key that has ended in the meantime, nor of scopes that it has lost.
    let held = unit.api_key_hold(organization, actor.id(), &actor.secrets, now).await?;
    let held = held.filter(|held| held.is_live(now)).ok_or(Error::Unauthenticated)?;
    let id = app.id();
    let mark = actor.secrets.first().map(|secret| asked_with::mark(&app.keyring, id, *secret));
    let shown = ShownSecret { mark, until: actor.secret_until };
    let claims = Claims::of_key(app.tokens.issuer(), id, organization, &held, shown, now);
    let token = signed(kid, key, &claims)?;
    let event = app.event_by(actor, Action::AccessTokenIssued, AuditTarget::ApiKey(actor.id())).change(
        "jti",
        None,
        Some(&claims.jti.to_string()),
    );
    unit.commit(app.record(event)).await?;
    Ok(Issued { token, expires_in: claims.expires_in() })
}

fn signed(kid: &str, key: &ed25519_dalek::SigningKey, claims: &Claims) -> Result<Secret, Error> {
    jwt::sign(TYPE, kid, key, claims).map_err(|error| Error::Internal(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        Permission, Role,
        api_keys::{ApiKey, Scopes},
        audit::Outcome,
        security::Deadline,
        tokens::TokenSubject,
    };
    use time::Duration;

    use super::*;
    use crate::{
        Means,
        testing::{
            MockDirectory, MockUnit, NOW, TestStore, actor, api_key, application, key_actor, with_signing_key,
        },
    };

    fn unit(still_open: bool, role: Option<Role>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_session_hold().returning(move |_| Ok(still_open));
        unit.expect_member_hold().returning(move |_, _| Ok(role));
        unit
    }

    #[tokio::test]
    async fn a_token_tells_the_role_of_this_moment_and_leaves_its_event() {
        let store = TestStore::of_each([with_signing_key(), unit(true, Some(Role::Viewer))]);
        let app = application(&store, MockDirectory::new());
        let issued = issue(&app, &Principal::Person(actor(1, Role::Owner))).await.expect("a token");
        assert_eq!(issued.expires_in, 300);
        let keys = app.tokens.keys(&app).await.expect("keys");
        let claims: Claims = jwt::verify(issued.token.expose(), TYPE, |kid| {
            keys.verifying(KeyPurpose::AccessToken, kid, app.now())
        })
        .expect("claims");
        let TokenSubject::Person { sub, role, .. } = claims.holder else { panic!("{claims:?}") };
        assert_eq!((role, sub), (Some(Role::Viewer), actor(1, Role::Owner).user_id()));
        assert_eq!(store.committed()[0].1, [(Action::AccessTokenIssued, Outcome::Success)]);
    }

    #[tokio::test]
    async fn attack_25_a_token_does_not_outlive_a_deadline_for_a_second_factor() {
        let late = |left| Some(Deadline { at: NOW + left, left });
        let store = TestStore::of_each([with_signing_key(), unit(true, Some(Role::Viewer))]);
        let app = application(&store, MockDirectory::new());
        let actor = Actor { mfa_deadline: late(Duration::minutes(2)), ..actor(1, Role::Viewer) };
        assert_eq!(issue(&app, &Principal::Person(actor.clone())).await.expect("a token").expires_in, 120);
        let actor = Actor { mfa_deadline: late(Duration::ZERO), ..actor };
        let refused = issue(&app, &Principal::Person(actor.clone())).await;
        assert!(matches!(refused, Err(Error::MfaRequired)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_session_or_a_seat_that_has_gone_in_the_meantime_gets_none() {
        for unit in [unit(false, Some(Role::Viewer)), unit(true, None)] {
            let store = TestStore::of_each([with_signing_key(), unit]);
            let app = application(&store, MockDirectory::new());
            let refused = issue(&app, &Principal::Person(actor(1, Role::Owner))).await;
            assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn an_access_token_does_not_renew_itself() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        let actor = Actor { means: Means::AccessToken, ..actor(1, Role::Owner) };
        let key = KeyActor { means: Means::AccessToken, ..key_actor(1) };
        for principal in [Principal::Person(actor), Principal::Key(key)] {
            let refused = issue(&app, &principal).await;
            assert!(matches!(refused, Err(Error::SessionRequired)), "{refused:?}");
        }
        assert_eq!(store.committed()[0].1, [(Action::AccessTokenIssued, Outcome::Refused)]);
        assert_eq!(store.committed().len(), 2);
    }

    #[tokio::test]
    async fn a_token_of_a_key_tells_the_scopes_of_this_moment_and_none_of_a_key_that_has_ended() {
        let narrowed =
            ApiKey { scopes: Scopes::new([Permission::AgentsRead]).expect("scopes"), ..api_key(1) };
        let revoked = ApiKey { revoked_at: Some(NOW), ..api_key(1) };
        for (held, scope) in [(Some(narrowed), Some("agents:read")), (Some(revoked), None), (None, None)] {
            let mut unit = MockUnit::new();
            unit.expect_api_key_hold().returning(move |_, _, _, _| Ok(held.clone()));
            let store = TestStore::of_each([with_signing_key(), unit]);
            let app = application(&store, MockDirectory::new());
            let issued = issue(&app, &Principal::Key(key_actor(1))).await;
            let Some(scope) = scope else {
                assert!(matches!(issued, Err(Error::Unauthenticated)), "{issued:?}");
                continue;
            };
            let keys = app.tokens.keys(&app).await.expect("keys");
            let claims: Claims = jwt::verify(issued.expect("a token").token.expose(), TYPE, |kid| {
                keys.verifying(KeyPurpose::AccessToken, kid, app.now())
            })
            .expect("claims");
            let TokenSubject::Key { sub, scope: told, .. } = claims.holder else { panic!("{claims:?}") };
            assert_eq!((sub, told.to_string().as_str()), (api_key(1).id, scope));
            assert_eq!(store.committed()[0].1, [(Action::AccessTokenIssued, Outcome::Success)]);
        }
    }
}
