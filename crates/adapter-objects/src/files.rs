//! What lies in a directory, without going where symbolic links lead.

use std::{
    io::{Error, ErrorKind, Result},
    path::Path,
    str::FromStr,
};

use object_store::path::Path as Location;
use time::OffsetDateTime;

/// What lies where a recording would.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// When something was last written there, by whatever name; if there is nothing in it, when that became so. None when there is
    /// nothing at all.
    pub(crate) last_touched: Option<OffsetDateTime>,
    /// Whether a symbolic link is on the way there, or something else than files lies there.
    pub(crate) is_foreign: bool,
}

/// The ids among the names of the directories in a directory, and of the symbolic links that may lead to some.
pub(crate) async fn directories<T: FromStr>(directory: &Path) -> Result<Vec<T>> {
    let mut entries = match tokio::fs::read_dir(directory).await {
        Err(error) if is_nowhere(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let kind = entry.file_type().await?;
        if kind.is_dir() || kind.is_symlink() {
            ids.extend(entry.file_name().to_str().and_then(|name| name.parse::<T>().ok()));
        }
    }
    Ok(ids)
}

/// What lies at a location below a directory.
pub(crate) async fn contents_at(directory: &Path, location: &Location) -> Result<Contents> {
    let mut place = directory.to_owned();
    for part in location.parts() {
        place.push(AsRef::<str>::as_ref(&part));
        let metadata = match tokio::fs::symlink_metadata(&place).await {
            Err(error) if is_nowhere(&error) => return Ok(Contents::default()),
            metadata => metadata?,
        };
        if !metadata.is_dir() {
            return Ok(Contents { last_touched: None, is_foreign: true });
        }
    }
    let mut files = match tokio::fs::read_dir(&place).await {
        Err(error) if is_nowhere(&error) => return Ok(Contents::default()),
        files => files?,
    };
    let mut lies = Contents::default();
    while let Some(file) = files.next_entry().await? {
        // Not of what a link leads to.
        match file.metadata().await {
            // It has just got its name, or is gone.
            Err(error) if is_nowhere(&error) => {}
            metadata => {
                let metadata = metadata?;
                lies.is_foreign |= !metadata.is_file();
                lies.last_touched = lies.last_touched.max(Some(metadata.modified()?.into()));
            }
        }
    }
    if lies.last_touched.is_none() {
        lies.last_touched = Some(tokio::fs::metadata(&place).await?.modified()?.into());
    }
    Ok(lies)
}

fn is_nowhere(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
