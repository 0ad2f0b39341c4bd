use super::*;
use crate::testing::{MockUnit, organization};

/// A view of a log whose first event is `first`, as retention took those before it. No events are read from it.
fn view_from(first: u64) -> MockUnit {
    let mut view = MockUnit::new();
    view.expect_audit_events_between().returning(|_, _, to, _| Ok((Vec::new(), to)));
    view.expect_audit_tiles().returning(|_, _| Ok(BTreeMap::new()));
    view.expect_audit_checkpoints_between().returning(|_, _, _, _, _| Ok(Vec::new()));
    view.expect_log_extent().returning(move |_| Ok(Some(LogExtent { first, size: 10, on: true })));
    view
}

/// An export of a log of ten events, begun at the third, that has come as far as `from`.
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
async fn what_retention_takes_before_it_is_read_is_not_exported_as_missing() {
    let log = Some(organization().id);
    // Events that are gone though retention took none are exported as missing.
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
        let mut view = view_from(first);
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
