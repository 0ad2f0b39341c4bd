//! What a use case that did not come about leaves behind.

use crate::{Error, mail::Letter, ports::StoreError};

/// Why a use case did not come about, and what somebody is to be told of that.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) error: Error,
    /// What is sent with the record of the refusal.
    pub(crate) letter: Option<Letter>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, letter: None }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}
