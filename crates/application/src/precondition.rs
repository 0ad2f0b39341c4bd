//! What a thing must be like for a change to be made.

use rollcall_domain::Version;

use crate::Error;

/// The versions of a thing that a change is meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition<V = Version> {
    /// Whatever version it is in, or if there is none.
    #[default]
    None,
    /// Whatever version it is in, if there is one.
    Exists,
    /// Only if it is in one of these versions.
    Versions(Vec<V>),
}

impl<V: PartialEq> Precondition<V> {
    /// Only if it is in this version.
    pub fn only(version: impl Into<V>) -> Self {
        Self::Versions(vec![version.into()])
    }

    /// Checks the version that a thing is in, once it is locked.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when the change is not meant for it.
    pub fn check(&self, version: impl Into<V>) -> Result<(), Error> {
        self.check_found(Some(version.into()))
    }

    /// The same for a change that is made also where there is nothing yet.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub(crate) fn check_found(&self, version: Option<V>) -> Result<(), Error> {
        let holds = match (self, version) {
            (Self::None, _) | (Self::Exists, Some(_)) => true,
            (Self::Versions(versions), Some(version)) => versions.contains(&version),
            (Self::Exists | Self::Versions(_), None) => false,
        };
        if holds { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precondition_fails_for_another_version_and_where_there_is_nothing() {
        let none = Precondition::<Version>::None;
        assert!(none.check_found(None).is_ok() && none.check(3).is_ok());
        assert!(Precondition::<Version>::Exists.check(3).is_ok());
        assert!(Precondition::<Version>::only(3).check(3).is_ok());
        for failed in [
            Precondition::<Version>::Exists.check_found(None),
            Precondition::<Version>::only(3).check_found(None),
            Precondition::<Version>::only(3).check(4),
            Precondition::<Version>::Versions(Vec::new()).check(3),
        ] {
            assert!(matches!(failed, Err(Error::PreconditionFailed)), "{failed:?}");
        }
    }
}
