//! What a browser has spoken to.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// What a browser has spoken to in its time, or has wanted to.
#[derive(Debug)]
pub struct NetLog {
    /// The hosts that it has looked up.
    pub hosts: BTreeSet<String>,
    /// The addresses that it has made connections to, or has tried.
    pub connections: BTreeSet<String>,
}

impl NetLog {
    /// Reads what Chromium has written with `--log-net-log`.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let log: Value = serde_json::from_str(&text).expect("a log that was written to its end");
        let types = &log["constants"]["logEventTypes"];
        let of = |name: &str, parameter: &str| -> BTreeSet<String> {
            let kind = &types[name];
            assert!(kind.is_number(), "the log knows no {name}");
            let events = log["events"].as_array().unwrap().iter().filter(|event| event["type"] == *kind);
            events.filter_map(|event| event["params"][parameter].as_str().map(str::to_owned)).collect()
        };
        Self {
            hosts: of("HOST_RESOLVER_MANAGER_REQUEST", "host"),
            connections: of("TCP_CONNECT_ATTEMPT", "address"),
        }
    }
}
