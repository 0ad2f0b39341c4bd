//! What the errors of a store, or of a directory, come to.

use object_store::{Error, path::Path};
use rollcall_application::recordings::ObjectsError;

use crate::place::InvalidPlace;

/// How errors begin that say that something is shorter than it should be.
const TOO_SHORT: [&str; 2] = ["Wanted range starting at ", "Server returned non-2xx status code: 416 "];

/// What is shorter than it should be is not all there.
pub(crate) fn is_missing(error: &Error) -> bool {
    match error {
        Error::NotFound { .. } => true,
        // A file is found to be too short; a store answers 416. Neither comes as a kind of its own, and what lies around it names
        // paths, times and what the store has said: only how the innermost text begins tells.
        Error::Generic { source, .. } => {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
            while let Some(error) = cause {
                let text = error.to_string();
                if TOO_SHORT.iter().any(|beginning| text.starts_with(beginning)) {
                    return true;
                }
                cause = error.source();
            }
            false
        }
        _ => false,
    }
}

pub(crate) fn directory_unavailable(error: std::io::Error) -> ObjectsError {
    ObjectsError::Unavailable(Box::new(error))
}

pub(crate) fn none_if_missing(error: Error) -> Result<Vec<Path>, ObjectsError> {
    match error {
        Error::NotFound { .. } => Ok(Vec::new()),
        error => Err(unavailable(error)),
    }
}

/// After what stands the answer of a store in an error: after its status, or at once.
const ANSWERED: [(&str, &str); 2] =
    [("Server returned non-2xx status code: ", ": "), ("Server returned error response", ": ")];

/// What a store answers in words may repeat what it was asked with, tokens too, so it is left out.
pub(crate) fn unavailable(error: Error) -> ObjectsError {
    let text = error.to_string();
    let answer = ANSWERED.iter().find_map(|(said, then)| {
        let begin = text.find(said)? + said.len();
        Some(begin + text[begin..].find(then)?)
    });
    ObjectsError::Unavailable(text[..answer.unwrap_or(text.len())].into())
}

pub(crate) fn unusable(error: Error) -> InvalidPlace {
    InvalidPlace::Store(Box::new(error))
}
