//! Uploads: what is left of them, however they end.

use std::sync::Arc;

use rollcall_domain::{Role, audit::Outcome, organizations::Organization, security::Control};

use super::*;
use crate::{
    ports::StoreError,
    recordings::{Objects, Uploads, give_up, progress},
    security::KeptControl,
    testing::{
        MockDirectory, MockUnit, NOW, TestStore, actor, application, call, member, organization,
        recordings::InMemory,
    },
    trace::Door,
};

#[path = "upload_beside_tests.rs"]
mod beside;
#[path = "upload_permission_tests.rs"]
mod permission;

fn sound(length: usize) -> Bytes {
    let mut sound = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
    sound.resize(length, 7);
    sound.into()
}

/// A view or a unit of an organization that records its calls.
fn unit() -> MockUnit {
    unit_but(|_| {})
}

/// One of which something is otherwise.
fn unit_but(otherwise: impl FnOnce(&mut MockUnit)) -> MockUnit {
    let mut unit = MockUnit::new();
    otherwise(&mut unit);
    unit.expect_call_find().returning(|_, _| Ok(Some(call(1))));
    unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
    unit.expect_recording_of().returning(|_, _| Ok(None));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
    unit.expect_session_hold().returning(|_| Ok(true));
    unit.expect_call_is_keyed().returning(|_, _| Ok(false));
    unit.expect_uploads_give_up().returning(|_, _| Ok(Vec::new()));
    unit.expect_controls()
        .returning(|_| Ok(vec![KeptControl { enabled: true, ..KeptControl::off(Control::CallRecording) }]));
    unit
}

fn joined(store: &TestStore) -> (Application, Arc<InMemory>) {
    let memory = Arc::new(InMemory::default());
    let mut app = application(store, MockDirectory::new());
    app.objects = memory.clone();
    app.uploads = memory.clone();
    (app, memory)
}

/// The same, whose store gives out these units.
fn with(app: &Application, units: impl Into<Vec<MockUnit>>) -> Application {
    Application { store: Door::new(TestStore::of_each(units)), ..app.clone() }
}

fn owner() -> Principal {
    Principal::Person(actor(1, Role::Owner))
}

fn take(extent: UploadExtent) -> Command {
    Command { call: call(1).id, named: None, sha256: None, extent, precondition: Precondition::None }
}

async fn upload(app: &Application, length: usize) -> Result<UploadOutcome, Error> {
    let mut upload = begin(app, &owner(), take(UploadExtent::Whole(None))).await?;
    upload.write(sound(length)).await?;
    upload.end().await
}

/// Uploads a part of a sound.
async fn part(app: &Application, sound: &Bytes, from: u64, until: u64) -> Result<UploadOutcome, Error> {
    let extent = UploadExtent::Part { from, until, total: Some(sound.len() as u64) };
    let mut upload = begin(app, &owner(), take(extent)).await?;
    upload.write(sound.slice(from as usize..until as usize)).await?;
    upload.end().await
}

#[tokio::test]
async fn a_recording_is_kept_with_one_event_and_a_refusal_keeps_nothing() {
    let mut keeps = unit();
    keeps.expect_recording_keep().times(1).returning(|_, _, version, _| Ok(version == 1));
    let store = TestStore::of_each([unit(), keeps]);
    let (app, memory) = joined(&store);
    let kept = upload(&app, 3_000_000).await.expect("kept");
    assert!(matches!(&kept, UploadOutcome::New(recording) if recording.length == 3_000_000), "{kept:?}");
    assert_eq!(store.committed().len(), 1);
    assert_eq!(store.committed()[0].1, [(Action::RecordingUploaded, Outcome::Success)]);
    assert_eq!(memory.objects.lock().expect("no panic").len(), 3);

    let mut leaves = MockUnit::new();
    leaves.expect_member_hold().returning(|_, _| Ok(Some(Role::Viewer)));
    let (app, memory) = joined(&TestStore::of_each([unit(), leaves]));
    let refused = upload(&app, 3_000_000).await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
    assert!(memory.objects.lock().expect("no panic").is_empty());
    assert!(memory.uploads.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn what_the_database_has_kept_after_all_is_not_removed_when_its_answer_is_lost() {
    for persisted in [true, false] {
        let mut lost = unit();
        let store = TestStore::default();
        let (app, memory) = joined(&store);
        let kept = memory.clone();
        lost.expect_recording_keep().returning(move |_, id, _, _| {
            if persisted {
                // It is no upload any more, and goes by another version.
                kept.uploads.lock().expect("no panic").get_mut(&id).expect("an upload").version += 1;
            }
            Err(StoreError::Unavailable("the connection is lost".into()))
        });
        let failed = upload(&with(&app, [unit(), lost]), 1000).await;
        assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
        assert_eq!(memory.objects.lock().expect("no panic").len(), usize::from(persisted));
    }
}

#[tokio::test]
async fn when_the_database_is_lost_at_the_end_the_last_part_can_be_sent_again() {
    fn lost<T>() -> Result<T, StoreError> {
        Err(StoreError::Unavailable("the connection is lost".into()))
    }
    let losses: [fn(&mut MockUnit); 4] = [
        |unit| {
            unit.expect_member_hold().returning(|_, _| lost());
        },
        |unit| {
            unit.expect_call_lock().returning(|_, _| lost());
        },
        |unit| {
            unit.expect_recording_keep().returning(|_, _, _, _| lost());
        },
        |unit| {
            unit.expect_recording_keep().returning(|_, _, _, _| Ok(true));
            unit.expect_commit().returning(|_| lost());
        },
    ];
    let sound = sound(2 * SEGMENT as usize + 1000);
    let length = sound.len() as u64;
    for loss in losses {
        let (app, memory) = joined(&TestStore::default());
        let first = part(&with(&app, [unit()]), &sound, 0, SEGMENT).await;
        assert!(
            matches!(first, Ok(UploadOutcome::Partly(UploadState { received: SEGMENT, .. }))),
            "{first:?}"
        );
        let failed = part(&with(&app, [unit(), unit_but(loss)]), &sound, SEGMENT, length).await;
        assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");

        let progress = progress(&with(&app, [unit()]), &owner(), call(1).id).await.expect("progress");
        let UploadOutcome::Partly(UploadState { received, .. }) = progress else { panic!("{progress:?}") };
        assert_eq!(received, 2 * SEGMENT);
        let keeps = unit_but(|unit| {
            unit.expect_recording_keep()
                .times(1)
                .returning(|_, _, _, whole| Ok(whole.length == 2 * SEGMENT + 1000));
        });
        let kept = part(&with(&app, [unit(), keeps]), &sound, received, length).await.expect("kept");
        let UploadOutcome::New(recording) = kept else { panic!("{kept:?}") };
        assert_eq!((recording.length, recording.sha256), (length, Sha256::digest(&sound).into()));
        // What the go that failed has stored of the end is no part of it.
        assert_eq!(memory.objects.lock().expect("no panic").len(), 3);
    }
}

#[tokio::test]
async fn whoever_has_been_superseded_removes_nothing_of_what_another_goes_on_with() {
    let (app, memory) = joined(&TestStore::default());
    let sound = sound(3 * SEGMENT as usize);
    part(&with(&app, [unit()]), &sound, 0, SEGMENT).await.expect("a part");
    let extent = UploadExtent::Part { from: SEGMENT, until: 2 * SEGMENT, total: Some(3 * SEGMENT) };
    let mut earlier = begin(&with(&app, [unit()]), &owner(), take(extent)).await.expect("begun");
    let mut later = begin(&with(&app, [unit()]), &owner(), take(extent)).await.expect("begun");
    // More than it has said; what was kept of it would go, were it its own.
    let refused = earlier.write(sound.slice(..SEGMENT as usize + 1)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    later.write(sound.slice(SEGMENT as usize..2 * SEGMENT as usize)).await.expect("written");
    let paused = later.end().await;
    assert!(
        matches!(paused, Ok(UploadOutcome::Partly(UploadState { received, .. })) if received == 2 * SEGMENT),
        "{paused:?}"
    );
    assert_eq!(memory.uploads.lock().expect("no panic").len(), 1);
    assert_eq!(memory.objects.lock().expect("no panic").len(), 2);
}

#[tokio::test]
async fn what_was_given_up_while_it_came_in_leaves_nothing() {
    let (app, memory) = joined(&TestStore::default());
    let sound = sound(SEGMENT as usize + 1000);
    for extent in [
        UploadExtent::Whole(None),
        UploadExtent::Part { from: 0, until: sound.len() as u64, total: Some(sound.len() as u64) },
    ] {
        let gone = unit_but(|unit| {
            unit.expect_recording_keep().returning(|_, _, _, _| Ok(false));
        });
        let store = TestStore::of_each([unit(), giving_up(&memory), gone]);
        let app = Application { store: Door::new(store.clone()), ..app.clone() };
        let mut coming = begin(&app, &owner(), take(extent)).await.expect("begun");
        give_up(&app, &owner(), call(1).id).await.expect("given up");
        assert_eq!(store.committed()[0].1, [(Action::RecordingUploadDiscarded, Outcome::Success)]);
        coming.write(sound.clone()).await.expect("it is noted later");
        let ended = coming.end().await;
        assert!(matches!(ended, Err(Error::UploadSuperseded)), "{ended:?}");
        assert!(memory.objects.lock().expect("no panic").is_empty());
    }
    let store = TestStore::of(giving_up(&memory));
    let app = Application { store: Door::new(store.clone()), ..app };
    let nothing = give_up(&app, &owner(), call(1).id).await;
    assert!(matches!(nothing, Err(Error::NotFound)), "{nothing:?}");
    assert_eq!(store.committed()[0].1, [(Action::RecordingUploadDiscarded, Outcome::Refused)]);
}

/// A unit in which whatever is being uploaded is given up.
fn giving_up(memory: &Arc<InMemory>) -> MockUnit {
    unit_but(|unit| {
        let memory = memory.clone();
        unit.expect_uploads_give_up().returning(move |_, _| {
            Ok(memory.uploads.lock().expect("no panic").drain().map(|(id, _)| id).collect())
        });
    })
}

#[tokio::test]
async fn attack_9_nothing_is_given_up_by_whoever_may_not_upload_any_more() {
    for (held, recorded) in [(Some(Role::Viewer), true), (None, false)] {
        // Nothing is given up in it.
        let unit = unit_but(|unit| {
            unit.expect_member_hold().returning(move |_, _| Ok(held));
        });
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        let refused = give_up(&app, &owner(), call(1).id).await;
        assert!(
            matches!(refused, Err(Error::PermissionDenied { .. } | Error::Unauthenticated)),
            "{refused:?}"
        );
        let refusal = vec![(Action::RecordingUploadDiscarded, Outcome::Refused)];
        let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
        assert_eq!(committed, if recorded { vec![refusal] } else { vec![] });
    }
}

/// Keeps a sound; gives back what is kept of it.
async fn kept(app: &Application, memory: &InMemory, length: usize) -> KeptRecording {
    let whole = Arc::new(std::sync::Mutex::new(None));
    let keeps = {
        let whole = whole.clone();
        unit_but(|unit| {
            unit.expect_recording_keep().times(1).returning(move |_, id, _, kept| {
                *whole.lock().expect("no panic") = Some((id, kept.manifest.clone()));
                Ok(true)
            });
        })
    };
    upload(&with(app, [unit(), keeps]), length).await.expect("kept");
    let (id, manifest) = whole.lock().expect("no panic").take().expect("a manifest");
    let key = memory.uploads.lock().expect("no panic").remove(&id).expect("an upload").key;
    let organization_key =
        memory.organization_key(organization().id).await.expect("an answer").expect("a key");
    KeptRecording { id, key, manifest, kept_at: NOW, organization_key }
}

/// The call has this recording.
fn has(kept: &KeptRecording) -> MockUnit {
    let kept = kept.clone();
    unit_but(|unit| {
        unit.expect_recording_of().returning(move |_, _| Ok(Some(kept.clone())));
    })
}

/// Nobody is let in any more.
fn nobody_s(suspended: bool) -> MockUnit {
    unit_but(|unit| {
        unit.expect_member_hold().returning(|_, _| Ok(None));
        unit.expect_organization_find()
            .returning(move |_| Ok(Some(Organization { suspended, ..organization() })));
        unit.expect_member_find().returning(|_, _| Ok(Some(member(1, Role::Owner))));
    })
}

#[tokio::test]
async fn what_is_only_compared_is_answered_by_what_is_there_at_its_end() {
    let (app, memory) = joined(&TestStore::default());
    let kept = kept(&app, &memory, 3_000_000).await;
    let other = KeptRecording { id: app.id(), ..kept.clone() };
    for (at_the_end, length, expected) in [
        (has(&kept), 3_000_000, "known"),
        (has(&kept), 2_999_999, "exists"),
        (has(&other), 3_000_000, "superseded"),
        (unit(), 3_000_000, "superseded"),
        (unit(), 2_999_999, "superseded"),
        (nobody_s(false), 3_000_000, "unauthenticated"),
    ] {
        let ended = upload(&with(&app, [has(&kept), at_the_end]), length).await;
        let is = match &ended {
            Ok(UploadOutcome::Known(recording)) if recording.id == kept.id => "known",
            Err(Error::RecordingExists) => "exists",
            Err(Error::UploadSuperseded) => "superseded",
            Err(Error::Unauthenticated) => "unauthenticated",
            _ => "something else",
        };
        assert_eq!(is, expected, "{ended:?}");
    }
}

#[tokio::test]
async fn what_is_deleted_while_it_is_compared_comes_anew_and_is_not_told_as_damaged() {
    let (app, memory) = joined(&TestStore::default());
    let kept = kept(&app, &memory, 1_000_000).await;
    memory.remove(organization().id, kept.id).await.expect("removed");
    let keeps = unit_but(|unit| {
        unit.expect_recording_keep().times(1).returning(|_, _, _, _| Ok(true));
    });
    let store = TestStore::of_each([has(&kept), unit(), keeps]);
    let app = Application { store: Door::new(store.clone()), ..app };
    let taken = upload(&app, 1_000_000).await;
    assert!(matches!(taken, Ok(UploadOutcome::New(_))), "{taken:?}");
    let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
    assert_eq!(committed, [[(Action::RecordingUploaded, Outcome::Success)]]);
}
