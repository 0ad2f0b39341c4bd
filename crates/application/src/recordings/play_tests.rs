//! Hearing: who does not any more.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use rollcall_domain::{RecordingId, Role, audit::Outcome, recordings::MediaType, security::Control};

use super::*;
use crate::recordings::seal::Binding;
use crate::{
    ports::Clock,
    recordings::{
        KeptRecording, keys,
        manifest::{Manifest, State},
        seal::{RecordingKey, SegmentName},
    },
    security::KeptControl,
    testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, call, organization},
    trace::Door,
};

/// So many seconds after [`NOW`].
#[derive(Default)]
struct Moving(AtomicI64);

impl Clock for Moving {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::Relaxed))
    }
}

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
        state: State::Whole { sha256: [0; 32] },
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
    assert!(
        store
            .committed()
            .iter()
            .all(|(_, events, _)| events != &[(Action::RecordingPlayed, Outcome::Success)])
    );

    let (store, app) = with(&[Role::Admin, Role::Admin, Role::Member]);
    let found = find(&app, &admin, call(1).id, reason()).await.expect("an Admin's to hear");
    let mut playing = found.play(0..3).await.expect("an Admin's to hear");
    clock.0.store(5, Ordering::Relaxed);
    let refused = playing.next().await;
    assert!(matches!(refused, Err(Error::PhiProtected)), "{refused:?}");
    let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
    let events = [Outcome::Success, Outcome::Refused].map(|outcome| vec![(Action::RecordingPlayed, outcome)]);
    assert_eq!(committed, events);
}
