use super::*;
use crate::testing::{MockUnit, organization};

/// A log from the beginning of which so much has gone with time that this is its first event. What was read of it was not there.
fn from_which_has_gone_all_before(first: u64) -> MockUnit {
    let mut view = MockUnit::new();
    view.expect_audit_events_between().returning(|_, _, to, _| Ok((Vec::new(), to)));
    view.expect_audit_tiles().returning(|_, _| Ok(BTreeMap::new()));
    view.expect_audit_checkpoints_between().returning(|_, _, _, _, _| Ok(Vec::new()));
    view.expect_log_extent().returning(move |_| Ok(Some(LogExtent { first, size: 10, on: true })));
    view
}

/// Somebody who has come so far in reading a log of ten events, from the third on.
fn walk(log: Log, from: u64) -> Walk {
    let begin = Begin {
        format_version: FORMAT_VERSION,
        log: name_of(log),
        origin: String::new(),
        exported_at: String::new(),
        first: 2,
        events: 8,
        left: Vec::new(),
        right: Vec::new(),
        checkpoint: String::new(),
        keys: Vec::new(),
    };
    Walk { log, begin, size: 10, origin: String::new(), end: 10, next: Next::Events(from) }
}

#[tokio::test]
async fn what_goes_with_time_before_it_is_read_is_not_told_as_missing() {
    let log = Some(organization().id);
    // Events that are gone although nothing has gone with time are told as they are.
    for (log, from, first, overtaken) in [
        (log, 2, 0, false),
        (log, 2, 2, false),
        (log, 2, 3, true),
        (log, 5, 5, false),
        (log, 5, 10, true),
        // There is nothing to be read that could have gone.
        (log, 10, 11, false),
        // Nothing ever goes from the platform's own.
        (None, 2, 3, false),
    ] {
        let mut view = from_which_has_gone_all_before(first);
        let read = walk(log, from).read(&mut view).await;
        match read {
            Ok(Some(LogExportPart::Events(entries))) => {
                assert!(!overtaken, "{from} {first}");
                assert_eq!(entries.len() as u64, 10 - from);
            }
            Err(error) => assert!(overtaken && is_overtaken(&error), "{from} {first}: {error:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(!is_overtaken(&Error::Unavailable("away".into())));
}
