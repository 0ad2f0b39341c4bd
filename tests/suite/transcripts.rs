//! What was said in calls: stored as it came, or masked before anything is stored.

use reqwest::{Method, header::CONTENT_TYPE};
use rollcall_tests::{Answer, Caller, Service, Team, word};
use serde_json::{Value, json};

use crate::{calls, media_keys::switch_on, recordings::events};

pub(crate) fn path(call: &str) -> String {
    format!("/v1/calls/{call}/transcript")
}

fn segment(speaker: &str, start_ms: u64, text: &str) -> Value {
    json!({"speaker": speaker, "start_ms": start_ms, "end_ms": start_ms + 900, "text": text})
}

/// Stores one line of a caller as the transcript of a call.
pub(crate) async fn store(caller: &Caller, call: &str, text: &str) -> Answer {
    caller.post(&path(call), json!({"segments": [segment("caller", 0, text)]})).await
}

async fn raw(caller: &Caller, call: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = caller.request(Method::POST, &path(call)).header(CONTENT_TYPE, "application/json");
    Answer::of(request.body(body)).await
}

#[tokio::test]
async fn a_transcript_is_stored_as_it_came_while_protection_is_off() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = calls::platform(&service, &team, &["calls:write", "calls:read"]).await;
    let call = calls::write(&platform, "CA1").await;
    platform.get(&path(&call)).await.problem(404, "not_found");
    let said = [
        segment("agent", 0, "hello\nthere 🙂"),
        segment("caller", 1000, "+1 415 555 0132"),
        segment("caller", 2000, ""),
    ];
    let stored = platform.post(&path(&call), json!({"segments": said})).await.expect(201);
    let expected = json!({
        "call_id": call, "segments": said, "redactions": null, "stored_at": "2026-03-01T09:00:00Z",
    });
    assert_eq!(stored.body, expected);
    let shown = team.caller("viewer").get(&path(&call)).await.expect(200);
    assert_eq!((&shown.body, shown.header("etag")), (&expected, stored.header("etag")));
    // Another takes its place, in the order in which it was spoken.
    let instead = [segment("b", 20, "second"), segment("a", 10, "first"), segment("c", 20, "third")];
    let instead = platform.post(&path(&call), json!({"segments": instead})).await.expect(200);
    let texts: Vec<_> =
        instead.list("segments").iter().map(|segment| segment["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
    assert_ne!(instead.header("etag"), stored.header("etag"));
    assert_eq!(platform.get(&path(&call)).await.expect(200).body, instead.body);
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(log.iter().filter(|(action, _)| action == "transcript.stored").count(), 2);
}

#[tokio::test]
async fn hipaa_164_312_b_whoever_reads_a_transcript_is_in_the_audit_log() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = calls::platform(&service, &team, &["calls:write", "calls:read"]).await;
    let call = calls::write(&platform, "CA1").await;
    store(&platform, &call, "hello").await.expect(201);
    let read = async || events(&service, "transcript.read").await;
    assert!(read().await.is_empty(), "who stores it knows it");
    let viewer = team.caller("viewer");
    // Again and again, in the console too, as somebody who has lost their place.
    for _ in 0..3 {
        viewer.get(&path(&call)).await.expect(200);
    }
    let tab = rollcall_tests::Tab::with_session(&service, viewer.token());
    assert!(tab.get(&format!("/calls/{call}")).await.expect(200).text.contains("hello"));
    let [first] = &read().await[..] else { panic!("{:?}", read().await) };
    let leaf = &first["leaf"];
    assert_eq!((&first["outcome"], &leaf["actor"]["id"]), (&json!("success"), &json!(team.id("viewer"))));
    assert_eq!(leaf["target"], json!({"kind": "call", "id": call}));
    assert_eq!(leaf["changes"], json!([{"field": "version", "before": null, "after": "1"}]));
    // Somebody else, another version, and the same a minute later are readings of their own.
    platform.get(&path(&call)).await.expect(200);
    assert_eq!(read().await.len(), 2);
    store(&platform, &call, "hello again").await.expect(200);
    viewer.get(&path(&call)).await.expect(200);
    assert_eq!(read().await.len(), 3);
    service.clock.advance(time::Duration::MINUTE);
    viewer.get(&path(&call)).await.expect(200);
    assert_eq!(read().await.len(), 4);
    team.caller("customer_support_agent").get(&path(&call)).await.problem(403, "permission_denied");
    let last = read().await.pop().unwrap();
    assert_eq!(
        (&last["outcome"], &last["leaf"]["actor"]["id"]),
        (&json!("refused"), &json!(team.id("customer_support_agent")))
    );
}

#[tokio::test]
async fn attack_30_with_protection_on_what_was_said_in_clear_is_nowhere() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = calls::platform(&service, &team, &["calls:write", "calls:read"]).await;
    let call = calls::write(&platform, "CA1").await;
    switch_on(&service, &team, "phi_protection").await;
    let said = json!({"segments": [
        segment("+1 415 555 0177", 0, "it's four one five five five five"),
        segment("agent", 1000, "mm-hm"),
        segment("+1 415 555 0177", 2000, "oh one three two, or zaphod.b@heartofgold.example"),
        segment("agent", 3000, "and the card, 4111 1111 1111 1111, order number 4155550188"),
    ]});
    // With a key, so that the answer is kept, too.
    let request = platform.request(Method::POST, &path(&call)).header("Idempotency-Key", "once").json(&said);
    let stored = Answer::of(request).await.expect(201);
    let texts: Vec<_> =
        stored.list("segments").iter().map(|segment| segment["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        ["it's [phone]", "mm-hm", "[phone], or [email]", "and the card, [card], order number 4155550188"]
    );
    assert_eq!(stored.body["segments"][0]["speaker"], "[phone]");
    assert_eq!(stored.body["redactions"], json!({"phone": 2, "email": 1, "card": 1}));
    assert_eq!(platform.get(&path(&call)).await.expect(200).body, stored.body);

    for text in ["four one five", "oh one three two", "zaphod", "heartofgold", "4111 1111", "555 0177"] {
        assert_eq!(service.database.tables_with(text).await, [""; 0], "{text}");
    }
    // So that the search would have found it.
    assert_eq!(service.database.tables_with("4155550188").await, ["transcripts"]);
    let receipts = service
        .database
        .rows("SELECT convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events WHERE action = 'transcript.stored'")
        .await;
    let change = |field: &str, after: &str| json!({"field": field, "before": null, "after": after});
    let expected =
        [("segments", "4"), ("phi_protection", "on"), ("phone", "2"), ("email", "1"), ("card", "1")];
    assert_eq!(receipts[0]["changes"], json!(expected.map(|(field, after)| change(field, after))));
    // What is wrong with it is told without what it says.
    let wrong = json!({"segments": [{"speaker": "a", "start_ms": 0, "end_ms": "415 555 0132", "text": ""}]});
    assert!(!platform.post(&path(&call), wrong).await.invalid("segments[0].end_ms").text.contains("0132"));
    // Off again, what comes after is stored as it comes, and what was masked stays so.
    let masked = platform.get(&path(&call)).await.expect(200).body;
    team.owner().patch("/v1/security", json!({"phi_protection": {"enabled": false}})).await.expect(200);
    assert_eq!(platform.get(&path(&call)).await.expect(200).body, masked);
    let other = calls::write(&platform, "CA2").await;
    assert_eq!(store(&platform, &other, "+1 415 555 0132").await.expect(201).body["redactions"], Value::Null);
}

#[tokio::test]
async fn attack_30_a_repeat_with_a_key_does_not_show_what_is_masked_since() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let platform = calls::platform(&service, &team, &["calls:write", "calls:read"]).await;
    let call = calls::write(&platform, "CA1").await;
    let said = json!({"segments": [segment("caller", 0, "call +1 415 555 0177")]});
    let send = || {
        let request = platform.request(Method::POST, &path(&call)).header("Idempotency-Key", "once");
        Answer::of(request.json(&said))
    };
    assert_eq!(send().await.expect(201).body["segments"][0]["text"], "call +1 415 555 0177");
    switch_on(&service, &team, "phi_protection").await;
    assert_eq!(send().await.expect(200).body["segments"][0]["text"], "call [phone]");
    assert_eq!(service.database.tables_with("555 0177").await, [""; 0]);
}

#[tokio::test]
async fn what_is_no_transcript_is_refused_and_nothing_of_it_is_stored() {
    let service = Service::start().await;
    let (owner, _) = service.sign_up(&Service::new_address("owner"), "Acme").await;
    let call = calls::write(&owner, "CA1").await;
    let good = segment("caller", 0, "hello");
    let mut cases = vec![
        (json!({}), "segments"),
        (json!({"segments": {}}), "segments"),
        (json!({"segments": [good, 1]}), "segments[1]"),
        (json!({"segments": [["a", 0, 1, "b"]]}), "segments[0]"),
        (json!({"segments": [], "redactions": null}), "redactions"),
    ];
    for (field, value, named) in [
        ("speaker", json!(""), "speaker"),
        ("speaker", json!(word(101)), "speaker"),
        ("start_ms", json!(-1), "start_ms"),
        ("start_ms", json!(1e30), "start_ms"),
        ("start_ms", json!(1_000_000), "end_ms"),
        ("start_ms", json!(0.0), "start_ms"),
        ("end_ms", json!(1.5), "end_ms"),
        ("end_ms", json!(u64::MAX), "end_ms"),
        ("text", json!(null), "text"),
        ("text", json!("a\u{0}b"), "text"),
        ("note", json!("x"), "note"),
    ] {
        let mut segment = good.clone();
        segment[field] = value;
        let named: &'static str = Box::leak(format!("segments[1].{named}").into_boxed_str());
        cases.push((json!({"segments": [good, segment]}), named));
    }
    for (body, named) in cases {
        owner.post(&path(&call), body).await.invalid(named);
    }
    raw(&owner, &call, b"{\"segments\": [{\"text\": \"\xff\xfe\"}]}".to_vec())
        .await
        .problem(400, "malformed_json");
    raw(&owner, &call, b"{\"segments\": [".to_vec()).await.problem(400, "malformed_json");
    let ten_million = format!(
        r#"{{"segments":[{{"speaker":"a","start_ms":0,"end_ms":1,"text":"{}"}}]}}"#,
        word(10_000_000)
    );
    raw(&owner, &call, ten_million.clone()).await.problem(413, "body_too_large");
    // In chunks, so that its length is not announced.
    let pieces: Vec<_> = ten_million
        .into_bytes()
        .chunks(65_536)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    raw(&owner, &call, chunked).await.problem(413, "body_too_large");
    owner.get(&path(&call)).await.problem(404, "not_found");
    // Another body is held to the general limit.
    owner
        .post("/v1/redactions/preview", json!({"text": word(2_000_000)}))
        .await
        .problem(413, "body_too_large");
}

#[tokio::test]
async fn millions_of_digits_are_masked_in_the_time_that_a_request_has() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, "phi_protection").await;
    let call = calls::write(team.owner(), "CA1").await;
    let digits: String = (0..3_900_000_u32)
        .map(|n| char::from(b'0' + (n.wrapping_mul(2_654_435_761) >> 28) as u8 % 10))
        .collect();
    // Whatever takes longer than a request has is answered 503.
    store(team.owner(), &call, &digits).await.expect(201);
    let many: Vec<Value> = (0..20_000)
        .map(|n| segment("caller", n * 1000, "four one five five five five oh one three two"))
        .collect();
    let stored = team.owner().post(&path(&call), json!({"segments": many})).await.expect(200);
    assert!(stored.list("segments").iter().all(|segment| segment["text"] == "[phone]"));
}

#[tokio::test]
async fn a_preview_shows_what_would_be_masked_and_keeps_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let text = "🙂 call me at four one five, five five five, oh one three two; ada@lovelace.example";
    let request = team.caller("viewer").request(Method::POST, "/v1/redactions/preview");
    let preview =
        Answer::of(request.header("Idempotency-Key", "once").json(&json!({"text": text}))).await.expect(200);
    assert_eq!(preview.text_at("/text"), "🙂 call me at [phone]; [email]");
    let scalars: Vec<char> = text.chars().collect();
    let found: Vec<(String, String)> = preview
        .list("findings")
        .iter()
        .map(|finding| {
            let place = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
            let inside = scalars[place("start")..place("end")].iter().collect();
            (finding["kind"].as_str().unwrap().to_owned(), inside)
        })
        .collect();
    let expected =
        [("phone", "four one five, five five five, oh one three two"), ("email", "ada@lovelace.example")];
    assert_eq!(found, expected.map(|(kind, text)| (kind.to_owned(), text.to_owned())));
    for text in ["lovelace", "oh one three"] {
        assert_eq!(service.database.tables_with(text).await, [""; 0], "{text}");
    }
    team.caller("customer_support_agent")
        .post("/v1/redactions/preview", json!({"text": ""}))
        .await
        .problem(403, "permission_denied");
    team.owner().post("/v1/redactions/preview", json!({"text": 1})).await.invalid("text");
    let longest = "4".repeat(64 << 10);
    team.owner().post("/v1/redactions/preview", json!({"text": longest})).await.expect(200);
    team.owner().post("/v1/redactions/preview", json!({"text": longest + "4"})).await.invalid("text");
}
