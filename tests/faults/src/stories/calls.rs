//! Calls are written down, escalated, claimed and resolved; their sound is kept, played and deleted.

use reqwest::Method;
use rollcall_tests::random;
use serde_json::json;

use crate::{
    journal::Wrong,
    lane::{Ask, Lane, pick},
};

/// The length of a recording.
const SOUND: usize = 1_300_000;

pub(super) async fn go_on(lane: Lane) {
    while !lane.is_over() {
        call(&lane).await;
    }
}

async fn call(lane: &Lane) -> Option<()> {
    let (platform, agent) = (&lane.ours().platform, &lane.ours().agent);
    let external_id = format!("c{:x}", random() as u64);
    let body = json!({
        "external_id": external_id, "direction": "inbound", "started_at": "2026-03-01T08:00:00Z",
        "from": "+14155550100", "to": "+14155550199",
    });
    let told = lane.insist(&Ask::with(Method::POST, "/v1/calls", platform, body).keyed()).await;
    if ![200, 201].contains(&told.status()) {
        lane.unexpected("a call", &told);
        return None;
    }
    let id = told.text("/id");
    lane.acknowledged(&told, "call.created", &id);
    lane.stage.journal.named(&external_id);
    let path = format!("/v1/calls/{id}");

    let body = json!({"segments": [{"speaker": "caller", "start_ms": 0, "end_ms": 900, "text": "Hello?"}]});
    // A transcript takes the place of the one before, and no key keeps it from doing so twice.
    let ask = Ask::with(Method::POST, format!("{path}/transcript"), platform, body);
    lane.repeat("transcript.stored", &id, &ask, &[200, 201]).await?;

    let body = json!({"reason": "Asks for a human", "priority": pick(10)});
    let ask = Ask::with(Method::POST, format!("{path}/escalations"), platform, body).keyed();
    let told = lane.insist(&ask).await;
    if ![200, 201].contains(&told.status()) {
        lane.unexpected("an escalation", &told);
        return None;
    }
    let escalation = told.text("/id");
    lane.acknowledged(&told, "escalation.created", &escalation);
    take(lane, agent, &escalation).await;

    if pick(4) == 0 {
        record(lane, &path).await;
    }
    let body = json!({"ended_at": "2026-03-01T08:05:00Z"});
    let ask = Ask::with(Method::PATCH, &path, platform, body);
    lane.change("call.updated", &id, &ask, &[200], &[]).await?;
    Some(())
}

/// The agent takes a call, and ends it.
async fn take(lane: &Lane, agent: &str, escalation: &str) -> Option<()> {
    let path = format!("/v1/escalations/{escalation}");
    let here = Ask::with(Method::PUT, "/v1/availability/me", agent, json!({"status": "available"}));
    lane.insist(&Ask::new(Method::POST, "/v1/availability/me/heartbeat", agent)).await;
    let ask = Ask::new(Method::POST, format!("{path}/claim"), agent).keyed();
    let mut told = lane.insist(&ask).await;
    // Whoever has not been heard of for a while is offline.
    if told.code() == "not_available" {
        lane.insist(&here).await;
        told = lane.insist(&ask).await;
    }
    if told.status() != 200 {
        // Taken, with an answer that was lost: the lease runs out, and the call goes back.
        if !told.unsure {
            lane.unexpected("a claim", &told);
        }
        return None;
    }
    lane.acknowledged(&told, "escalation.claimed", escalation);
    let body = json!({"lease_token": told.text("/lease/token")});
    let ask = Ask::with(Method::POST, format!("{path}/resolve"), agent, body).keyed();
    let told = lane.insist(&ask).await;
    match (told.status(), told.code()) {
        (200, _) => {}
        // It was done, and its answer was lost; or it took so long that the lease was over.
        (409, "lease_lost") => return None,
        _ => {
            lane.unexpected("a resolution", &told);
            return None;
        }
    }
    lane.acknowledged(&told, "escalation.resolved", escalation);
    let shown = lane.insist(&Ask::new(Method::GET, path, agent)).await;
    if shown.answer.is_some() && shown.text("/status") != "resolved" {
        let why = format!("{escalation} was resolved, and is {:?}", shown.text("/status"));
        lane.stage.journal.wrong(Wrong::Lost, why);
    }
    Some(())
}

/// The sound of a call is kept, comes back as it was, and is deleted.
async fn record(lane: &Lane, call: &str) -> Option<()> {
    let sound = sound();
    let path = format!("{call}/recording");
    let put = Ask { sound: Some(sound.clone()), ..Ask::new(Method::PUT, &path, &lane.ours().platform) };
    let told = lane.insist(&put).await;
    match told.status() {
        200 | 201 => {}
        // What an attempt before has left is there, or still coming in.
        409 if told.unsure => return None,
        _ => {
            lane.unexpected("a recording", &told);
            return None;
        }
    }
    let recording = told.text("/id");
    lane.acknowledged(&told, "recording.uploaded", &recording);
    let owner = &lane.ours().owner;
    let node = &lane.stage.nodes[pick(lane.stage.nodes.len())];
    let played = async { node.request(Method::GET, &path, Some(owner.as_str())).send().await?.bytes().await };
    // An answer that is no sound is a refusal in a moment of need, and says so by its length.
    if let Ok(bytes) = played.await
        && bytes.len() == sound.len()
        && bytes != sound
    {
        lane.stage.journal.wrong(Wrong::Lost, format!("the sound of {recording} is not what was uploaded"));
    }
    let ask = Ask::new(Method::DELETE, &path, owner);
    lane.change("recording.deleted", &recording, &ask, &[204], &[404]).await?;
    Some(())
}

/// Sound that is no other's.
fn sound() -> Vec<u8> {
    let mut sound = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff".to_vec();
    let mut state = random() as u64 | 1;
    while sound.len() < SOUND {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sound.extend_from_slice(&state.to_le_bytes());
    }
    sound
}
