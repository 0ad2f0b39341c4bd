//! Hearing: who does not any more.

use std::sync::Arc;

use rollcall_domain::{RecordingId, Role, audit::Outcome, recordings::MediaType, security::Control};

use super::*;
use crate::{
    ports::StoreError,
    recordings::{
        KeptRecording, keys,
        manifest::{Manifest, ManifestState},
        seal::{Binding, RecordingKey, SegmentName},
    },
    security::KeptControl,
    testing::{
        MockDirectory, MockUnit, NOW, TestStore, actor, application, call, organization,
        recordings::{InMemory, Moving},
    },
    trace::Door,
};

/// What is kept of a recording in an organization that protects what is in it.
async fn kept(app: &Application) -> KeptRecording {
    let organization = organization().id;
    let organization_key =
        keys::of_organization(app, app.uploads.as_ref(), organization).await.expect("a key");
    let id = RecordingId::from_parts(0, &[1; 10]);
    let binding = Binding { organization, recording: id };
    let key = RecordingKey::new(app.entropy.as_ref());
    let manifest = Manifest {
        call: call(1).id,
        media: Some(MediaType::Wav),
        length: 3,
        segments: vec![SegmentName([1; 16])],
        state: ManifestState::Whole { sha256: [0; 32] },
    };
    KeptRecording {
        id,
        key: organization_key.wrap(&key, binding, app.entropy.as_ref()).expect("wrapped"),
        manifest: manifest.seal(&key, binding, app.entropy.as_ref()).expect("sealed"),
        kept_at: NOW,
        organization_key: app
            .uploads
            .organization_key(organization)
            .await
            .expect("an answer")
            .expect("a key"),
    }
}

/// The recording is there, and protected, and whoever asks has this role.
fn unit(kept: &KeptRecording, role: Role) -> MockUnit {
    let mut unit = MockUnit::new();
    let kept = kept.clone();
    unit.expect_call_find().returning(|_, _| Ok(Some(call(1))));
    unit.expect_recording_of().returning(move |_, _| Ok(Some(kept.clone())));
    unit.expect_member_hold().returning(move |_, _| Ok(Some(role)));
    unit.expect_session_hold().returning(|_| Ok(true));
    unit.expect_controls()
        .returning(|_| Ok(vec![KeptControl { enabled: true, ..KeptControl::off(Control::PhiProtection) }]));
    unit
}

#[tokio::test]
async fn attack_9_whoever_is_no_admin_any_more_does_not_begin_to_hear_or_hears_no_more() {
    let clock = Arc::new(Moving::default());
    let app = application(&TestStore::default(), MockDirectory::new());
    let kept = kept(&app).await;
    let admin = Principal::Person(actor(1, Role::Admin));
    let reason = || "a complaint".parse().ok();
    let with = |roles: &[Role]| {
        let store = TestStore::of_each(roles.iter().map(|role| unit(&kept, *role)).collect::<Vec<_>>());
        let app = Application { store: Door::new(store.clone()), clock: clock.clone(), ..app.clone() };
        (store, app)
    };

    let (store, app) = with(&[Role::Admin, Role::Member]);
    let found = find(&app, &admin, call(1).id, reason()).await.expect("an Admin's to hear");
    let refused = found.play(0..3).await.map(|_| ());
    assert!(matches!(refused, Err(Error::PhiProtected)), "{refused:?}");
    let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
    assert_eq!(committed, [vec![(Action::RecordingPlayed, Outcome::Refused)]]);

    let (store, app) = with(&[Role::Admin, Role::Admin, Role::Member]);
    let found = find(&app, &admin, call(1).id, reason()).await.expect("an Admin's to hear");
    let mut playing = found.play(0..3).await.expect("an Admin's to hear");
    clock.set(5);
    let refused = playing.next().await;
    assert!(matches!(refused, Err(Error::PhiProtected)), "{refused:?}");
    let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
    let events = [Outcome::Success, Outcome::Refused].map(|outcome| vec![(Action::RecordingPlayed, outcome)]);
    assert_eq!(committed, events);
}

#[tokio::test]
async fn what_is_deleted_while_it_is_heard_is_gone_and_what_is_missing_otherwise_is_damaged() {
    let app = application(&TestStore::default(), MockDirectory::new());
    let kept = kept(&app).await;
    let other = KeptRecording { id: RecordingId::from_parts(1, &[2; 10]), ..kept.clone() };
    let admin = Principal::Person(actor(1, Role::Admin));
    // Where recordings lie there is nothing.
    let app = Application { objects: Arc::new(InMemory::default()), ..app };
    for (now, is_damaged) in [(Some(kept.clone()), true), (Some(other), false), (None, false)] {
        let later = {
            let mut unit = MockUnit::new();
            unit.expect_recording_of().returning(move |_, _| Ok(now.clone()));
            unit
        };
        let store = TestStore::of_each([unit(&kept, Role::Admin), unit(&kept, Role::Admin), later]);
        let app = Application { store: Door::new(store.clone()), ..app.clone() };
        let found = find(&app, &admin, call(1).id, "a complaint".parse().ok()).await.expect("found");
        let mut playing = found.play(0..3).await.expect("an Admin's to hear");
        let heard = playing.next().await;
        let mut events = vec![vec![(Action::RecordingPlayed, Outcome::Success)]];
        if is_damaged {
            assert!(matches!(heard, Err(Error::RecordingDamaged)), "{heard:?}");
            events.push(vec![(Action::RecordingDamaged, Outcome::Success)]);
        } else {
            assert!(matches!(heard, Err(Error::NotFound)), "{heard:?}");
        }
        let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
        assert_eq!(committed, events);
        assert!(matches!(playing.next().await, Ok(None)), "nothing more comes");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_at_the_next_look_though_another_is_there_by_then() {
    let clock = Arc::new(Moving::default());
    let app = application(&TestStore::default(), MockDirectory::new());
    let kept = kept(&app).await;
    let other = KeptRecording { id: RecordingId::from_parts(1, &[2; 10]), ..kept.clone() };
    let admin = Principal::Person(actor(1, Role::Admin));
    let gone = || {
        let mut unit = MockUnit::new();
        unit.expect_recording_of().returning(|_, _| Ok(None));
        unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Admin)));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_controls().returning(|_| Ok(Vec::new()));
        unit
    };
    for later in [gone(), unit(&other, Role::Admin)] {
        clock.set(0);
        let store = TestStore::of_each([unit(&kept, Role::Admin), unit(&kept, Role::Admin), later]);
        let app = Application { store: Door::new(store.clone()), clock: clock.clone(), ..app.clone() };
        let found = find(&app, &admin, call(1).id, "a complaint".parse().ok()).await.expect("found");
        let mut playing = found.play(0..3).await.expect("an Admin's to hear");
        clock.set(4);
        assert!(playing.look_again().await.is_ok());
        clock.set(5);
        let looked = playing.look_again().await;
        assert!(matches!(looked, Err(Error::NotFound)), "{looked:?}");
        assert_eq!(store.committed().len(), 1, "nobody was refused anything");
        assert!(matches!(playing.next().await, Ok(None)), "nothing more comes");
    }
}

#[tokio::test]
async fn attack_9_whoever_cannot_be_asked_about_hears_on_until_there_is_an_answer_or_it_takes_too_long() {
    let clock = Arc::new(Moving::default());
    let app = application(&TestStore::default(), MockDirectory::new());
    let kept = kept(&app).await;
    let admin = Principal::Person(actor(1, Role::Admin));
    let lost = || {
        let mut unit = MockUnit::new();
        unit.expect_member_hold().returning(|_, _| Err(StoreError::Unavailable("it restarts".into())));
        unit
    };
    for answered in [true, false] {
        clock.set(0);
        let last = if answered { unit(&kept, Role::Member) } else { lost() };
        let store =
            TestStore::of_each([unit(&kept, Role::Admin), unit(&kept, Role::Admin), lost(), lost(), last]);
        let app = Application { store: Door::new(store.clone()), clock: clock.clone(), ..app.clone() };
        let found = find(&app, &admin, call(1).id, "a complaint".parse().ok()).await.expect("found");
        let mut playing = found.play(0..3).await.expect("an Admin's to hear");
        // The third is not asked.
        for seconds in [5, 10, 14] {
            clock.set(seconds);
            assert!(playing.look_again().await.is_ok(), "{seconds}");
        }
        clock.set(30);
        let looked = playing.look_again().await;
        if answered {
            assert!(matches!(looked, Err(Error::PhiProtected)), "{looked:?}");
        } else {
            assert!(matches!(looked, Err(Error::Unavailable(_))), "{looked:?}");
        }
        assert!(matches!(playing.next().await, Ok(None)), "nothing more comes");
    }
}
