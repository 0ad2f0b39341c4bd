//! A log, or the events of some time, to be taken along: in a form that proves itself.

use std::collections::BTreeMap;

use rollcall_audit_proof::{
    MissingNode, Plan, TILE_WIDTH, Tile, TileId, Tree, VerifierKey,
    export::{Begin, End, Event, FORMAT_VERSION, Opened, Signed, base64},
};
use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
    tokens::KeyPurpose,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Hash, KeptCheckpoint, Log, LogExtent, PlacedEvent, catch_up, checkpoint,
    checkpoints::{name_of, scope_of},
    readings::{ReadingAttempt, refusals_recorded_once},
    search::in_order,
};
use crate::{Application, Error, ErrorChain, Principal, bulkhead::Running, ports::View};

/// How many events are read at a time, and no more after those with so many bytes: all that is in memory of them.
const PAGE: u64 = 1_000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// The longest that an export may take.
const LONGEST: Duration = Duration::HOUR;

/// Retention took events before they were read. That is no fault: a new export gives what is left by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events that were to be read have gone meanwhile, as the plan keeps them no longer")]
struct Overtaken;

/// Whether all that is wrong is that retention took events before they were read.
pub fn is_overtaken(error: &Error) -> bool {
    matches!(error, Error::Unavailable(source) if source.is::<Overtaken>())
}

/// A part of an export.
#[derive(Debug)]
pub enum LogExportPart {
    /// The first: what proves the events.
    Begin(Begin),
    /// Events, in the order of the log.
    Events(Vec<ExportEntry>),
    /// The last: how many events there were.
    End(u64),
}

/// What stands in an export between its beginning and its end.
#[derive(Debug)]
pub enum ExportEntry {
    /// An event.
    Event {
        /// Its place.
        index: u64,
        /// The hash of its leaf as the tree has it, if it does.
        hash: Option<Hash>,
        /// Its leaf; none when it is gone.
        leaf: Option<Box<RawValue>>,
        /// What identifies a person in it, by field; none where it was erased.
        personal: BTreeMap<String, Option<Opened>>,
    },
    /// A checkpoint that was given out when the log was as long as it is here: a signed note.
    Checkpoint(String),
}

impl LogExportPart {
    /// Writes it down as lines of JSON.
    ///
    /// # Errors
    /// None in practice: strings and numbers always serialize.
    pub fn write(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Begin(begin) => line(text, begin),
            Self::Events(entries) => entries.iter().try_for_each(|entry| match entry {
                ExportEntry::Event { index, hash, leaf, personal } => {
                    line(text, &Event { index: *index, hash: *hash, leaf: leaf.as_deref(), personal })
                }
                ExportEntry::Checkpoint(note) => line(text, &Signed { note }),
            }),
            Self::End(events) => line(text, &End { events: *events }),
        }
    }
}

fn line(text: &mut Vec<u8>, value: &impl serde::Serialize) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}

/// An export that is running. Dropped, it ends.
pub struct LogExport {
    app: Application,
    principal: Principal,
    organization: OrganizationId,
    begun_at: OffsetDateTime,
    walk: Walk,
    _running: Running,
}

/// Begins an export of the log of the organization that the principal is at work in: of all events, or of those from `since` on and
/// before `until`, with the few that are between them in the log although they happened before or after. That it was asked for is in
/// the log before anything is given out, and in the export.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Invalid`] for a time that ends before it begins, [`Error::AuditLogDisabled`],
/// [`Error::ExportRunning`] when the organization or the person has one already, and [`Error::Busy`] when too many run.
pub async fn export(
    app: &Application,
    principal: &Principal,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
) -> Result<LogExport, Error> {
    let begun = begin(app, principal, since, until).await;
    refusals_recorded_once(app, principal, attempt(principal), begun).await
}

/// Makes sure that there would be an export. Nothing is given out, so it is no event.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Invalid`] and [`Error::AuditLogDisabled`].
pub async fn permit_export(
    app: &Application,
    principal: &Principal,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
) -> Result<(), Error> {
    let looked = async {
        let log = Some(principal.permit(Permission::AuditLogRead)?.id);
        in_order(since, until)?;
        catch_up(app, log).await?;
        checkpoint::there(log, app.store.view(scope_of(log)).await?.audit_tree(log).await?)?;
        Ok(())
    };
    refusals_recorded_once(app, principal, attempt(principal), looked.await).await
}

fn attempt(principal: &Principal) -> ReadingAttempt<'static> {
    let target = principal.place().map_or(AuditTarget::Nothing, |place| AuditTarget::Organization(place.id));
    ReadingAttempt { what: "export", action: Action::AuditLogExported, target }
}

async fn begin(
    app: &Application,
    principal: &Principal,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
) -> Result<LogExport, Error> {
    let organization = principal.permit(Permission::AuditLogRead)?.id;
    in_order(since, until)?;
    let log = Some(organization);
    let begun_at = app.now();
    let running = app.log_exports.begin(organization, principal.person(), Error::ExportRunning)?;
    catch_up_if_whole(app, log).await?;
    if checkpoint::last(app, log).await?.is_none() {
        checkpoint::there(log, app.store.view(scope_of(log)).await?.audit_tree(log).await?)?;
    }

    let (unit, _) = principal.begin_again(app, Permission::AuditLogRead).await?;
    let mut event =
        app.event_by(principal, Action::AuditLogExported, AuditTarget::Organization(organization));
    for (field, moment) in [("since", since), ("until", until)] {
        let moment = moment.map(|moment| moment.format(&Rfc3339)).transpose().unwrap_or_default();
        event = if moment.is_some() { event.change(field, None, moment.as_deref()) } else { event };
    }
    unit.commit(app.record(event)).await?;
    catch_up_if_whole(app, log).await?;
    let walk = Walk::begin(app, log, since, until).await?;
    let (app, principal) = (app.clone(), principal.clone());
    Ok(LogExport { app, principal, organization, begun_at, walk, _running: running })
}

impl LogExport {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// Whoever has lost the right to it, or the session or key, while it runs gets no more (attack 9): then as [`export`], or
    /// [`Error::Unauthenticated`]. [`Error::Unavailable`] when it takes longer than an hour, or when retention takes events
    /// [before they are read](is_overtaken). There are no more parts then.
    pub async fn next(&mut self) -> Result<Option<LogExportPart>, Error> {
        let part = self.read().await;
        if part.is_err() {
            self.walk.next = Next::Nothing;
        }
        let target = AuditTarget::Organization(self.organization);
        self.app.refusals_recorded(&self.principal, Action::AuditLogExported, target, part).await
    }

    async fn read(&mut self) -> Result<Option<LogExportPart>, Error> {
        let now = self.app.now();
        if self.begun_at + LONGEST <= now {
            return Err(Error::Unavailable("an export took longer than it may".into()));
        }
        // Nothing is held from one part to the next: what has been erased in between is not given out.
        let (mut unit, _) = self.principal.begin_again(&self.app, Permission::AuditLogRead).await?;
        self.walk.read(unit.as_mut()).await
    }
}

/// A whole log in the form of an export, for whoever checks it beside the database. It asks nobody's permission, and gives nothing away.
pub struct WholeLog {
    app: Application,
    log: Log,
    walk: Walk,
    /// Grows over the hashes that are read, as long as they are there: its tiles are what those that are kept must be.
    tree: Option<Tree>,
    broken: Option<TileId>,
}

/// Begins to read a whole log.
///
/// # Errors
/// [`Error::AuditLogDisabled`] when it is empty and off.
pub async fn whole(app: &Application, log: Log) -> Result<WholeLog, Error> {
    catch_up_if_whole(app, log).await?;
    let walk = Walk::begin(app, log, None, None).await?;
    Ok(WholeLog { app: app.clone(), log, walk, tree: Some(Tree::default()), broken: None })
}

impl WholeLog {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// Only when something is out of order, or when it [is overtaken](is_overtaken).
    pub async fn next(&mut self) -> Result<Option<LogExportPart>, Error> {
        let mut view = self.app.store.view(scope_of(self.log)).await?;
        let part = self.walk.read(view.as_mut()).await?;
        match &part {
            Some(LogExportPart::Begin(begin)) => self.compare_gone(view.as_mut(), begin.first).await?,
            Some(LogExportPart::Events(entries)) => {
                let hashes = entries.iter().filter_map(|entry| match entry {
                    ExportEntry::Event { index, hash, .. } => Some(hash.ok_or(tile_of(*index))),
                    ExportEntry::Checkpoint(_) => None,
                });
                self.compare(view.as_mut(), hashes.collect()).await?;
            }
            Some(LogExportPart::End(_)) | None => {}
        }
        Ok(part)
    }

    /// The first tile that is missing or does not match the leaf hashes, as far as has been read.
    pub fn broken_tile(&self) -> Option<TileId> {
        self.broken
    }

    /// Compares the tiles of events that retention has taken: the hashes of their leaves stay.
    async fn compare_gone(&mut self, view: &mut dyn View, first: u64) -> Result<(), Error> {
        let mut from = 0;
        while from < first && self.tree.is_some() {
            let to = first.min(from + PAGE);
            let leaves = Plan::leaves(from, to);
            let tiles = view.audit_tiles(self.log, &leaves.tiles()).await?;
            let hashes = leaves.hashes(&tiles).map_err(|MissingNode(tile)| tile);
            self.compare(view, hashes).await?;
            from = to;
        }
        Ok(())
    }

    /// Compares the kept tiles with those that the next leaf hashes make. A missing hash ends the comparison.
    async fn compare(&mut self, view: &mut dyn View, hashes: Result<Vec<Hash>, TileId>) -> Result<(), Error> {
        let Some(tree) = self.tree.as_mut() else { return Ok(()) };
        let changed = match hashes {
            Ok(hashes) => tree.append(hashes.into_iter()).ok(),
            Err(missing) => {
                self.broken = self.broken.or(Some(missing));
                None
            }
        };
        let Some(changed) = changed else {
            self.tree = None;
            return Ok(());
        };
        let kept = view.audit_tiles(self.log, &changed.keys().copied().collect()).await?;
        let holds = |(id, tile): &(&TileId, &Tile)| {
            kept.get(id).is_some_and(|kept| kept.hashes().starts_with(tile.hashes()))
        };
        let wrong = changed.iter().find(|tile| !holds(tile)).map(|(id, _)| *id);
        self.broken = self.broken.or(wrong);
        Ok(())
    }
}

/// The tile that has the hash of an event's leaf.
const fn tile_of(index: u64) -> TileId {
    TileId { level: 0, index: index / TILE_WIDTH as u64 }
}

/// A log whose tree somebody has changed is given out as it is: that is what finds them out.
async fn catch_up_if_whole(app: &Application, log: Log) -> Result<(), Error> {
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
struct Walk {
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
    async fn begin(
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

    async fn read(&mut self, view: &mut dyn View) -> Result<Option<LogExportPart>, Error> {
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
#[path = "export_tests.rs"]
mod tests;
