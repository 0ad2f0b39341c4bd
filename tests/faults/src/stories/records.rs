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
    lane::{Ask, Lane},
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
/// How often everything is taken along: each so many rounds.
const EXPORT_EACH: usize = 5;

pub(super) async fn go_on(lane: Lane) {
    let mut round = 0;
    while !lane.is_over() {
        report(&lane).await;
        let list = LISTS[round % LISTS.len()];
        let told = lane.insist(&Ask::new(Method::GET, list, &lane.ours().owner)).await;
        if told.answer.is_some() && told.status() != 200 {
            lane.unexpected(list, &told);
        }
        if round % EXPORT_EACH == 0 {
            export(&lane).await;
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

async fn report(lane: &Lane) {
    let targets = [(); 3].map(|()| format!("a{:x}", random() as u64));
    let events = targets.each_ref().map(|target| {
        json!({
            "id": event_id(), "occurred_at": "2026-03-01T08:59:59Z", "actor": {"type": "user", "id": lane.ours().owner_id},
            "action": "agent.created", "target": {"type": "agent", "id": target}, "outcome": "success",
        })
    });
    let body = json!({"events": events});
    let told = lane.insist(&Ask::with(Method::POST, "/v1/audit/events", &lane.ours().platform, body)).await;
    if told.status() == 200 {
        for target in &targets {
            lane.acknowledged(&told, "agent.created", target);
        }
    } else {
        lane.unexpected("a report", &told);
    }
}

async fn export(lane: &Lane) {
    let ask = Ask::new(Method::GET, "/v1/organization/export", &lane.ours().owner);
    let told = proved(lane, &ask).await;
    match told.status() {
        // One that was cut off says so by what it lacks.
        200 => {
            let text = told.answer.as_ref().map_or("", |answer| answer.text.as_str());
            let last = text.trim_end().lines().next_back().unwrap_or_default();
            if last.contains(r#""type":"end""#) && !text.contains(&lane.ours().id) {
                lane.stage.journal.wrong(Wrong::Lost, "an export does not name its organization".to_owned());
            }
        }
        // One of each organization at a time; one that nobody reads any more takes a moment to notice.
        0 | 403 | 429 | 503 => {}
        _ => lane.unexpected("an export", &told),
    }
}
