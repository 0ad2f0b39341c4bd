//! What the browser holds against a page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Profile, wire::Wire};

impl Profile {
    /// Fails if the browser has anything to say against the pages since it was asked last: something that their policy forbids, an error
    /// of a script, a part that did not come. Everything that opens, clicks or waits asks.
    pub async fn no_complaints(&self) {
        if let Ok(url) = self.wire.get("/url").await {
            self.visited.borrow_mut().extend(url.as_str().map(str::to_owned));
        }
        let (visited, forgiven) = (self.visited.borrow().clone(), self.forgiven.borrow().clone());
        let complaints = read(&self.wire, &visited, &forgiven).await;
        assert!(
            complaints.is_empty(),
            "the page complains:\n{}\n{}",
            complaints.join("\n"),
            self.report().await
        );
    }

    /// Expects a complaint with these words from now on: a test that makes something fail on purpose says so.
    pub fn forgive(&self, words: &str) {
        self.forgiven.borrow_mut().push(words.to_owned());
    }
}

/// What the browser has logged since it was asked last, as far as it is a complaint.
pub(crate) async fn read(wire: &Wire, visited: &BTreeSet<String>, forgiven: &[String]) -> Vec<String> {
    let log = wire.post("/se/log", json!({"type": "browser"})).await.unwrap_or_default();
    let entries = log.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| complaint(entry, visited))
        .filter(|message| !forgiven.iter().any(|words| message.contains(words)))
        .collect()
}

fn complaint(entry: &Value, visited: &BTreeSet<String>) -> Option<String> {
    let message = entry["message"].as_str()?;
    if entry["level"] != "SEVERE" {
        return None;
    }
    // A page that says what is wrong has a status that says so too.
    let of = message.split(' ').next()?;
    if entry["source"] == "network" && visited.contains(of) {
        return None;
    }
    Some(message.to_owned())
}
