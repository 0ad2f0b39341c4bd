//! What becomes of an upload beside a recording of the same call, and what is told of it.

use std::sync::atomic::Ordering;

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
async fn a_segment_that_cannot_be_put_is_an_outage_only_while_its_upload_goes_on() {
    // One fails at its last segment, the other at one before.
    for length in [1000, 2 * SEGMENT as usize] {
        for goes_on in [true, false] {
            let (app, memory) = joined(&TestStore::default());
            let whole = take(UploadExtent::Whole(None));
            let mut coming = begin(&with(&app, [unit()]), &owner(), whole).await.expect("begun");
            memory.unwritable.store(true, Ordering::Relaxed);
            if !goes_on {
                memory.uploads.lock().expect("no panic").clear();
            }
            let written = coming.write(sound(length)).await;
            assert_eq!(written.is_ok(), length == 1000, "{written:?}");
            let failed = if written.is_ok() { coming.end().await.map(drop) } else { written };
            let as_it_is = match failed {
                Err(Error::Unavailable(_)) => goes_on,
                Err(Error::UploadSuperseded) => !goes_on,
                _ => false,
            };
            assert!(as_it_is, "{length}, {goes_on}: {failed:?}");
            assert!(memory.uploads.lock().expect("no panic").is_empty());
        }
    }
}

#[tokio::test]
async fn after_an_outage_an_upload_is_gone_on_with_where_it_was() {
    let (app, memory) = joined(&TestStore::default());
    let sound = sound(3 * SEGMENT as usize);
    part(&with(&app, [unit()]), &sound, 0, SEGMENT).await.expect("a part");
    memory.unwritable.store(true, Ordering::Relaxed);
    let failed = part(&with(&app, [unit()]), &sound, SEGMENT, 2 * SEGMENT).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    memory.unwritable.store(false, Ordering::Relaxed);
    let later = part(&with(&app, [unit()]), &sound, SEGMENT, 2 * SEGMENT).await;
    let UploadOutcome::Partly(UploadState { received, .. }) = later.expect("a part") else { panic!("whole") };
    assert_eq!((received, objects(&memory)), (2 * SEGMENT, 2));
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
