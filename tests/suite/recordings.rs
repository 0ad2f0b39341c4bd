//! Recordings of calls: kept sealed, played by role and by ranges, and gone when they are deleted.

use std::path::{Path, PathBuf};

use reqwest::{Method, header::HeaderMap};
use rollcall_tests::{Answer, Binary, Caller, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::Duration;

use crate::calls::{platform, write};

/// Sound that is no other's.
pub(crate) fn wav(length: usize, seed: u64) -> Vec<u8> {
    let mut sound = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff".to_vec();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while sound.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sound.extend_from_slice(&state.to_le_bytes());
    }
    sound.truncate(length);
    sound
}

pub(crate) fn path(call: &str) -> String {
    format!("/v1/calls/{call}/recording")
}

/// Switches controls on, on a plan that has them.
pub(crate) async fn switch_on(service: &Service, team: &Team, controls: &[&str]) {
    service.set_plan(&team.organization, "enterprise").await;
    for control in controls {
        switch(team, control, true).await;
    }
}

pub(crate) async fn switch(team: &Team, control: &str, enabled: bool) {
    team.owner().patch("/v1/security", json!({control: {"enabled": enabled}})).await.expect(200);
}

/// A service, and a team that records its calls.
pub(crate) async fn recording() -> (Service, Team) {
    recording_with(&[]).await
}

pub(crate) async fn recording_with(values: &[(&str, &str)]) -> (Service, Team) {
    let service = Service::start_with(values).await;
    let team = Team::assemble(&service, "Acme").await;
    switch_on(&service, &team, &["call_recording"]).await;
    (service, team)
}

/// An Owner whose organization records calls, and how to write one down.
pub(crate) async fn owner_with_call(
    server: &Binary,
    database: &TestDatabase,
) -> (Caller, impl AsyncFn(&str) -> String + use<>) {
    let anonymous = server.anonymous();
    let signup = json!({"email": "owner@example.com", "name": "Grace", "organization_name": "Acme"});
    anonymous.post("/v1/signup", signup).await.expect(202);
    let link = until("the owner's link", async || {
        let mails = anonymous.get("/dev/mailbox.json").await;
        Some(mails.body["data"].get(0)?["links"][0].as_str()?.to_owned())
    })
    .await;
    let token = link.split("token=").nth(1).unwrap();
    let complete = json!({"token": token, "password": rollcall_tests::PASSWORD});
    let owner = anonymous.post("/v1/signup/complete", complete).await.expect(201);
    let owner = anonymous.with_token(owner.text_at("/session/token"));
    database.execute("UPDATE organizations SET plan = 'enterprise'").await;
    database
        .execute(
            "INSERT INTO security_controls (org_id, control, enabled, changed_at) SELECT org_id, 'call_recording', true, now() FROM organizations",
        )
        .await;
    let caller = owner.clone();
    let call = async move |external_id: &str| write(&caller, external_id).await;
    (owner, call)
}

pub(crate) async fn put(caller: &Caller, call: &str, sound: &[u8]) -> Answer {
    let request = caller.request(Method::PUT, &path(call)).header("Content-Type", "audio/wav");
    Answer::of(request.body(sound.to_vec())).await
}

/// A recording, or a part of it: status, headers and bytes.
pub(crate) async fn play(caller: &Caller, call: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let request = caller.request(Method::GET, &path(call));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // One that is cut off in the middle is none.
    (status, headers, response.bytes().await.map(Vec::from).unwrap_or_default())
}

/// The answer with a recording, of which the beginning has come.
pub(crate) async fn begin_to_play(caller: &Caller, path: &str) -> reqwest::Response {
    let mut playing = caller.request(Method::GET, path).send().await.unwrap();
    assert!(playing.status().is_success(), "{}", playing.status());
    playing.chunk().await.unwrap().expect("a beginning");
    playing
}

/// Whether what is left of it is not all there is.
pub(crate) async fn breaks_off(playing: reqwest::Response, length: usize) -> bool {
    heard_until_it_breaks_off(playing).await.is_some_and(|heard| heard < length)
}

/// How many bytes more come of it before it breaks off; none where it comes to its end.
pub(crate) async fn heard_until_it_breaks_off(mut playing: reqwest::Response) -> Option<usize> {
    let mut heard = 0;
    loop {
        match playing.chunk().await {
            Ok(Some(bytes)) => heard += bytes.len(),
            Ok(None) => return None,
            Err(_) => return Some(heard),
        }
    }
}

/// Everything in a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// Waits until nothing is left of any recording.
pub(crate) async fn nothing_left(directory: &Path) {
    until("nothing is left", async || files(directory).is_empty().then_some(())).await;
}

pub(crate) async fn events(service: &Service, action: &str) -> Vec<Value> {
    let query = format!(
        "SELECT convert_from(leaf, 'UTF8')::jsonb AS leaf, personal, outcome FROM audit_events WHERE action = '{action}' ORDER BY written"
    );
    service.database.rows(&query).await
}

#[tokio::test]
async fn a_recording_is_kept_sealed_and_comes_back_byte_for_byte_until_it_is_deleted() {
    let (service, team) = recording().await;
    let key = platform(&service, &team, &["calls:write", "recordings:read"]).await;
    let call = write(&key, "CA1").await;
    let sound = wav(2_500_000, 1);
    key.get(&path(&call)).await.problem(404, "not_found");
    let kept = put(&key, &call, &sound).await.expect(201);
    let id = kept.text_at("/id");
    assert!(id.starts_with("rec_"));
    let sha256 = kept.text_at("/sha256").to_owned();
    let expected = json!({"id": id, "call_id": call, "media_type": "audio/wav", "length": sound.len(), "sha256": sha256, "kept_at": "2026-03-01T09:00:00Z"});
    assert_eq!(kept.body, expected);
    // Nothing of it lies anywhere in clear.
    let segments = files(&service.recordings());
    assert_eq!(segments.len(), 3);
    for segment in &segments {
        let sealed = std::fs::read(segment).unwrap();
        assert!(!sealed.windows(16).any(|window| window == &sound[44..60] || window == &sound[..16]));
    }

    for (caller, why) in [(&key, "the key"), (team.owner(), "owner"), (team.caller("member"), "member")] {
        let (status, headers, bytes) = play(caller, &call, &[]).await;
        assert_eq!((status, bytes == sound), (200, true), "{why}");
        for (name, value) in [
            ("content-type", "audio/wav"),
            ("content-length", "2500000"),
            ("accept-ranges", "bytes"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("etag", format!("\"{id}\"").as_str()),
            ("content-disposition", format!("attachment; filename=\"{call}.wav\"").as_str()),
            ("repr-digest", kept.header("repr-digest")),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
    }
    let head = Answer::of(key.request(Method::HEAD, &path(&call))).await.expect(200);
    assert_eq!((head.header("content-length"), head.text.as_str()), ("2500000", ""));
    // A range means nothing to it.
    let head = key.request(Method::HEAD, &path(&call)).header("Range", "bytes=0-9");
    assert_eq!(Answer::of(head).await.expect(200).header("content-length"), "2500000");
    let known = key.request(Method::GET, &path(&call)).header("If-None-Match", format!("\"{id}\""));
    Answer::of(known).await.expect(304);

    // The same again is as good as the first time; another is refused.
    assert_eq!(put(&key, &call, &sound).await.expect(200).body, expected);
    put(&key, &call, &wav(2_500_000, 2)).await.problem(409, "recording_exists");
    assert_eq!(files(&service.recordings()), segments);

    team.caller("member").delete(&path(&call)).await.problem(403, "permission_denied");
    key.delete(&path(&call)).await.problem(403, "permission_denied");
    // The contract asks for no fresh proof here, and takes an access token.
    service.clock.advance(Duration::minutes(11));
    let token = team.caller("admin").post("/v1/tokens", json!({})).await.expect(201);
    let admin = service.anonymous().with_token(token.text_at("/access_token"));
    admin.delete(&path(&call)).await.expect(204);
    assert_eq!(files(&service.recordings()), Vec::<PathBuf>::new());
    admin.get(&path(&call)).await.problem(404, "not_found");
    admin.delete(&path(&call)).await.problem(404, "not_found");
    assert!(service.database.rows("SELECT 1 AS one FROM recordings").await.is_empty());

    for (action, count) in [("recording.uploaded", 1), ("recording.played", 3), ("recording.deleted", 1)] {
        let events = events(&service, action).await;
        let done: Vec<_> = events.iter().filter(|event| event["outcome"] == "success").collect();
        assert_eq!(done.len(), count, "{action}: {events:?}");
        assert!(done[0]["leaf"]["changes"].to_string().contains(&call));
    }
    let played = events(&service, "recording.played").await;
    let played = &played.iter().find(|event| event["outcome"] == "success").unwrap()["leaf"]["changes"];
    assert!(played.to_string().contains("0-2499999/2500000"), "{played}");
    let uploaded = &events(&service, "recording.uploaded").await[0]["leaf"]["changes"];
    assert!(uploaded.to_string().contains(&sha256), "{uploaded}");
}

#[tokio::test]
async fn any_range_is_what_the_plain_bytes_are_there() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(2 * 1_048_576 + 70_001, 3);
    let id = put(team.owner(), &call, &sound).await.expect(201).text_at("/id").to_owned();
    let length = sound.len();
    let edges = [0, 1, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, 2_097_152, length - 1];
    let mut state = 7usize;
    let mut number = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % length
    };
    let random: Vec<(usize, usize)> = (0..30).map(|_| (number(), number())).collect();
    let pairs = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).chain(random);
    for (first, last) in pairs.filter(|(first, last)| first <= last) {
        let (status, headers, bytes) =
            play(team.owner(), &call, &[("Range", &format!("bytes={first}-{last}"))]).await;
        assert_eq!(status, 206);
        assert_eq!(headers["content-range"], format!("bytes {first}-{last}/{length}"));
        assert!(bytes == sound[first..=last], "bytes {first}-{last}");
    }
    let (status, _, bytes) = play(team.owner(), &call, &[("Range", "bytes=-5")]).await;
    assert_eq!((status, bytes), (206, sound[length - 5..].to_vec()));
    let (status, headers, _) = play(team.owner(), &call, &[("Range", &format!("bytes={length}-"))]).await;
    assert_eq!((status, &headers["content-range"]), (416, &format!("bytes */{length}").parse().unwrap()));
    let tag = format!("\"{id}\"");
    for (version, expected) in [(tag.as_str(), 206), ("\"rec_other\"", 200)] {
        let (status, ..) = play(team.owner(), &call, &[("Range", "bytes=0-0"), ("If-Range", version)]).await;
        assert_eq!(status, expected);
    }
    let (status, _, bytes) = play(team.owner(), &call, &[("Range", "bytes=0-0,5-6")]).await;
    assert_eq!((status, bytes.len()), (200, length));
    drop(service);
}

#[tokio::test]
async fn while_call_recording_is_off_nothing_is_taken_and_what_was_kept_before_stays() {
    let (service, team) = recording().await;
    let (kept, other) = (write(team.owner(), "CA1").await, write(team.owner(), "CA2").await);
    let sound = wav(1000, 1);
    put(team.owner(), &kept, &sound).await.expect(201);
    switch(&team, "call_recording", false).await;
    put(team.owner(), &other, &sound).await.problem(409, "call_recording_disabled");
    team.owner().get(&path(&other)).await.problem(409, "call_recording_disabled");
    team.owner().delete(&path(&other)).await.problem(409, "call_recording_disabled");
    assert_eq!(files(&service.recordings()).len(), 1);
    assert_eq!(play(team.owner(), &kept, &[]).await.2, sound);
    team.owner().delete(&path(&kept)).await.expect(204);
    team.owner().get(&path(&kept)).await.problem(409, "call_recording_disabled");
    team.owner().get(&path("call_01h455vb4pex5vsknk084sn02q")).await.problem(404, "not_found");
}

#[tokio::test]
async fn attack_30_with_phi_protection_only_owners_and_admins_hear_it_and_their_reason_is_kept() {
    let (service, team) = recording().await;
    let key = platform(&service, &team, &["calls:write", "recordings:read"]).await;
    let call = write(&key, "CA1").await;
    let sound = wav(1000, 1);
    put(&key, &call, &sound).await.expect(201);
    switch(&team, "phi_protection", true).await;
    let asked = format!("{}?reason=complaint%204711%20of%20ada@lovelace.example", path(&call));
    for refused in [&key, team.caller("member")] {
        for path in [&asked, &path(&call)] {
            let refused = refused.get(path).await.problem(403, "permission_denied");
            assert_eq!(refused.text_at("/required_permission"), "recordings:read");
            assert!(refused.text_at("/detail").contains("PHI protection"));
        }
    }
    for role in ["owner", "admin"] {
        let caller = team.caller(role);
        caller.get(&path(&call)).await.invalid("reason");
        caller.get(&format!("{}?reason=", path(&call))).await.invalid("reason");
        let range = caller.request(Method::GET, &path(&call)).header("Range", "bytes=0-9");
        Answer::of(range).await.invalid("reason");
        let head = Answer::of(caller.request(Method::HEAD, &path(&call))).await;
        assert_eq!(head.status.as_u16(), 422);
        caller.get(&asked).await.expect(200);
    }
    let played = events(&service, "recording.played").await;
    let reasons: Vec<_> = played
        .iter()
        .filter(|event| event["outcome"] == "success")
        .map(|event| event["personal"].to_string())
        .collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().all(|personal| personal.contains("complaint 4711 of [email]")), "{reasons:?}");
    // Where it can be erased, and nowhere else.
    assert!(!played.iter().any(|event| event["leaf"].to_string().contains("complaint")), "{played:?}");
    assert!(played.iter().any(|event| event["outcome"] == "refused"));
    // Sound is not masked, and taking it in goes on.
    let other = write(&key, "CA2").await;
    put(&key, &other, &sound).await.expect(201);
}

#[tokio::test]
async fn attack_30_recordings_of_others_are_nowhere_whatever_is_asked() {
    let (service, ours) = recording().await;
    let theirs = Team::assemble(&service, "Theirs").await;
    switch_on(&service, &theirs, &["call_recording"]).await;
    let call = write(theirs.owner(), "CA1").await;
    put(theirs.owner(), &call, &wav(1000, 1)).await.expect(201);
    let id = play(theirs.owner(), &call, &[]).await.1["etag"].to_str().unwrap().trim_matches('"').to_owned();
    let before = files(&service.recordings());
    let nothing = ours.owner().get(&path("call_01h455vb4pex5vsknk084sn02q")).await.problem(404, "not_found");
    for call in [call.as_str(), &id, "..", "..%2f..%2f", "call_%2e%2e", "%00"] {
        let found = ours.owner().get(&path(call)).await;
        assert_eq!(
            (found.status.as_u16(), found.without_request_id()),
            (404, nothing.without_request_id()),
            "{call}"
        );
        ours.owner().delete(&path(call)).await.expect(404);
        put(ours.owner(), call, &wav(1000, 1)).await.expect(404);
    }
    for role in ["viewer", "customer_support_agent"] {
        let refused = theirs.caller(role).get(&path(&call)).await.problem(403, "permission_denied");
        assert_eq!(refused.text_at("/required_permission"), "recordings:read");
    }
    service.anonymous().get(&path(&call)).await.problem(401, "unauthenticated");
    assert_eq!(files(&service.recordings()), before);
}
