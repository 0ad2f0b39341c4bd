//! Reading a log from one place to another, part by part, in the form of an export.

use std::collections::BTreeMap;

use rollcall_audit_proof::{
    Plan, TileId, VerifierKey,
    export::{Begin, FORMAT_VERSION, Opened, base64},
};
use rollcall_domain::tokens::KeyPurpose;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Hash, KeptCheckpoint, Log, LogExtent, PlacedEvent, catch_up, checkpoint,
    checkpoints::{name_of, scope_of},
    export::{ExportEntry, LogExportPart},
};
use crate::{Application, Error, ErrorChain, ports::View};

/// How many events are read at a time, and no more after those with so many bytes: all that is in memory of them.
pub(super) const PAGE: u64 = 1_000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Retention took events before they were read. That is no fault: a new export gives what is left by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events that were to be read have gone meanwhile, as the plan keeps them no longer")]
struct Overtaken;

/// Whether all that is wrong is that retention took events before they were read.
pub fn is_overtaken(error: &Error) -> bool {
    matches!(error, Error::Unavailable(source) if source.is::<Overtaken>())
}

/// A log whose tree somebody has changed is given out as it is: that is what finds them out.
pub(super) async fn catch_up_if_whole(app: &Application, log: Log) -> Result<(), Error> {
    match catch_up(app, log).await {
        Err(Error::Internal(error)) => {
            tracing::warn!(
                log = name_of(log),
                error = %ErrorChain(error.as_ref()),
                "an audit log is exported as far as it goes"
            );
            Ok(())
        }
        done => done,
    }
}

/// What of a log is read, and how far that is.
pub(super) struct Walk {
    log: Log,
    begin: Begin,
    size: u64,
    origin: String,
    end: u64,
    next: Next,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Begin,
    Events(u64),
    End,
    Nothing,
}

impl Walk {
    /// Signs what there is, and finds out what of it is to be read.
    pub(super) async fn begin(
        app: &Application,
        log: Log,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Result<Self, Error> {
        let checkpoint = match checkpoint::sign(app, log).await? {
            Ok(checkpoint) => checkpoint,
            // What was signed before it was changed is what it must lead to.
            Err(inconsistent) => {
                checkpoint::last(app, log).await?.ok_or_else(|| Error::Internal(Box::new(inconsistent)))?
            }
        };
        let KeptCheckpoint { origin, size, note, .. } = checkpoint;
        let keys = app.tokens.keys(app).await?.published(app.now());
        let keys = keys.iter().filter(|key| key.purpose == KeyPurpose::AuditCheckpoint);
        let keys = keys.filter_map(|key| VerifierKey::new(&origin, &key.public_key).ok());
        let keys = keys.map(|key| key.to_string()).collect();

        let mut view = app.store.view(scope_of(log)).await?;
        let there = view.audit_tree(log).await?.map_or(0, |tree| tree.size);
        let whole = there.min(size);
        // What is older than the plan keeps it is gone: its hashes stand left of what there is.
        let kept_from = match log {
            Some(organization) => view.log_extent(organization).await?.map_or(0, |extent| extent.first),
            None => 0,
        };
        let (first, end) = if since.is_none() && until.is_none() {
            (0, whole)
        } else {
            let places = view.audit_places_between(log, since, until).await?;
            places
                .map_or((whole, whole), |(first, last)| (first.min(whole), last.saturating_add(1).min(whole)))
        };
        let (first, end) = (first.max(kept_from.min(whole)), end.max(kept_from.min(whole)));
        // Of a log that has become shorter there is nothing to the right.
        let right = if there < size { end } else { size };
        let plans = [Plan::range(0, first), Plan::range(end, right)];
        let tiles = view.audit_tiles(log, &plans.iter().flat_map(Plan::tiles).collect()).await?;
        let hashes = |plan: &Plan| {
            let hashes = plan.hashes(&tiles).map_err(|error| Error::Internal(Box::new(error)))?;
            Ok::<_, Error>(base64(&hashes))
        };
        let begin = Begin {
            format_version: FORMAT_VERSION,
            log: name_of(log),
            origin: origin.clone(),
            exported_at: app.now().format(&Rfc3339).map_err(|error| Error::Internal(Box::new(error)))?,
            first,
            events: end - first,
            left: hashes(&plans[0])?,
            right: hashes(&plans[1])?,
            checkpoint: note,
            keys,
        };
        Ok(Self { log, begin, size, origin, end, next: Next::Begin })
    }

    /// The next part; none after the last.
    pub(super) async fn read(&mut self, view: &mut dyn View) -> Result<Option<LogExportPart>, Error> {
        let first = self.begin.first;
        let (part, next) = match self.next {
            Next::Begin => (LogExportPart::Begin(self.begin.clone()), Next::Events(first)),
            Next::Events(from) => {
                let (entries, to) = self.events(view, from, self.end.min(from + PAGE)).await?;
                self.still_kept(view, from, to).await?;
                let next = if to < self.end { Next::Events(to) } else { Next::End };
                (LogExportPart::Events(entries), next)
            }
            Next::End => (LogExportPart::End(self.end - first), Next::Nothing),
            Next::Nothing => return Ok(None),
        };
        self.next = next;
        Ok(Some(part))
    }

    /// Ends it: there are no more parts.
    pub(super) fn stop(&mut self) {
        self.next = Next::Nothing;
    }

    /// Makes sure that retention took nothing of what was just read, which would look like tampering. What it takes never comes back,
    /// so asking afterwards is enough.
    async fn still_kept(&self, view: &mut dyn View, from: u64, to: u64) -> Result<(), Error> {
        // The platform's own log keeps its events.
        let Some(organization) = self.log else { return Ok(()) };
        match view.log_extent(organization).await? {
            Some(LogExtent { first, .. }) if from < to.min(first) => {
                Err(Error::Unavailable(Box::new(Overtaken)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What stands from a place on and before another, as far as it fits, and how far that is.
    async fn events(
        &self,
        view: &mut dyn View,
        from: u64,
        to: u64,
    ) -> Result<(Vec<ExportEntry>, u64), Error> {
        let (events, to) = view.audit_events_between(self.log, from, to, PAGE_BYTES).await?;
        let tiles = view.audit_tiles(self.log, &Plan::leaves(from, to).tiles()).await?;
        // Those of a size stand before the event of that index; after the last there are those of all events.
        let last = if to == self.end { to } else { to - 1 };
        let limit = u16::try_from(to - from + 1).unwrap_or(u16::MAX);
        let signed = view.audit_checkpoints_between(self.log, &self.origin, from, last, limit).await?;
        let mut signed = signed.into_iter().filter(|checkpoint| checkpoint.size != self.size).peekable();
        let mut events = events.into_iter().peekable();
        let mut entries = Vec::new();
        for index in from..=to {
            while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.size <= index) {
                entries.push(ExportEntry::Checkpoint(checkpoint.note));
            }
            if index < to {
                let (tile, _, place) =
                    TileId::of_node(0, index).ok_or_else(|| Error::Internal("no tile".into()))?;
                let hash = tiles.get(&tile).and_then(|tile| tile.node(0, place));
                let event = events.next_if(|event| event.index == index);
                entries.push(entry(index, hash, event));
            }
        }
        Ok((entries, to))
    }
}

/// What of a leaf says which fields there were.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    personal: BTreeMap<String, IgnoredAny>,
}

fn entry(index: u64, hash: Option<Hash>, event: Option<PlacedEvent>) -> ExportEntry {
    let Some((leaf, personal)) = event.and_then(|event| Some((event.leaf?, event.personal))) else {
        return ExportEntry::Event { index, hash, leaf: None, personal: BTreeMap::new() };
    };
    let text = String::from_utf8_lossy(&leaf).into_owned();
    let fields = serde_json::from_str::<Fields>(&text).map(|leaf| leaf.personal).unwrap_or_default();
    let mut opened: BTreeMap<_, _> = fields.into_keys().map(|field| (field, None)).collect();
    if let Value::Object(kept) = personal {
        opened.extend(kept.into_iter().map(|(field, value)| (field, Some(open(value)))));
    }
    // Somebody may have written there what is no leaf: then that is shown, as a text.
    let leaf = RawValue::from_string(text)
        .or_else(|_| serde_json::value::to_raw_value(&String::from_utf8_lossy(&leaf)));
    ExportEntry::Event { index, hash, leaf: leaf.ok(), personal: opened }
}

/// What stands beside a leaf, whatever it is: the commitment tells whether it is right.
fn open(value: Value) -> Opened {
    let text = value.to_string();
    serde_json::from_value(value).unwrap_or(Opened { value: text, salt: String::new() })
}

#[cfg(test)]
mod tests {
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
}
