//! Checking audit logs, from the command line: what was exported of them, offline, and those in the database.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_application::{
    Application, Error,
    audit::{self, Log, TileId, name_of},
};
use rollcall_audit_proof::{Failure, Finding, Note, Progress, Trust, Verified, verify};
use rollcall_domain::{EventId, OrganizationId};
use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, channel};

use crate::{
    ports::Ports,
    server::keep_name_of_logs,
    settings::Settings,
    visit::{VisitError, visit},
};

/// A log was not checked.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It was not even tried, or its end is not certain.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key is none.
    #[error("{0}")]
    Key(String),
    /// Nothing was ever written in the log.
    #[error("the audit log of {0} is empty, and off")]
    Disabled(String),
    /// It goes with its organization, which can no longer be restored: missing events prove nothing.
    #[error("the audit log of {0} goes with its organization, which is being purged")]
    Purged(String),
    /// Something else is in the way.
    #[error("the audit log of {0} cannot be read: {1}")]
    Failed(String, String),
}

/// What whoever checks a log knows beforehand, as it is told on the command line.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Keys that checkpoints may be signed with, as `name+id+key`.
    pub keys: Vec<String>,
    /// A set of published keys: what `/.well-known/jwks.json` says.
    pub jwks: Option<PathBuf>,
    /// Files with checkpoints that were seen before.
    pub checkpoints: Vec<PathBuf>,
}

/// What is looked at in a set of keys (RFC 7517, RFC 8037).
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    crv: Option<String>,
    x: Option<String>,
    purpose: Option<String>,
}

impl Known {
    /// What it comes to.
    ///
    /// # Errors
    /// [`AuditError::File`] and [`AuditError::Key`].
    pub fn trust(&self) -> Result<Trust, AuditError> {
        let keys = self.keys.iter().map(|key| {
            key.parse().map_err(|problem| AuditError::Key(format!("{key:?} is no key: {problem}")))
        });
        let keys = keys.collect::<Result<_, _>>()?;
        let public_keys = match &self.jwks {
            Some(path) => public_keys(&text(path)?).ok_or_else(|| {
                AuditError::Key(format!("{} holds no keys for checkpoints", path.display()))
            })?,
            None => Vec::new(),
        };
        let seen = self.checkpoints.iter().map(|path| text(path).map(note_in)).collect::<Result<_, _>>()?;
        Ok(Trust { keys, public_keys, seen })
    }
}

/// The note in a file: the file itself, or what stands in a mail to a witness, or in what a webhook was sent.
fn note_in(text: String) -> String {
    if Note::parse(&text).is_ok() {
        return text;
    }
    let sent = serde_json::from_str::<serde_json::Value>(&text).ok();
    if let Some(note) = sent.as_ref().and_then(|sent| sent.pointer("/data/checkpoint")?.as_str()) {
        return note.to_owned();
    }
    // In a mail there are three lines, an empty one, and then the signatures, which begin with a dash.
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let is_signature = |line: &&&str| line.starts_with("\u{2014} ");
    let Some(first) = lines.iter().position(|line| is_signature(&line)) else { return text };
    let Some(begin) = first.checked_sub(4) else { return text };
    let signatures = lines[first..].iter().take_while(is_signature);
    lines[begin..first].iter().chain(signatures).map(|line| format!("{line}\n")).collect()
}

fn text(path: &Path) -> Result<String, AuditError> {
    std::fs::read_to_string(path).map_err(|source| AuditError::File { path: path.to_owned(), source })
}

/// Those that are for checkpoints; none when there are none.
fn public_keys(set: &str) -> Option<Vec<[u8; 32]>> {
    let set: KeySet = serde_json::from_str(set).ok()?;
    let keys = set.keys.into_iter().filter(|key| {
        key.crv.as_deref() == Some("Ed25519") && key.purpose.as_deref() == Some("audit_checkpoint")
    });
    let keys: Vec<_> = keys.filter_map(|key| URL_SAFE_NO_PAD.decode(key.x?).ok()?.try_into().ok()).collect();
    (!keys.is_empty()).then_some(keys)
}

/// Proves an export, offline; `-` is what comes in.
///
/// # Errors
/// [`AuditError::File`] when it cannot be opened. What is wrong with it is no error.
pub fn verify_export(
    path: &Path,
    trust: &Trust,
    progress: impl FnMut(Progress),
) -> Result<Result<Verified, Failure>, AuditError> {
    if path == Path::new("-") {
        return Ok(verify(io::stdin().lock(), trust, progress));
    }
    let file = File::open(path).map_err(|source| AuditError::File { path: path.to_owned(), source })?;
    Ok(verify(file, trust, progress))
}

/// What came of checking a log in the database.
#[derive(Debug)]
pub struct Checked {
    /// Whose log.
    pub log: String,
    /// Whether it holds.
    pub verified: Result<Verified, Failure>,
    /// The first of the tree's tiles that is missing or does not match the leaves. Nothing that is given out is wrong because of it, but
    /// proofs fail.
    pub broken_tile: Option<TileId>,
    /// The first event that was kept from getting into the log at all.
    pub unplaced: Option<EventId>,
}

impl Checked {
    fn holds(&self) -> bool {
        self.verified.is_ok() && self.broken_tile.is_none() && self.unplaced.is_none()
    }
}

/// Checks logs in the database as exports of them would be, and their tiles: those of some organizations, or all of them and the
/// platform's own.
///
/// # Errors
/// [`AuditError`]. What is wrong with a log is no error.
pub async fn check_logs(
    settings: &Settings,
    ports: &Ports,
    organizations: &[OrganizationId],
    trust: &Trust,
    progress: impl Fn(&str, Progress) + Send + Clone + 'static,
    mut checked: impl FnMut(&Checked),
) -> Result<(), AuditError> {
    visit(settings, ports, async |app| {
        sign_as_before(settings, app).await?;
        let all = organizations.is_empty();
        let logs: Vec<Log> = if all {
            app.checkpoints.logs().await.map_err(|error| failed(None, &error))?
        } else {
            organizations.iter().copied().map(Some).collect()
        };
        let names: Vec<String> = logs.iter().map(|log| name_of(*log)).collect();
        let mut purged = Vec::new();
        for (log, name) in logs.into_iter().zip(&names) {
            // What was seen of another log says nothing about this one.
            let seen = trust.seen.iter().filter(|note| name_in(note) == Some(name.as_str()));
            let trust = Trust { seen: seen.cloned().collect(), ..trust.clone() };
            let (progress, name) = (progress.clone(), name.clone());
            match check_log(app, log, trust, move |so_far| progress(&name, so_far)).await {
                Ok(done) => checked(&done),
                // Among all of them one that never was on is nothing.
                Err(AuditError::Disabled(_)) if all => {}
                // One that is being purged does not stop the others. For what was seen of it, it is reported as gone below.
                Err(AuditError::Purged(log)) if all => {
                    tracing::warn!(
                        log,
                        "an audit log is not checked: it goes with its organization, which is being purged"
                    );
                    purged.push(log);
                }
                Err(error) => return Err(error),
            }
        }
        for note in &trust.seen {
            let log = name_in(note).unwrap_or_default();
            if !names.iter().any(|name| name == log) || purged.iter().any(|name| name == log) {
                checked(&gone(log, note));
            }
        }
        Ok(())
    })
    .await
}

/// Whatever looks at a whole log may sign a checkpoint of it.
async fn sign_as_before(settings: &Settings, app: &Application) -> Result<(), AuditError> {
    let kept = keep_name_of_logs(settings, app, settings.values.http.address).await;
    Ok(kept.map_err(VisitError::from)?)
}

/// What a checkpoint's origin says of whose log it is of.
fn name_in(note: &str) -> Option<&str> {
    note.lines().next()?.rsplit('/').next()
}

/// A checkpoint was seen of a log that is not there.
fn gone(log: &str, note: &str) -> Checked {
    let seen = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default();
    let verified = Err(Finding::Shorter { size: 0, seen }.into());
    Checked { log: log.to_owned(), verified, broken_tile: None, unplaced: None }
}

async fn check_log(
    app: &Application,
    log: Log,
    trust: Trust,
    progress: impl FnMut(Progress) + Send + Clone + 'static,
) -> Result<Checked, AuditError> {
    let failed = |error: Error| failed(log, &error);
    loop {
        let read = read_log(app, log, trust.clone(), progress.clone()).await;
        let may_be_purged = match &read {
            // Retention was faster. It is done sooner or later, so the log is read again.
            Err(error) if audit::is_overtaken(error) => continue,
            Err(Error::AuditLogDisabled) => false,
            Err(_) => true,
            Ok(checked) => !checked.holds(),
        };
        if may_be_purged && app.checkpoints.purge_has_begun(log).await.map_err(failed)? {
            return Err(AuditError::Purged(name_of(log)));
        }
        return read.map_err(failed);
    }
}

async fn read_log(
    app: &Application,
    log: Log,
    trust: Trust,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Checked, Error> {
    let mut whole = audit::whole(app, log).await?;
    // What is read waits until it is looked at.
    let (sender, lines) = channel(4);
    let verifying = tokio::task::spawn_blocking(move || verify(Lines::new(lines), &trust, progress));
    while let Some(part) = whole.next().await? {
        let mut text = Vec::new();
        part.write(&mut text).map_err(|error| Error::Internal(Box::new(error)))?;
        // Once something is wrong with the log, what follows is only read to look at its tiles.
        let _ = sender.send(text).await;
    }
    drop(sender);
    let verified = verifying.await.map_err(|error| Error::Internal(Box::new(error)))?;
    let unplaced = app.checkpoints.unplaced(log).await?;
    Ok(Checked { log: name_of(log), verified, broken_tile: whole.broken_tile(), unplaced })
}

fn failed(log: Log, error: &Error) -> AuditError {
    let name = name_of(log);
    match error {
        Error::AuditLogDisabled => AuditError::Disabled(name),
        error => AuditError::Failed(name, reason(error)),
    }
}

/// Why, for whoever runs the service: what callers are not told.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The newest checkpoint of an organization's log, or of the platform's own.
///
/// # Errors
/// [`AuditError`]; also when the log does not continue what was signed of it before.
pub async fn newest_checkpoint(
    settings: &Settings,
    ports: &Ports,
    organization: Option<OrganizationId>,
) -> Result<String, AuditError> {
    visit(settings, ports, async |app| {
        sign_as_before(settings, app).await?;
        let checkpoint = audit::newest_checkpoint(app, organization).await;
        checkpoint.map(|checkpoint| checkpoint.note).map_err(|error| failed(organization, &error))
    })
    .await
}

/// Lines that come from elsewhere in this process.
struct Lines {
    lines: Receiver<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl Lines {
    fn new(lines: Receiver<Vec<u8>>) -> Self {
        Self { lines, current: io::Cursor::default() }
    }
}

impl Read for Lines {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(room)?;
            if read > 0 || room.is_empty() {
                return Ok(read);
            }
            match self.lines.blocking_recv() {
                Some(lines) => self.current = io::Cursor::new(lines),
                None => return Ok(0),
            }
        }
    }
}
