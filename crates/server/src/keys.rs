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
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            entropy.fill(&mut key);
            let text = format!("1:{}\n", STANDARD.encode(key));
            fs::create_dir_all(data_dir)?;
            // Nobody else may read it; and of two that start at once, one makes it.
            match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => {
                    file.write_all(text.as_bytes())?;
                    text
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(&path)?,
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    text.trim().parse().map_err(|problem| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} {problem}", path.display()))
    })
}
