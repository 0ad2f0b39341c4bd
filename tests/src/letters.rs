//! What mails say, as tests read it.

use serde_json::Value;

/// The text of a mail in one line: where its lines end says nothing.
///
/// # Panics
/// When it has no text.
pub fn one_line(mail: &Value) -> String {
    mail["text"].as_str().expect("a text").split_whitespace().collect::<Vec<_>>().join(" ")
}
