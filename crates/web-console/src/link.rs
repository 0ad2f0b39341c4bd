//! The link in a mail.

use serde::Deserialize;

/// What a link in a mail brings along.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    pub(crate) token: String,
}
