//! What is decided about an upload while it comes in, and at its end.

use std::sync::atomic::Ordering;

use super::*;
use crate::testing::recordings::Moving;

#[tokio::test]
async fn attack_9_an_upload_is_decided_about_every_five_seconds_whether_or_not_anything_comes() {
    let clock = Arc::new(Moving::default());
    let whole = UploadExtent::Whole(None);
    let part = UploadExtent::Part { from: 0, until: 4 * SEGMENT, total: Some(4 * SEGMENT) };
    for (extent, comes, suspended) in
        [(whole, true, false), (part, true, true), (whole, false, true), (part, false, false)]
    {
        clock.set(0);
        let store = TestStore::of_each([unit(), unit(), nobody_s(suspended)]);
        let (app, memory) = joined(&store);
        let app = Application { clock: clock.clone(), ..app };
        let mut coming = begin(&app, &owner(), take(extent)).await.expect("begun");
        for seconds in [0, 4, 5, 9] {
            clock.set(seconds);
            coming.look_again().await.expect("theirs to send");
            coming.write(sound(SEGMENT as usize / 2)).await.expect("theirs to send");
        }
        assert_eq!(memory.objects.lock().expect("no panic").len(), 1);
        clock.set(10);
        let refused = if comes { coming.write(sound(1000)).await } else { coming.look_again().await };
        let expected = if suspended {
            matches!(refused, Err(Error::OrganizationSuspended))
        } else {
            matches!(refused, Err(Error::Unauthenticated))
        };
        assert!(expected, "{refused:?}");
        assert!(memory.objects.lock().expect("no panic").is_empty());
        assert!(memory.uploads.lock().expect("no panic").is_empty());
        // That somebody's credential is over is nobody's refusal.
        assert_eq!(store.committed().len(), usize::from(suspended));
    }
}

/// Does not answer.
fn lost() -> MockUnit {
    unit_but(|unit| {
        unit.expect_member_hold().returning(|_, _| Err(StoreError::Unavailable("it restarts".into())));
    })
}

#[tokio::test]
async fn attack_9_an_upload_that_cannot_be_asked_about_goes_on_until_there_is_an_answer_or_it_takes_too_long()
{
    let clock = Arc::new(Moving::default());
    for answered in [true, false] {
        clock.set(0);
        let last = if answered { nobody_s(false) } else { lost() };
        let (app, memory) = joined(&TestStore::of_each([unit(), lost(), lost(), last]));
        let app = Application { clock: clock.clone(), ..app };
        let mut coming = begin(&app, &owner(), take(UploadExtent::Whole(None))).await.expect("begun");
        // The third is not asked.
        for seconds in [5, 10, 14] {
            clock.set(seconds);
            coming.write(sound(SEGMENT as usize)).await.expect("theirs to send");
        }
        assert_eq!(memory.objects.lock().expect("no panic").len(), 2);
        clock.set(30);
        let refused = coming.write(sound(1000)).await;
        if answered {
            assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        } else {
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        }
        assert!(memory.objects.lock().expect("no panic").is_empty());
    }
}

#[tokio::test]
async fn that_an_upload_goes_on_is_noted_later_when_the_database_does_not_answer() {
    let clock = Arc::new(Moving::default());
    let keeps = unit_but(|unit| {
        unit.expect_recording_keep().times(1).returning(|_, _, version, _| Ok(version == 2));
    });
    let (app, memory) = joined(&TestStore::of_each([unit(), unit(), unit(), unit(), keeps]));
    // After a minute it is a use of its session, too.
    let mut directory = MockDirectory::new();
    directory.expect_session_seen().times(1).returning(|_, _, _| Ok(()));
    let app = Application { clock: clock.clone(), directory: Arc::new(directory), ..app };
    let mut coming = begin(&app, &owner(), take(UploadExtent::Whole(None))).await.expect("begun");
    let version = || memory.uploads.lock().expect("no panic").values().next().expect("an upload").version;
    clock.set(30);
    memory.out_of_reach.store(true, Ordering::Relaxed);
    coming.write(sound(1000)).await.expect("noted later");
    memory.out_of_reach.store(false, Ordering::Relaxed);
    clock.set(59);
    coming.write(Bytes::from_static(b"more")).await.expect("taken");
    assert_eq!(version(), 1);
    clock.set(60);
    coming.write(Bytes::from_static(b"more")).await.expect("noted");
    assert_eq!(version(), 2);
    assert!(matches!(coming.end().await, Ok(UploadOutcome::New(_))));
}

#[tokio::test]
async fn a_part_is_not_kept_of_somebody_who_could_not_be_asked_about() {
    let clock = Arc::new(Moving::default());
    let (app, _) = joined(&TestStore::of_each([unit(), lost()]));
    let app = Application { clock: clock.clone(), ..app };
    let extent = UploadExtent::Part { from: 0, until: SEGMENT, total: Some(2 * SEGMENT) };
    let mut coming = begin(&app, &owner(), take(extent)).await.expect("begun");
    coming.write(sound(SEGMENT as usize)).await.expect("theirs to send");
    clock.set(5);
    let refused = coming.end().await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn what_a_control_says_by_the_end_decides_whether_it_is_kept() {
    for on in [vec![], vec![Control::CallRecording, Control::EndToEndEncryption]] {
        let is_off = on.is_empty();
        let switched = unit_but(|unit| {
            let kept =
                on.into_iter().map(|control| KeptControl { enabled: true, ..KeptControl::off(control) });
            let kept: Vec<_> = kept.collect();
            unit.expect_controls().returning(move |_| Ok(kept.clone()));
            unit.expect_fetched_media_key().returning(|_, _, _| Ok(false));
            unit.expect_recording_keep().returning(|_, _, _, _| Ok(true));
        });
        let (app, memory) = joined(&TestStore::of_each([unit(), switched]));
        let refused = upload(&app, 1000).await.expect_err("not kept");
        match refused {
            Error::CallRecordingDisabled => assert!(is_off),
            Error::MediaKeyRequired => assert!(!is_off),
            other => panic!("{other:?}"),
        }
        assert!(memory.objects.lock().expect("no panic").is_empty());
    }
}

#[tokio::test]
async fn while_the_database_is_gone_an_upload_waits_for_whoever_goes_on_with_it() {
    let clock = Arc::new(Moving::default());
    let lost = unit_but(|unit| {
        unit.expect_member_hold().returning(|_, _| Err(StoreError::Unavailable("it is gone".into())));
    });
    let (app, memory) = joined(&TestStore::of_each([unit(), lost]));
    let app = Application { clock: clock.clone(), ..app };
    let extent = UploadExtent::Part { from: 0, until: 4 * SEGMENT, total: Some(4 * SEGMENT) };
    let mut coming = begin(&app, &owner(), take(extent)).await.expect("begun");
    coming.write(sound(SEGMENT as usize + 1)).await.expect("written");
    // Longer than it is bridged.
    clock.set(30);
    let ended = coming.look_again().await;
    assert!(matches!(ended, Err(Error::Unavailable(_))), "{ended:?}");
    let progress = progress(&with(&app, [unit()]), &owner(), call(1).id).await.expect("progress");
    assert!(matches!(progress, UploadOutcome::Partly(UploadState { received: SEGMENT, .. })), "{progress:?}");
    assert_eq!(memory.objects.lock().expect("no panic").len(), 1);
}
