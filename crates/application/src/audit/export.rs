//! A log, or the events of some time, to be taken along: in a form that proves itself.

use std::collections::BTreeMap;

use rollcall_audit_proof::export::{Begin, End, Event, Opened, Signed};
use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
};
use serde_json::value::RawValue;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Hash, catch_up, checkpoint,
    checkpoints::scope_of,
    readings::{ReadingAttempt, refusals_recorded_once},
    search::in_order,
    walk::{Walk, catch_up_if_whole},
};
use crate::{Application, Error, Principal, bulkhead::Running};

/// The longest that an export may take.
const LONGEST: Duration = Duration::HOUR;

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
    /// [before they are read](super::is_overtaken). There are no more parts then.
    pub async fn next(&mut self) -> Result<Option<LogExportPart>, Error> {
        let part = self.read().await;
        if part.is_err() {
            self.walk.stop();
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
