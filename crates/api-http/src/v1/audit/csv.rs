//! The audit log as a table for spreadsheets (RFC 4180).

use std::{borrow::Cow, collections::BTreeMap};

use csv::{Terminator, Writer, WriterBuilder};
use rollcall_application::audit::{ExportEntry, LogExportPart, LoggedEvent};
use serde_json::value::RawValue;
use time::format_description::well_known::Rfc3339;

use super::object::ChangeObject;

/// The columns.
const COLUMNS: [&str; 15] = [
    "index",
    "id",
    "occurred_at",
    "actor_kind",
    "actor_id",
    "session",
    "ip",
    "user_agent",
    "action",
    "target_kind",
    "target_id",
    "outcome",
    "request_id",
    "changes",
    "personal",
];
/// What stands where something was erased,
const ERASED: &str = "[erased]";
/// and as the action of an event that is gone.
const GONE: &str = "[gone]";

/// A part of a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("a row is not finished: {0}")]
    Unfinished(String),
}

/// The rows of a part of an export, each with its end: the columns' names first, then an event each.
pub(super) fn rows(part: &LogExportPart) -> Result<Vec<u8>, Unwritable> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    match part {
        LogExportPart::Begin(_) => writer.write_record(COLUMNS)?,
        LogExportPart::Events(entries) => {
            for entry in entries {
                match entry {
                    ExportEntry::Event { index, leaf, personal, .. } => {
                        let personal = personal.iter();
                        let personal = personal.filter_map(|(field, opened)| {
                            Some((field.clone(), opened.as_ref()?.value.clone()))
                        });
                        row(&mut writer, *index, leaf.as_deref(), personal.collect())?;
                    }
                    ExportEntry::Checkpoint(_) => {}
                }
            }
        }
        LogExportPart::End(_) => {}
    }
    writer.into_inner().map_err(|error| Unwritable::Unfinished(error.to_string()))
}

fn row(
    writer: &mut Writer<Vec<u8>>,
    index: u64,
    leaf: Option<&RawValue>,
    personal: BTreeMap<String, String>,
) -> Result<(), Unwritable> {
    let event = leaf.and_then(|leaf| LoggedEvent::read(index, leaf.get().as_bytes(), personal).ok());
    let index = index.to_string();
    let Some(event) = event else {
        let cells = COLUMNS.map(|column| match column {
            "index" => index.as_str(),
            "action" => GONE,
            _ => "",
        });
        return Ok(writer.write_record(cells)?);
    };
    let mut personal = event.personal;
    let mut own = |field: &str| match personal.remove(field) {
        Some(value) => value.unwrap_or_else(|| ERASED.to_owned()),
        None => String::new(),
    };
    let (ip, user_agent) = (own("ip"), own("user_agent"));
    let changes: Vec<ChangeObject> = event.changes.into_iter().map(ChangeObject::from).collect();
    let cells = [
        index,
        event.id.to_string(),
        event.occurred_at.format(&Rfc3339).unwrap_or_default(),
        event.actor_kind,
        event.actor_id.unwrap_or_default(),
        event.session.unwrap_or_default(),
        ip,
        user_agent,
        event.action,
        event.target_kind,
        event.target_id.unwrap_or_default(),
        event.outcome,
        event.request_id.unwrap_or_default(),
        serde_json::to_string(&changes)?,
        serde_json::to_string(&personal)?,
    ];
    Ok(writer.write_record(cells.iter().map(|cell| inert(cell).into_owned()))?)
}

/// A cell that no spreadsheet takes for a formula (attack 23, ASVS 1.2.10): one that begins like one has a quote before it.
pub(crate) fn inert(cell: &str) -> Cow<'_, str> {
    let begins = |character: char| {
        matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '\'')
            || character.is_control()
    };
    // White space before it is passed over by some of them, and so is what cannot be seen.
    let passed_over =
        |character: char| (character.is_whitespace() && !character.is_control()) || is_invisible(character);
    match cell.trim_start_matches(passed_over).chars().next() {
        Some(first) if begins(first) => Cow::Owned(format!("'{cell}")),
        _ => Cow::Borrowed(cell),
    }
}

/// Whether a character takes no room: marks of direction, joiners, the mark of the order of bytes.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_23_no_cell_begins_like_a_formula() {
        for cell in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "＝1",
            "'=1",
            "\u{feff}=1",
            "\u{200b}=1",
            "\u{a0}=1",
            "\u{202e} @1",
        ] {
            assert_eq!(inert(cell), format!("'{cell}"), "{cell:?}");
        }
        for cell in ["", "a=1", "192.0.2.7", "Grace", "{\"a\":\"=1\"}", "[]"] {
            assert_eq!(inert(cell), cell);
        }
    }

    #[test]
    fn attack_23_rows_are_read_back_as_they_were_however_wild_the_cells() {
        let wild = "=cmd|'/c calc'!A0\",\r\n\"x";
        let leaf = serde_json::json!({
            "action": "agent.renamed", "actor": {"kind": "user", "id": "user_01h455vb4pex5vsknk084sn02q"},
            "at": "2026-01-02T03:04:05.000678Z", "changes": [{"field": "name", "before": null, "after": wild}],
            "id": "evt_01h455vb4pex5vsknk084sn02q", "log": "platform", "outcome": "success",
            "personal": {"user_agent": "", "ip": "", "name": ""}, "request_id": null, "session": null,
            "target": {"kind": "agent", "id": wild}, "v": 1,
        });
        let leaf = RawValue::from_string(leaf.to_string()).expect("JSON");
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(COLUMNS).expect("a row");
        let personal = BTreeMap::from([("user_agent".to_owned(), wild.to_owned())]);
        row(&mut writer, 7, Some(&leaf), personal).expect("a row");
        row(&mut writer, 8, None, BTreeMap::new()).expect("a row");
        let text = writer.into_inner().expect("bytes");
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let rows: Vec<BTreeMap<String, String>> =
            reader.deserialize().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 2);
        let inert = format!("'{wild}");
        for (column, expected) in [
            ("index", "7"),
            ("occurred_at", "2026-01-02T03:04:05.000678Z"),
            ("user_agent", inert.as_str()),
            ("target_id", inert.as_str()),
            ("ip", ERASED),
            ("session", ""),
            ("personal", r#"{"name":null}"#),
        ] {
            assert_eq!(rows[0][column], expected, "{column}");
        }
        assert!(rows[0]["changes"].contains("\"after\":\"=cmd"), "{}", rows[0]["changes"]);
        assert_eq!((rows[1]["index"].as_str(), rows[1]["action"].as_str()), ("8", GONE));
    }
}
