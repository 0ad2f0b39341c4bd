//! The keyring of the development profile: made once, and kept beside the data.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rollcall_application::{keyring::Keyring, ports::Entropy};

/// The keyring under `data_dir`. It is made when it is not there.
pub(crate) fn generated(data_dir: &Path, entropy: &dyn Entropy) -> io::Result<Keyring> {
    let path = data_dir.join("keyring");
    kept(&path, entropy)?.trim().parse().map_err(|problem| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} {problem}", path.display()))
    })
}

/// The text of the file, which is made when it is not there.
fn kept(path: &Path, entropy: &dyn Entropy) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(path, entropy)?;
            fs::read_to_string(path)
        }
        read => read,
    }
}

/// Makes the file, whole or not at all: a start that is cut off leaves no half of it to the next.
fn make(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let (mut key, mut name) = ([0; 32], [0; 8]);
    entropy.fill(&mut key);
    entropy.fill(&mut name);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension(format!("{:016x}", u64::from_be_bytes(name)));
    let made = write(&beside, &format!("1:{}\n", STANDARD.encode(key)));
    // Of two nodes that start at once, the first to link makes it.
    let made = made.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&beside);
    // The first thing that went wrong is the one to tell.
    made.and(removed)
}

/// Writes a file that nobody else may read.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::ports::SystemEntropy;

    #[test]
    fn of_those_that_start_at_once_each_finds_the_same_one_and_finds_it_whole() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("data/keyring");
            let found: Vec<String> = thread::scope(|threads| {
                let starting: Vec<_> =
                    (0..8).map(|_| threads.spawn(|| kept(&path, &SystemEntropy))).collect();
                let found = starting.into_iter().map(|one| one.join().expect("no panic").expect("a keyring"));
                found.collect()
            });
            assert!(found.iter().all(|one| *one == found[0] && one.ends_with('\n')), "{found:?}");
            generated(&folder.path().join("data"), &SystemEntropy).expect("a keyring");
            // Those that were not the first leave nothing behind.
            assert_eq!(fs::read_dir(folder.path().join("data")).expect("a folder").count(), 1);
        }
    }
}
