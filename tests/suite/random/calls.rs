//! Calls and what was said in them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    run::{Run, row, same, there},
    world::{Call, NOT_FOUND, Want, Who},
};

const NOTHING: &str = "call_01h455vb4pex5vsknk084sn02q";
const FIELDS: [&str; 4] = ["/id", "/external_id", "/ended_at", "/to"];
const END: &str = "2026-03-01T08:05:00Z";

fn shown(call: &Call) -> Value {
    json!([call.id, call.made_as["external_id"], call.ended.then_some(END), call.to])
}

/// A call's id for a path, and its place in the organization's list.
pub(super) fn some_call(run: &mut Run, who: Who) -> (String, Option<usize>) {
    run.id_in(who, |home| home.calls.iter().map(|call| call.id.clone()).collect(), NOTHING)
}

/// Writes one down: a new one, one that was written down before, or another under its name.
pub(super) async fn create(run: &mut Run, who: Who) {
    let home = run.world.home(who).unwrap_or(0);
    let external_id = match run.dice.below(10) {
        // Organizations can call theirs the same.
        0..=1 => format!("shared {}", run.dice.below(4)),
        2 => {
            let known: Vec<Value> =
                run.world.organizations[home].calls.iter().map(|c| c.made_as.clone()).collect();
            let known = run.dice.any_of(&known);
            known.map_or("shared 0".to_owned(), |call| call["external_id"].as_str().unwrap().to_owned())
        }
        _ => format!("CA {}", run.name(home)),
    };
    let direction = run.dice.one_of(&["inbound", "inbound", "inbound", "outbound"]);
    let body = json!({
        "external_id": external_id, "direction": direction, "started_at": "2026-03-01T08:00:00Z",
        "to": "+14155550199",
    });
    let known = run.world.organizations[home].calls.iter();
    let known = known.filter(|call| call.made_as["external_id"] == external_id);
    let wanted = match (run.world.refuses(who, "calls:write"), known.map(|call| call.made_as == body).next())
    {
        (Some(refusal), _) => refusal,
        (None, None) => Want::Status(201),
        (None, Some(true)) => Want::Status(200),
        (None, Some(false)) => Want::Problem(409, "call_exists"),
    };
    let answer = run.ask(who, Method::POST, "/v1/calls", Some(body.clone()), &[wanted]).await;
    if answer.status == 201 {
        let id = answer.text_at("/id").to_owned();
        let call = Call { id, made_as: body, to: "+14155550199".to_owned(), ended: false, transcript: None };
        assert_eq!(row(&answer.body, &FIELDS), shown(&call));
        let here = &mut run.world.organizations[home];
        here.calls.push(call);
        here.acted("call.created");
    }
}

/// The list, or the one with a name.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "calls:read") {
        run.ask(who, Method::GET, "/v1/calls", None, &[refusal]).await;
        return;
    }
    let name = run.dice.chance(30).then(|| run.dice.below(4));
    let query = name.map(|name| format!("&external_id=shared%20{name}")).unwrap_or_default();
    let found = run.list(who, "/v1/calls", &query, &FIELDS).await;
    let here = &run.world.organizations[run.world.home(who).unwrap()];
    let name = name.map(|name| format!("shared {name}"));
    let calls = here
        .calls
        .iter()
        .filter(|call| name.as_ref().is_none_or(|name| call.made_as["external_id"] == **name));
    same(found, calls.map(shown).collect());
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let refusal = run.world.refuses(who, "calls:read");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/calls/{id}"), None, &wanted).await;
    if let (Some(at), 200) = (at, answer.status.as_u16()) {
        let here = &run.world.organizations[run.world.home(who).unwrap()];
        assert_eq!(row(&answer.body, &FIELDS), shown(&here.calls[at]));
    }
}

/// Completes one: its other end, or its end.
pub(super) async fn update(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let (ends, to) = (run.dice.chance(30), format!("+1415555{:04}", run.dice.below(9_000)));
    let refusal = run.world.refuses(who, "calls:write");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 200), |refusal| vec![refusal]);
    let body = if ends { json!({"ended_at": END}) } else { json!({"to": to}) };
    let answer = run.ask(who, Method::PATCH, &format!("/v1/calls/{id}"), Some(body), &wanted).await;
    let (Some(at), 200) = (at, answer.status.as_u16()) else { return };
    let home = run.world.home(who).unwrap();
    let here = &mut run.world.organizations[home];
    let call = &mut here.calls[at];
    let before = (call.ended, call.to.clone());
    if ends {
        call.ended = true;
    } else {
        call.to = to;
    }
    assert_eq!(row(&answer.body, &FIELDS), shown(call));
    let changed = before != (call.ended, call.to.clone());
    if changed {
        here.acted("call.updated");
    }
    if ends {
        // Nobody waits in a call that is over.
        for one in here.escalations.iter_mut().filter(|one| one.call == id && one.status == "waiting") {
            one.status = "abandoned";
        }
    }
}

/// Stores what was said.
pub(super) async fn store_transcript(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let home = run.world.home(who).unwrap_or(0);
    let text = format!("said {}", run.name(home));
    let before = at.is_some_and(|at| run.world.organizations[home].calls[at].transcript.is_some());
    let refusal = run.world.refuses(who, "calls:write");
    let status = if before { 200 } else { 201 };
    let wanted = refusal.map_or_else(|| there(at.is_some(), status), |refusal| vec![refusal]);
    let segments = json!([{"speaker": "caller", "start_ms": 0, "end_ms": 900, "text": text}]);
    let path = format!("/v1/calls/{id}/transcript");
    let answer = run.ask(who, Method::POST, &path, Some(json!({"segments": segments})), &wanted).await;
    if let (Some(at), 200 | 201) = (at, answer.status.as_u16()) {
        let here = &mut run.world.organizations[home];
        here.calls[at].transcript = Some(text);
        here.acted("transcript.stored");
    }
}

/// Reads it.
pub(super) async fn show_transcript(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let here = run.world.home(who).map(|home| &run.world.organizations[home]);
    let text = at.zip(here).and_then(|(at, here)| here.calls[at].transcript.clone());
    let refusal = run.world.refuses(who, "calls:read");
    let wanted = match refusal {
        Some(refusal) => refusal,
        None if text.is_some() => Want::Status(200),
        None => NOT_FOUND,
    };
    let answer = run.ask(who, Method::GET, &format!("/v1/calls/{id}/transcript"), None, &[wanted]).await;
    if answer.status == 200 {
        assert_eq!(
            (&answer.body["call_id"], &answer.body["segments"][0]["text"]),
            (&json!(id), &json!(text))
        );
    }
}

/// A grant to listen to a call, or to speak in it.
pub(super) async fn grant_live(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let (mode, permission) = run.dice.one_of(&[
        ("monitor", "live_space:monitor"),
        ("whisper", "live_space:whisper"),
        ("barge", "live_space:barge"),
    ]);
    let home = run.world.home(who);
    let wanted = match (run.world.refuses(who, permission), home.zip(at)) {
        // Whoever may not even listen can be told that, whatever else they ask for.
        (Some(Want::Denied(_)), _) if !run.world.holds(who, "live_space:monitor") => {
            vec![Want::Denied(permission), Want::Denied("live_space:monitor")]
        }
        (Some(refusal), _) => vec![refusal],
        (None, None) => vec![NOT_FOUND],
        (None, Some((home, at))) if run.world.organizations[home].calls[at].ended => {
            vec![Want::Problem(409, "call_ended")]
        }
        (None, Some(_)) => vec![Want::Status(201)],
    };
    let (path, body) = (format!("/v1/calls/{id}/live-grants"), json!({"mode": mode}));
    let answer = run.ask(who, Method::POST, &path, Some(body), &wanted).await;
    if answer.status == 201 {
        assert_eq!(row(&answer.body, &["/mode", "/media_key"]), json!([mode, null]));
    }
}

/// What calls have only with a control that nobody has switched on.
pub(super) async fn look_for_more(run: &mut Run, who: Who) {
    let (id, at) = some_call(run, who);
    let off = |code| Want::Problem(409, code);
    let (method, what, permission, when_off) = run.dice.one_of(&[
        (Method::GET, "recording", "recordings:read", off("call_recording_disabled")),
        (Method::DELETE, "recording", "recordings:delete", off("call_recording_disabled")),
        (Method::POST, "media-keys", "media_keys:issue", off("end_to_end_encryption_disabled")),
    ]);
    let wanted = match (run.world.refuses(who, permission), at) {
        (Some(refusal), _) => vec![refusal],
        (None, None) => vec![NOT_FOUND],
        // There is no recording, as there can be none.
        (None, Some(_)) => vec![when_off, NOT_FOUND],
    };
    let body = (method == Method::POST).then(|| json!({}));
    run.ask(who, method, &format!("/v1/calls/{id}/{what}"), body, &wanted).await;
}
