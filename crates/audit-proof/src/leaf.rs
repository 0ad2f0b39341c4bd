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
    /// What was done or tried: words with dots between them, as `member.role_changed`.
    pub action: &'a str,
    /// Who did it: a `user` or an `api_key`, with their id, or `anonymous`, `operator` or `system`, which have none.
    pub actor: Reference<'a>,
    /// When it happened: RFC 3339 in UTC, with exactly six digits of a second.
    pub at: &'a str,
    /// What changed. Nothing in it identifies a person: it cannot be erased.
    pub changes: Vec<Change<'a>>,
    /// The event's id: `evt_…`.
    pub id: &'a str,
    /// The log that the event belongs to: the organization's id, or `platform`.
    pub log: &'a str,
    /// `success` or `refused`.
    pub outcome: &'a str,
    /// What identifies a person, by field.
    pub personal: BTreeMap<&'a str, Commitment>,
    /// The id of the request it was done by; none of what was done without one.
    pub request_id: Option<&'a str>,
    /// The session it was done in; none of what was done in no session.
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
    /// What it is; none where there is no value any more.
    pub after: Option<&'a str>,
    /// What it was; none where there was no value.
    pub before: Option<&'a str>,
    /// Which value.
    pub field: &'a str,
}

impl Leaf<'_> {
    /// The canonical bytes (RFC 8785), as long as every name in it is ASCII: others might be sorted otherwise.
    ///
    /// ```
    /// use rollcall_audit_proof::{Leaf, Reference, VERSION};
    ///
    /// let leaf = Leaf {
    ///     action: "session.created",
    ///     actor: Reference { id: None, kind: "anonymous" },
    ///     at: "2026-01-02T03:04:05.000000Z",
    ///     changes: Vec::new(),
    ///     id: "evt_01h455vb4pex5vsknk084sn02q",
    ///     log: "platform",
    ///     outcome: "refused",
    ///     personal: Default::default(),
    ///     request_id: None,
    ///     session: None,
    ///     target: Reference { id: None, kind: "nothing" },
    ///     v: VERSION,
    /// };
    /// assert!(leaf.encode()?.starts_with(br#"{"action":"session.created","actor":{"id":null,"kind":"anonymous"},"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
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
