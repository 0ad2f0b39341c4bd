//! What a page says first: what came of the form that led to it. It waits in a cookie that nobody but us can make or read, for the one page.

use serde::{Deserialize, Serialize};

/// What a page says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// In the language of whoever reads it.
    pub(crate) text: String,
    /// Whether something was done, or is to be minded.
    pub(crate) done: bool,
}

impl Notice {
    /// Something was done.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), done: true }
    }

    /// Something is to be minded.
    pub(crate) fn mind(text: impl Into<String>) -> Self {
        Self { text: text.into(), done: false }
    }
}
