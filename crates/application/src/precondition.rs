//! What a thing must be like for a change to be made.

use crate::Error;

/// The versions of a thing that a change is meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever version it is in.
    #[default]
    None,
    /// Only if it is in one of these versions.
    Versions(Vec<i32>),
}

impl Precondition {
    /// Checks the version that a thing is in, once it is locked.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when the change is not meant for it.
    pub fn check(&self, version: i32) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::Versions(versions) if versions.contains(&version) => Ok(()),
            Self::Versions(_) => Err(Error::PreconditionFailed),
        }
    }
}
