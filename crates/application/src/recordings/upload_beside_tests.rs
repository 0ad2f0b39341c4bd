//! What becomes of an upload beside a recording of the same call, and what is told of it.

use super::*;

fn objects(memory: &InMemory) -> usize {
    memory.objects.lock().expect("no panic").len()
}

#[tokio::test]
async fn a_recording_that_is_kept_ends_what_else_was_being_uploaded_for_its_call() {
    let (app, memory) = joined(&TestStore::default());
    let other = sound(3 * SEGMENT as usize);
    part(&with(&app, [unit()]), &other, 0, SEGMENT).await.expect("a part");
    let extent = UploadExtent::Part { from: SEGMENT, until: 2 * SEGMENT, total: Some(3 * SEGMENT) };
    let mut coming = begin(&with(&app, [unit()]), &owner(), take(extent)).await.expect("begun");
    assert_eq!(objects(&memory), 1);
    let keeps = unit_but(|unit| {
        unit.expect_recording_keep().times(1).returning(|_, _, _, _| Ok(true));
        let memory = memory.clone();
        unit.expect_uploads_give_up().times(1).returning(move |_, _| {
            let mut uploads = memory.uploads.lock().expect("no panic");
            // The one that cannot be resumed has just become the recording.
            let others = uploads.values().filter(|upload| upload.resumable).map(|upload| upload.id);
            let others: Vec<_> = others.collect();
            uploads.retain(|id, _| !others.contains(id));
            Ok(others)
        });
    });
    let store = TestStore::of_each([unit(), keeps]);
    let kept = upload(&Application { store: Door::new(store.clone()), ..app.clone() }, 1000).await;
    assert!(matches!(kept, Ok(UploadOutcome::New(_))), "{kept:?}");
    // What comes to nothing by itself leaves no event.
    let committed: Vec<_> = store.committed().into_iter().map(|(_, events, _)| events).collect();
    assert_eq!(committed, [[(Action::RecordingUploaded, Outcome::Success)]]);
    assert_eq!(objects(&memory), 1, "nothing lies there but the recording");

    // Whoever still sends is told so, and leaves nothing.
    coming.write(other.slice(SEGMENT as usize..2 * SEGMENT as usize)).await.expect("it is noted later");
    let ended = coming.end().await;
    assert!(matches!(ended, Err(Error::UploadSuperseded)), "{ended:?}");
    assert_eq!(objects(&memory), 1);
}

#[tokio::test]
async fn attack_35_asking_how_far_an_upload_has_come_reads_nothing_of_the_recording_beside_it() {
    let (app, memory) = joined(&TestStore::default());
    let kept = kept(&app, &memory, 3_000_000).await;
    part(&with(&app, [unit()]), &sound(2 * SEGMENT as usize), 0, SEGMENT).await.expect("a part");
    let beside = progress(&with(&app, [has(&kept)]), &owner(), call(1).id).await;
    assert!(matches!(beside, Ok(UploadOutcome::Partly(UploadState { received: SEGMENT, .. }))), "{beside:?}");
    memory.uploads.lock().expect("no panic").clear();
    let alone = progress(&with(&app, [has(&kept)]), &owner(), call(1).id).await;
    assert!(matches!(&alone, Ok(UploadOutcome::Known(recording)) if recording.id == kept.id), "{alone:?}");
    assert_eq!(memory.reads.load(Ordering::Relaxed), 0);
}
