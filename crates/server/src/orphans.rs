//! Recordings that the database knows nothing of, as the operator finds and removes them on the machine itself.

use std::ops::ControlFlow;

use rollcall_application::{
    Error,
    recordings::{self, Orphan, Orphans},
};
use time::Duration;

use crate::{
    ports::Ports,
    settings::Settings,
    visit::{VisitError, visit},
};

/// They were not looked for to the end, or not removed.
#[derive(Debug, thiserror::Error)]
pub enum OrphansError {
    /// It was not even tried, or its end is not certain.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// This may be another database's place.
    #[error(
        "nothing is removed: this database knows none of the {0} recordings that lie there. Is it the right database, and the right place? If they are, say --force"
    )]
    NoneKnown(u64),
    /// The database or the place does not answer.
    #[error("not done: {0}")]
    Failed(#[source] Error),
}

/// What is done with what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Kept,
    /// It is removed, if the database knows any recording at that place.
    Removed,
    /// It is removed.
    RemovedInAnyCase,
}

/// Finds the recordings that the database knows nothing of and that nothing was written of for so long, and tells of each, once it is
/// removed if it is to be. What is not as Rollcall writes it is told, too, and never removed. Once there is nobody to tell, nothing more is
/// removed. Nodes may run meanwhile.
///
/// # Errors
/// [`OrphansError`].
pub async fn find_orphans(
    settings: &Settings,
    ports: &Ports,
    untouched_for: Duration,
    fate: Fate,
    mut tell: impl FnMut(&Orphan) -> ControlFlow<()>,
) -> Result<Orphans, OrphansError> {
    visit(settings, ports, async |app| {
        let since = app.now() - untouched_for;
        let found = recordings::find_orphans(app, since).await.map_err(OrphansError::Failed)?;
        if fate == Fate::Removed && found.known == 0 && !found.old.is_empty() {
            return Err(OrphansError::NoneKnown(found.young + found.old.len() as u64));
        }
        for orphan in &found.old {
            let is_told = match fate {
                Fate::Kept => true,
                Fate::Removed | Fate::RemovedInAnyCase => {
                    recordings::remove_orphan(app, orphan).await.map_err(OrphansError::Failed)?
                }
            };
            if is_told && tell(orphan).is_break() {
                return Ok(found);
            }
        }
        for orphan in &found.foreign {
            if tell(orphan).is_break() {
                break;
            }
        }
        Ok(found)
    })
    .await
}
