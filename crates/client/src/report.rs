//! A service's own events, for the organization's audit log: kept in a file until Rollcall has them.

use std::{
    error::Error,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use http::StatusCode;
use rollcall_domain::{ApiKeyId, ErrorChain, EventId, UserId, secret::Secret};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{sleep, timeout},
};

use crate::{
    Rollcall, Subject, chance,
    connection::{Connection, Unanswered},
    spool::{Batch, Spool},
};

/// The most events in one batch, and their bytes: below what a body may have.
const AT_ONCE: usize = 1_000;
const BYTES: usize = 512 * 1024;
/// The longest that sending one may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first and the longest pause before another try.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often this checks whether any reporter is left.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Something that was done in a service beside Rollcall. Its id is its own, so that it is taken once however often it is
/// sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    id: EventId,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    actor: Actor,
    action: String,
    target: Target,
    outcome: Outcome,
}

/// Who has done it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    User {
        /// Who.
        id: UserId,
    },
    /// A program, by its key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
    },
}

impl From<Subject> for Actor {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::User { id, .. } => Self::User { id },
            Subject::ApiKey { id } => Self::ApiKey { id },
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Target {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

/// An event is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file cannot be read or written.
    #[error("the file of events that wait cannot be used: {0}")]
    File(#[from] io::Error),
    /// Too many wait already: 64 MiB of them.
    #[error("too many events wait to be sent")]
    Full,
    /// It cannot be written as JSON.
    #[error("an event cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// There is no runtime to work in the background.
    #[error("a reporter is opened within a tokio runtime")]
    NoRuntime,
}

/// Sends a service's own events to the audit log of the organization that an API key belongs to. Cloning it is cheap;
/// it sends until the last clone has gone, and whoever opens the same file next goes on.
///
/// A task in the background sends what waits, in order, by `POST /v1/audit/events`: at most 1,000 events and 512 KiB at once, and it waits
/// 20 seconds for an answer. What was not taken is sent again, after 0.2 seconds at first and 30 at the most, for as long as it takes, also
/// while the key is refused. Two answers end that: while the organization's log is off (409) the events are let go, and one that is refused
/// for what it says (400, 413, 422) is written to a file beside, whose name has `.rejected` at its end.
///
/// ```no_run
/// use std::path::Path;
///
/// use rollcall_client::{Caller, Outcome, ReportError, Reporter, Rollcall};
/// use rollcall_domain::secret::Secret;
///
/// # fn report(rollcall: Rollcall, api_key: Secret, caller: Caller, agent: &str) -> Result<(), ReportError> {
/// let reporter = Reporter::open(&rollcall, Path::new("/var/lib/agents/events"), api_key)?;
/// reporter.report(caller.subject, "agent.created", ("agent", agent), Outcome::Success)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Reporter(Arc<Outgoing>);

struct Outgoing {
    spool: Mutex<Spool>,
    added: Notify,
    connection: Connection,
}

impl Outgoing {
    fn spool<T>(&self, use_it: impl FnOnce(&mut Spool) -> T) -> T {
        use_it(&mut self.spool.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reporter {
    /// Opens the file of events that wait, and begins to send. The key has the scope `audit_log:append`. One process at a time
    /// may have a file open: that is not looked at. The file is read whole, which holds up the thread, and is made where there is none, on Unix
    /// for its owner alone. Nothing is asked of the network before this returns.
    ///
    /// # Errors
    /// [`ReportError::File`], or [`ReportError::NoRuntime`].
    pub fn open(rollcall: &Rollcall, file: &Path, key: Secret) -> Result<Self, ReportError> {
        let runtime = Handle::try_current().map_err(|_| ReportError::NoRuntime)?;
        let spool = Mutex::new(Spool::open(file)?);
        let connection = rollcall.connection().clone();
        let outgoing = Arc::new(Outgoing { spool, added: Notify::new(), connection });
        runtime.spawn(send_all(Arc::downgrade(&outgoing), key));
        Ok(Self(outgoing))
    }

    /// Keeps an event until Rollcall has it. Once this returns it outlives the end of this process, though not of the machine. It writes a line
    /// to the file, and waits for no network.
    ///
    /// What Rollcall takes is not looked at here: of an action words as
    /// [`ReportedAction`](rollcall_domain::audit::reports::ReportedAction) has them, of the target's kind a
    /// [`Name`](rollcall_domain::audit::reports::Name), and of its id 200 characters.
    ///
    /// # Errors
    /// [`ReportError::Full`] when 64 MiB wait, some 200,000 events, [`ReportError::File`] and [`ReportError::Unwritable`]. The event is not kept
    /// then.
    pub fn report(
        &self,
        actor: impl Into<Actor>,
        action: &str,
        (kind, id): (&str, &str),
        outcome: Outcome,
    ) -> Result<(), ReportError> {
        let now = (self.0.connection.settings.now)();
        let event = AuditEvent {
            id: new_id(now),
            occurred_at: now,
            actor: actor.into(),
            action: action.to_owned(),
            target: Target { kind: kind.to_owned(), id: id.to_owned() },
            outcome,
        };
        let line = serde_json::to_string(&event)?;
        if !self.0.spool(|spool| spool.add(&line))? {
            return Err(ReportError::Full);
        }
        self.0.added.notify_one();
        Ok(())
    }
}

fn new_id(now: OffsetDateTime) -> EventId {
    let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&chance::number().to_le_bytes());
    random[8..].copy_from_slice(&chance::number().to_le_bytes()[..2]);
    EventId::from_parts(milliseconds, &random)
}

/// Sends what waits, for as long as somebody may report.
async fn send_all(outgoing: Weak<Outgoing>, key: Secret) {
    let (mut pause, mut at_once) = (PAUSE, AT_ONCE);
    while let Some(held) = outgoing.upgrade() {
        let sent = match held.spool(|spool| spool.first(at_once, BYTES)) {
            Ok(batch) if batch.lines.is_empty() => {
                // Looked at again now and then, so that this ends with the last one who reports.
                let _ = timeout(LOOK_EVERY, held.added.notified()).await;
                continue;
            }
            Ok(batch) => send(&held, &key, &batch).await,
            Err(error) => Err(told(&error)),
        };
        match sent {
            Ok(Next::Many) => (pause, at_once) = (PAUSE, AT_ONCE),
            Ok(Next::AtMost(fewer)) => at_once = fewer,
            Err(reason) => {
                tracing::info!(reason, "events for the audit log wait");
                drop(held);
                sleep(chance::some_of(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// An error for the log.
fn told(error: &(dyn Error + 'static)) -> String {
    ErrorChain(error).to_string()
}

/// How many are to be sent next.
enum Next {
    /// As many as there are.
    Many,
    /// Fewer: one of them is wrong, and is found that way.
    AtMost(usize),
}

/// Sends a batch, and notes what became of it; otherwise it waits, for the reason given back.
async fn send(held: &Outgoing, key: &Secret, batch: &Batch) -> Result<Next, String> {
    let body = format!(r#"{{"events":[{}]}}"#, batch.lines.join(","));
    let request = held.connection.post("/v1/audit/events").bearer_auth(key.expose());
    let request = request.header(http::header::CONTENT_TYPE, "application/json").body(body);
    let response = timeout(PATIENCE, request.send()).await.map_err(|_| "no answer in time".to_owned())?;
    let status = response.map_err(|error| told(&Unanswered::from(error)))?.status();
    match (status, batch.lines.as_slice()) {
        (status, _) if status.is_success() => {}
        // The organization's log is off: nobody wants it.
        (StatusCode::CONFLICT, _) => tracing::info!("the audit log is off; its events are not kept"),
        (
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE,
            [line],
        ) => {
            tracing::warn!("an event was refused by the audit log; it is set aside in the .rejected file");
            held.spool(|spool| spool.put_aside(line)).map_err(|error| told(&error))?;
        }
        (
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE,
            lines,
        ) => {
            return Ok(Next::AtMost(lines.len() / 2));
        }
        (status, _) => return Err(Unanswered::Status(status).to_string()),
    }
    held.spool(|spool| spool.done(batch)).map_err(|error| told(&error))?;
    Ok(Next::Many)
}
