//! One event in its canonical form.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Commitment;

/// The version of the encoding, the leaf's member `v`.
pub const VERSION: u8 = 1;

/// One event, ready to be encoded. Every field becomes a member of the same name.
///
/// Fields stand in the order of their names, here and in what they hold: they are written as they stand, and keys must
/// be sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf<'a> {
    /// What was done or tried.
    pub action: &'a str,
    /// Who did it: `user`, `anonymous`, `operator` or `system`.
    pub actor: Reference<'a>,
    /// When it happened: RFC 3339 in UTC, with exactly six digits of a second.
    pub at: &'a str,
    /// What changed.
    pub changes: Vec<Change<'a>>,
    /// The event's id.
    pub id: &'a str,
    /// The log that the event belongs to: the organization's id, or `platform`.
    pub log: &'a str,
    /// `success` or `refused`.
    pub outcome: &'a str,
    /// What identifies a person, by field.
    pub personal: BTreeMap<&'a str, Commitment>,
    /// The id of the request it was done by.
    pub request_id: Option<&'a str>,
    /// The session it was done in.
    pub session: Option<&'a str>,
    /// On what.
    pub target: Reference<'a>,
    /// [`VERSION`].
    pub v: u8,
}

/// A kind of thing and, where it has one, its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference<'a> {
    /// The id.
    pub id: Option<&'a str>,
    /// The kind.
    pub kind: &'a str,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<'a> {
    /// What it is.
    pub after: Option<&'a str>,
    /// What it was.
    pub before: Option<&'a str>,
    /// Which value.
    pub field: &'a str,
}

impl Leaf<'_> {
    /// The canonical bytes.
    ///
    /// # Errors
    /// None in practice: strings, maps of strings and one number always serialize.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        // It writes what RFC 8785 asks for strings: the shortest escapes, and no others.
        serde_json::to_vec(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_version_one_are_fixed() {
        let leaf = Leaf {
            log: "org_01h455vb4pex5vsknk084sn02q",
            id: "evt_01h455vb4pex5vsknk084sn02r",
            at: "2026-01-02T03:04:05.678901Z",
            actor: Reference { kind: "user", id: Some("user_01h455vb4pex5vsknk084sn02s") },
            session: None,
            action: "member.role_changed",
            target: Reference { kind: "user", id: Some("user_01h455vb4pex5vsknk084sn02t") },
            outcome: "success",
            request_id: Some("a\"\n\u{7}\u{e9}"),
            changes: vec![Change { field: "role", before: Some("member"), after: Some("admin") }],
            personal: [("ip", Commitment::to("ip", "192.0.2.7", &[7; 16]))].into(),
            v: VERSION,
        };
        let expected = concat!(
            r#"{"action":"member.role_changed","actor":{"id":"user_01h455vb4pex5vsknk084sn02s","kind":"user"},"#,
            r#""at":"2026-01-02T03:04:05.678901Z","changes":[{"after":"admin","before":"member","field":"role"}],"#,
            r#""id":"evt_01h455vb4pex5vsknk084sn02r","log":"org_01h455vb4pex5vsknk084sn02q","outcome":"success","#,
            r#""personal":{"ip":"PROMISE"},"request_id":"a\"\n\u0007é","session":null,"#,
            r#""target":{"id":"user_01h455vb4pex5vsknk084sn02t","kind":"user"},"v":1}"#,
        );
        let promise = serde_json::to_string(&leaf.personal["ip"]).expect("a string");
        assert_eq!(
            String::from_utf8(leaf.encode().expect("a leaf")).expect("UTF-8"),
            expected.replace("\"PROMISE\"", &promise)
        );
    }
}
