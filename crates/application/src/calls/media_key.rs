//! Keys for media that go from end to end (SFrame, RFC 9605).

use hkdf::Hkdf;
use rollcall_domain::{
    CallId, OrganizationId, Permission,
    audit::{Action, AuditTarget, Event},
    calls::{Call, CallRefusal, KeyOrigin, MediaKeyId, MediaKeys, Occasion},
    policy::{self, Decision},
    security::Control,
};
use sha2::Sha256;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::ports::{KeptMediaKeys, MediaKeyHolder};
use crate::{Application, Error, Means, Principal, Sealed, keyring::UnsealError, ports::UnitOfWork};

const PURPOSE: &str = "media-key/v1";
/// What a base key is ratcheted with (RFC 9605 section 5.1).
const RATCHET: &[u8] = b"SFrame 1.0 Ratchet";

/// A base key: 256 bits, as the hash of the cipher suite has (`Nh`), so that a ratcheted one is as long.
pub type BaseKey = Zeroizing<[u8; 32]>;

/// A key that one participant sends with, and derives the others' from.
#[derive(Clone)]
pub struct IssuedMediaKey {
    /// What it is called in frames.
    pub id: MediaKeyId,
    /// What it is derived from.
    pub base_key: BaseKey,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
}

impl std::fmt::Debug for IssuedMediaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedMediaKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Gives whoever asks a key to take part in a call that goes on: a participant joins.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::SessionRequired`] to whoever comes with an access token, [`Error::NotFound`],
/// [`CallRefusal::EndToEndEncryptionDisabled`], [`CallRefusal::Ended`].
pub async fn issue_media_key(
    app: &Application,
    principal: &Principal,
    id: CallId,
) -> Result<IssuedMediaKey, Error> {
    let issued = give(app, principal, id, Occasion::Joining).await;
    app.refusals_recorded(principal, Action::MediaKeyIssued, AuditTarget::Call(id), issued).await
}

/// Makes a new key for a call, as somebody has left, and gives it to whoever asks. The others get it by asking for theirs.
///
/// # Errors
/// As [`issue_media_key`].
pub async fn rotate_media_key(
    app: &Application,
    principal: &Principal,
    id: CallId,
) -> Result<IssuedMediaKey, Error> {
    let rotated = give(app, principal, id, Occasion::Leaving).await;
    app.refusals_recorded(principal, Action::MediaKeyRotated, AuditTarget::Call(id), rotated).await
}

async fn give(
    app: &Application,
    principal: &Principal,
    id: CallId,
    occasion: Occasion,
) -> Result<IssuedMediaKey, Error> {
    let required = Permission::MediaKeysIssue;
    let organization = principal.permit(required)?.id;
    require_own_credential(principal)?;
    let mut unit = app.store.begin(principal.scope()).await?;
    let on = unit.control_hold(organization, Control::EndToEndEncryption).await?;
    principal.permit_again(unit.as_mut(), required, app.now()).await?;
    let call = unit.call_lock(organization, id).await?.ok_or(Error::NotFound)?;
    // Whoever has to leave a call that is encrypted must not hear what follows, whatever was switched in between.
    if !on && !unit.call_is_keyed(organization, id).await? {
        return Err(CallRefusal::EndToEndEncryptionDisabled.into());
    }
    let issued = next(app, unit.as_mut(), organization, &call, principal, required, occasion).await?;
    let action = match occasion {
        Occasion::Joining => Action::MediaKeyIssued,
        Occasion::Leaving => Action::MediaKeyRotated,
    };
    let event = told(app.event_by(principal, action, AuditTarget::Call(id)), &issued);
    unit.commit(app.record(event)).await?;
    Ok(issued)
}

/// Whoever comes with an access token makes no other credential of it.
pub(super) fn require_own_credential(principal: &Principal) -> Result<(), Error> {
    let means = match principal {
        Principal::Person(actor) => actor.means,
        Principal::Key(key) => key.means,
    };
    match means {
        Means::Session => Ok(()),
        Means::AccessToken => Err(Error::SessionRequired),
    }
}

/// The event with what the key is called, which tells nothing of it.
pub(super) fn told(event: Event, issued: &IssuedMediaKey) -> Event {
    event.change("key_id", None, Some(&issued.id.get().to_string())).change(
        "generation",
        None,
        Some(&issued.id.generation.to_string()),
    )
}

/// Gives a participant a key of a call that is locked. They hold it as long as they hold `permission`: when they do not any more,
/// whoever comes next gets a new one.
pub(super) async fn next(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    call: &Call,
    principal: &Principal,
    permission: Permission,
    occasion: Occasion,
) -> Result<IssuedMediaKey, Error> {
    if call.has_ended() {
        return Err(CallRefusal::Ended.into());
    }
    let now = app.now();
    let kept = unit.media_keys_find(organization, call.id).await?;
    let opened = kept.as_ref().map(|kept| open(app, organization, call.id, kept));
    let occasion = match &kept {
        // What does not open is of no use to anybody who comes.
        Some(_) if matches!(opened, Some(Err(UnsealError::Damaged { .. }))) => Occasion::Leaving,
        Some(kept) if somebody_lost_it(unit, organization, call.id, kept, now).await? => Occasion::Leaving,
        Some(_) | None => occasion,
    };
    let (keys, id, origin) = MediaKeys::next(kept.map(|kept| kept.keys), occasion, now);
    let base_key = match (origin, opened) {
        // A node whose ring lacks the key for now takes nobody's key away by a new one.
        (KeyOrigin::Ratcheted, Some(before)) => ratcheted(&before?)?,
        (KeyOrigin::Ratcheted, None) => {
            return Err(Error::Internal("there is nothing to ratchet".into()));
        }
        (KeyOrigin::New, _) => {
            let mut key = Zeroizing::new([0; 32]);
            app.entropy.fill(key.as_mut_slice());
            key
        }
    };
    let context = context(organization, call.id, &keys);
    let sealed = app.keyring.seal(PURPOSE, &context, base_key.as_slice(), app.entropy.as_ref());
    let base = Sealed(sealed.ok_or_else(|| Error::Internal("a media key was not sealed".into()))?);
    unit.media_keys_save(organization, call.id, &KeptMediaKeys { keys, base }).await?;
    unit.media_key_holder_add(organization, call.id, id, MediaKeyHolder::of(principal), permission, now)
        .await?;
    Ok(IssuedMediaKey { id, base_key, expires_at: keys.expires_at() })
}

/// Whether anybody who holds the present key may not take part any more.
async fn somebody_lost_it(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    call: CallId,
    kept: &KeptMediaKeys,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let held = unit.media_key_holders(organization, call, kept.keys.generation(), now).await?;
    let lost = |(permission, grant): &(Permission, policy::Grant)| {
        policy::decide(grant, *permission, policy::Target::Organization) != Decision::Allowed
    };
    Ok(held.iter().any(lost))
}

fn open(
    app: &Application,
    organization: OrganizationId,
    call: CallId,
    kept: &KeptMediaKeys,
) -> Result<BaseKey, UnsealError> {
    let (what, context) = ("the media key of a call", context(organization, call, &kept.keys));
    let key = app.keyring.open_kept(what, PURPOSE, &context, &kept.base.0)?;
    key.as_slice().try_into().map(Zeroizing::new).map_err(|_| UnsealError::Damaged { what })
}

/// What a base key is sealed for: one call, and one moment in it.
fn context(organization: OrganizationId, call: CallId, keys: &MediaKeys) -> Vec<u8> {
    format!("{organization}/{call}/{}/{}", keys.generation(), keys.step()).into_bytes()
}

/// The base key that follows without being told (RFC 9605 section 5.1, for a cipher suite with SHA-256).
fn ratcheted(before: &BaseKey) -> Result<BaseKey, Error> {
    let mut after = Zeroizing::new([0; 32]);
    let expanded = Hkdf::<Sha256>::new(None, before.as_slice()).expand(RATCHET, after.as_mut_slice());
    expanded.map_err(|_| Error::Internal("a media key was not ratcheted".into()))?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::policy::Grant;
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, call};

    fn unit(on: bool, call: Call, kept: Option<KeptMediaKeys>, held: Vec<(Permission, Grant)>) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_control_hold().returning(move |_, _| Ok(on));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
        unit.expect_call_lock().returning(move |_, _| Ok(Some(call.clone())));
        unit.expect_media_keys_find().returning(move |_, _| Ok(kept.clone()));
        unit.expect_media_key_holders().returning(move |_, _, _, _| Ok(held.clone()));
        unit.expect_media_keys_save().returning(|_, _, _| Ok(()));
        unit.expect_media_key_holder_add().returning(|_, _, _, _, _, _| Ok(()));
        unit
    }

    fn kept(app: &Application, base: [u8; 32]) -> KeptMediaKeys {
        let keys = MediaKeys::kept(4, 1, 2, NOW + Duration::MINUTE);
        let context = context(crate::testing::organization().id, call(1).id, &keys);
        let sealed = app.keyring.seal(PURPOSE, &context, &base, app.entropy.as_ref()).expect("sealed");
        KeptMediaKeys { keys, base: Sealed(sealed) }
    }

    #[tokio::test]
    async fn attack_31_whoever_joins_gets_what_follows_and_never_what_was() {
        let blank = application(&TestStore::default(), MockDirectory::new());
        let owner = Principal::Person(actor(1, Role::Owner));
        let issue = async |held: Vec<(Permission, Grant)>| {
            let store = TestStore::of(unit(true, call(1), Some(kept(&blank, [7; 32])), held));
            let issued =
                issue_media_key(&application(&store, MockDirectory::new()), &owner, call(1).id).await;
            assert_eq!(store.committed()[0].1, [(Action::MediaKeyIssued, Outcome::Success)]);
            issued.expect("a key")
        };
        let joined = issue(vec![(Permission::MediaKeysIssue, Grant::Member { role: Role::Owner })]).await;
        assert_eq!((joined.id.generation, joined.id.sender, joined.id.step), (4, 2, 2));
        assert_eq!(*joined.base_key, *ratcheted(&Zeroizing::new([7; 32])).expect("a key"));
        // Somebody among those who hold it has been let go, or is a Viewer now.
        for lost in [Grant::None, Grant::Member { role: Role::Viewer }] {
            let after = issue(vec![(Permission::LiveSpaceMonitor, lost)]).await;
            assert_eq!((after.id.generation, after.id.step), (5, 0));
            assert_ne!(*after.base_key, *joined.base_key);
        }
        assert!(!format!("{joined:?}").contains("base_key"));
    }

    #[tokio::test]
    async fn nobody_gets_a_key_of_a_call_that_is_over_or_while_it_is_switched_off() {
        let mut over = call(1);
        over.facts.times = rollcall_domain::calls::Times::new(NOW, Some(NOW)).expect("times");
        for (unit, expected) in [
            (unit(true, over, None, vec![]), CallRefusal::Ended),
            (unkeyed(unit(false, call(1), None, vec![])), CallRefusal::EndToEndEncryptionDisabled),
        ] {
            let store = TestStore::of(unit);
            let app = application(&store, MockDirectory::new());
            let owner = Principal::Person(actor(1, Role::Owner));
            let refused = issue_media_key(&app, &owner, call(1).id).await;
            assert!(matches!(refused, Err(Error::Call(refusal)) if refusal == expected), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }

    fn unkeyed(mut unit: MockUnit) -> MockUnit {
        unit.expect_call_is_keyed().returning(|_, _| Ok(false));
        unit
    }

    #[tokio::test]
    async fn attack_31_a_call_that_has_a_key_keeps_to_it_though_it_is_switched_off() {
        let blank = application(&TestStore::default(), MockDirectory::new());
        let owner = Principal::Person(actor(1, Role::Owner));
        let generation = async |held: Vec<(Permission, Grant)>, rotate: bool| {
            let mut unit = unit(false, call(1), Some(kept(&blank, [7; 32])), held);
            unit.expect_call_is_keyed().returning(|_, _| Ok(true));
            let app = application(&TestStore::of(unit), MockDirectory::new());
            let given = match rotate {
                true => rotate_media_key(&app, &owner, call(1).id).await,
                false => issue_media_key(&app, &owner, call(1).id).await,
            };
            given.expect("a key").id.generation
        };
        assert_eq!(generation(vec![], false).await, 4);
        assert_eq!(generation(vec![], true).await, 5);
        assert_eq!(generation(vec![(Permission::MediaKeysIssue, Grant::None)], false).await, 5);
    }

    #[tokio::test]
    async fn a_keyring_that_lacks_a_key_for_now_ends_no_key_unless_somebody_has_left() {
        let blank = application(&TestStore::default(), MockDirectory::new());
        let owner = Principal::Person(actor(1, Role::Owner));
        let join = async |damaged: bool, held: Vec<(Permission, Grant)>| {
            let mut kept = kept(&blank, [7; 32]);
            if damaged {
                kept.base.0[40] ^= 1;
            }
            let mut app =
                application(&TestStore::of(unit(true, call(1), Some(kept), held)), MockDirectory::new());
            if !damaged {
                app.keyring = "77:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".parse().expect("a keyring");
            }
            issue_media_key(&app, &owner, call(1).id).await.map(|issued| issued.id.generation)
        };
        assert!(matches!(join(false, vec![]).await, Err(Error::Unavailable(_))));
        let lost = vec![(Permission::MediaKeysIssue, Grant::None)];
        assert_eq!(join(false, lost).await.expect("a new one"), 5);
        assert_eq!(join(true, vec![]).await.expect("a new one"), 5);
    }

    #[tokio::test]
    async fn an_access_token_makes_no_key() {
        let mut actor = actor(1, Role::Owner);
        actor.means = Means::AccessToken;
        let app = application(&TestStore::default(), MockDirectory::new());
        let refused = issue_media_key(&app, &Principal::Person(actor), call(1).id).await;
        assert!(matches!(refused, Err(Error::SessionRequired)), "{refused:?}");
    }

    #[test]
    fn attack_31_a_key_opens_for_its_own_call_and_moment_only() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let kept = kept(&app, [7; 32]);
        let ours = crate::testing::organization().id;
        assert_eq!(open(&app, ours, call(1).id, &kept).expect("opened").as_slice(), &[7; 32]);
        assert!(open(&app, ours, call(2).id, &kept).is_err());
        assert!(open(&app, OrganizationId::from_parts(0, &[9; 10]), call(1).id, &kept).is_err());
        let later = MediaKeys::kept(4, 2, 2, NOW);
        assert!(open(&app, ours, call(1).id, &KeptMediaKeys { keys: later, ..kept }).is_err());
    }
}
