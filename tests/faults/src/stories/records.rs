//! Services report to the audit log, and the Owner reads everything there is, and takes it along.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use rollcall_domain::EventId;
use rollcall_tests::random;
use serde_json::json;
use uuid::Uuid;

use super::keys::proved;
use crate::{
    journal::Wrong,
    lane::{Ask, Lane, Told},
};

/// What is read, again and again.
const LISTS: [&str; 9] = [
    "/v1/audit/events?limit=100",
    "/v1/members?limit=100",
    "/v1/invitations?limit=100",
    "/v1/api-keys?limit=100",
    "/v1/calls?limit=100",
    "/v1/escalations?limit=100",
    "/v1/availability",
    "/v1/organization",
    "/v1/escalations/webhook",
];
/// How many events are reported at once.
const REPORTED: u64 = 3;
/// How often everything is taken along: each so many rounds. The audit log is in between.
const EXPORT_EACH: usize = 5;

pub(super) async fn go_on(lane: Lane) {
    let (mut round, mut signed) = (0, 0);
    while !lane.is_over() {
        let reported = report(&lane).await;
        signed = checkpoint(&lane, if reported { signed + REPORTED } else { signed }).await.unwrap_or(signed);
        let list = LISTS[round % LISTS.len()];
        let told = lane.insist(&Ask::new(Method::GET, list, &lane.ours().owner)).await;
        if told.answer.is_some() && told.status() != 200 {
            lane.unexpected(list, &told);
        }
        if round % EXPORT_EACH == 0 {
            export(&lane, "/v1/organization/export").await;
        } else if round % EXPORT_EACH == EXPORT_EACH / 2 {
            export(&lane, "/v1/audit/export").await;
        }
        round += 1;
    }
}

/// An id as services make them: a UUID of version 7 (RFC 9562 section 5.7).
fn event_id() -> EventId {
    #[expect(clippy::disallowed_methods, reason = "a service beside Rollcall has a clock of its own")]
    let now = SystemTime::now();
    let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let chance = random() & 0x0fff_3fff_ffff_ffff_ffff;
    EventId::from_uuid(Uuid::from_u128(milliseconds << 80 | 0x7000_8000_0000_0000_0000 | chance))
}

/// Reports some events; gives back whether that was acknowledged.
async fn report(lane: &Lane) -> bool {
    let targets: Vec<_> = (0..REPORTED).map(|_| format!("a{:x}", random() as u64)).collect();
    let event = |target: &String| {
        json!({
            "id": event_id(), "occurred_at": "2026-03-01T08:59:59Z", "actor": {"type": "user", "id": lane.ours().owner_id},
            "action": "agent.created", "target": {"type": "agent", "id": target}, "outcome": "success",
        })
    };
    let events: Vec<_> = targets.iter().map(event).collect();
    let body = json!({"events": events});
    let told = lane.insist(&Ask::with(Method::POST, "/v1/audit/events", &lane.ours().platform, body)).await;
    if told.status() == 200 {
        for target in &targets {
            lane.acknowledged(&told, "agent.created", target);
        }
    } else {
        lane.unexpected("a report", &told);
    }
    told.status() == 200
}

/// Asks for a checkpoint of the log, which must be about so many events at the least: everything that was committed before is in it.
/// Gives back of how many it is.
async fn checkpoint(lane: &Lane, least: u64) -> Option<u64> {
    let told = lane.insist(&Ask::new(Method::GET, "/v1/audit/checkpoint", &lane.ours().owner)).await;
    let answer = told.answer.as_ref()?;
    let size = size(&told).filter(|_| answer.status == 200);
    if size.is_none() {
        lane.unexpected("a checkpoint", &told);
    }
    let size = size?;
    lane.stage.journal.signed(&answer.text);
    if size < least {
        let why = format!("a checkpoint is of {size} events, and {least} were acknowledged");
        lane.stage.journal.wrong(Wrong::Lost, why);
    }
    Some(size)
}

/// The second line of a checkpoint (c2sp.org/tlog-checkpoint).
fn size(told: &Told) -> Option<u64> {
    told.answer.as_ref()?.text.lines().nth(1)?.parse().ok()
}

async fn export(lane: &Lane, path: &str) {
    let ask = Ask::new(Method::GET, path, &lane.ours().owner);
    let told = proved(lane, &ask).await;
    match told.status() {
        // One that was cut off says so by what it lacks.
        200 => {
            let text = told.answer.as_ref().map_or("", |answer| answer.text.as_str());
            let last = text.trim_end().lines().next_back().unwrap_or_default();
            if last.contains(r#""type":"end""#) && !text.contains(&lane.ours().id) {
                lane.stage.journal.wrong(Wrong::Lost, format!("{path} does not name its organization"));
            }
        }
        // One of each organization at a time; one that nobody reads any more takes a moment to notice.
        0 | 403 | 503 => {}
        409 if told.code() == "export_running" => {}
        _ => lane.unexpected(path, &told),
    }
}
