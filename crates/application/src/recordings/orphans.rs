//! Segments that the database knows nothing of: those of recordings that were made after a moment that it was set back to.
//!
//! Whatever a node writes has a row first, and the end of each row is noted, so nothing becomes an orphan while the database and the
//! place of recordings go on together. Nobody can play one: its key was in its row.

use rollcall_domain::{OrganizationId, RecordingId};
use time::OffsetDateTime;

use super::Footprint;
use crate::{Application, Error};

/// How many recordings the database is asked about at a time.
const AT_A_TIME: usize = 1_000;

/// What lies where recordings are kept, and no row knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    /// Whose it was, by its name.
    pub organization: OrganizationId,
    /// Which recording.
    pub recording: RecordingId,
    /// How much.
    pub footprint: Footprint,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Orphans {
    /// How many recordings the database knows.
    pub known: u64,
    /// How many it does not know and were written to too lately to be among `old`.
    pub young: u64,
    /// Those that it does not know, and that nothing was written of since.
    pub old: Vec<Orphan>,
    /// Those that it does not know, and that are not as Rollcall writes them. A symbolic link may lead to what is none of ours, so they stay.
    pub foreign: Vec<Orphan>,
}

/// Looks for recordings that the database knows nothing of, and that nothing was written of since a moment.
///
/// # Errors
/// [`Error::Unavailable`] and the like, when either does not answer.
pub async fn find_orphans(app: &Application, since: OffsetDateTime) -> Result<Orphans, Error> {
    let mut found = Orphans::default();
    for organization in app.objects.organizations().await? {
        for some in app.objects.recordings(organization).await?.chunks(AT_A_TIME) {
            // Rows come first, so whatever lay there by then has one by now, or never will.
            let known = app.uploads.known(organization, some).await?;
            found.known += known.len() as u64;
            for recording in some.iter().copied().filter(|recording| !known.contains(recording)) {
                let footprint = app.objects.footprint(organization, recording).await?;
                let orphan = Orphan { organization, recording, footprint };
                if footprint.is_foreign {
                    found.foreign.push(orphan);
                } else if footprint.last_written.is_some_and(|written| written <= since) {
                    found.old.push(orphan);
                } else {
                    found.young += 1;
                }
            }
        }
    }
    Ok(found)
}

/// Removes an orphan, unless the database knows of it by now, or it is not what it was; says whether it did.
///
/// # Errors
/// When either does not answer.
pub async fn remove_orphan(app: &Application, orphan: &Orphan) -> Result<bool, Error> {
    let Orphan { organization, recording, footprint } = *orphan;
    if !app.uploads.known(organization, &[recording]).await?.is_empty()
        || app.objects.footprint(organization, recording).await? != footprint
    {
        return Ok(false);
    }
    app.objects.remove(organization, recording).await?;
    Ok(true)
}
