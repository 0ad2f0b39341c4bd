//! One server at a time works with a data directory.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    path::Path,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

use crate::Error;

/// The exclusive claim on a data directory, for as long as this value lives. The system gives it back when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct DataDirectory {
    _file: File,
}

impl DataDirectory {
    /// Claims a data directory. It is made if it is missing.
    ///
    /// # Errors
    /// [`Error::InUse`] when another server has it.
    pub fn claim(path: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(Error::system(format!("cannot make {}", path.display())))?;
        let mut file = open(&path.join("rollcall.lock"))?;
        if !taken(&file) {
            let mut holder = String::new();
            // Who has it is good to know, and nothing depends on it.
            let _ = file.read_to_string(&mut holder);
            return Err(Error::InUse { path: path.to_owned(), pid: holder.trim().parse().ok() });
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(Error::system("cannot write the lock file"))?;
        Ok(Self { _file: file })
    }

    /// Whether somebody has claimed a data directory.
    pub(crate) fn is_claimed(path: &Path) -> bool {
        let file = open(&path.join("rollcall.lock"));
        file.is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
    }
}

/// Takes the lock, unless somebody has it for longer than a look takes.
fn taken(file: &File) -> bool {
    (0..20).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}

/// Opens a lock file, making it if need be. What is in it stays.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    options.map_err(Error::system(format!("cannot open {}", path.display())))
}
