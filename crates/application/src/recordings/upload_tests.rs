//! Uploads: what is left of them, however they end.

use std::sync::Arc;

use rollcall_domain::{Role, audit::Outcome, security::Control};

use super::*;
use crate::{
    ports::StoreError,
    security::KeptControl,
    testing::{MockDirectory, MockUnit, TestStore, actor, application, call, recordings::InMemory},
};

fn sound(length: usize) -> Bytes {
    let mut sound = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
    sound.resize(length, 7);
    sound.into()
}

/// A view or a unit of an organization that records its calls.
fn unit() -> MockUnit {
    let mut unit = MockUnit::new();
    unit.expect_call_find().returning(|_, _| Ok(Some(call(1))));
    unit.expect_call_lock().returning(|_, _| Ok(Some(call(1))));
    unit.expect_recording_of().returning(|_, _| Ok(None));
    unit.expect_member_hold().returning(|_, _| Ok(Some(Role::Owner)));
    unit.expect_session_hold().returning(|_| Ok(true));
    unit.expect_call_is_keyed().returning(|_, _| Ok(false));
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

async fn upload(app: &Application, length: usize) -> Result<Taken, Error> {
    let owner = Principal::Person(actor(1, Role::Owner));
    let command = Command { call: call(1).id, named: None, sha256: None, extent: Extent::Whole(None) };
    let mut upload = begin(app, &owner, command).await?;
    upload.write(sound(length)).await?;
    upload.end().await
}

#[tokio::test]
async fn a_recording_is_kept_with_one_event_and_a_refusal_keeps_nothing() {
    let mut keeps = unit();
    keeps.expect_recording_keep().times(1).returning(|_, _, version, _| Ok(version == 1));
    let store = TestStore::of_each([unit(), keeps]);
    let (app, memory) = joined(&store);
    let kept = upload(&app, 3_000_000).await.expect("kept");
    assert!(matches!(&kept, Taken::New(recording) if recording.length == 3_000_000), "{kept:?}");
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
                // It is no upload any more.
                kept.uploads.lock().expect("no panic").remove(&id);
            }
            Err(StoreError::Unavailable("the connection is lost".into()))
        });
        let app = Application { store: Arc::new(TestStore::of_each([unit(), lost])), ..app };
        let failed = upload(&app, 1000).await;
        assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
        assert_eq!(memory.objects.lock().expect("no panic").len(), usize::from(persisted));
    }
}
