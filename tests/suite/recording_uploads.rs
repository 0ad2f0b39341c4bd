//! Uploads that lie, stop half-way, meet each other, or go on later: nothing is half-stored.

use futures_util::future::join_all;
use reqwest::Method;
use rollcall_tests::{Answer, Binary, Caller, Service, TestDatabase, until};
use serde_json::json;
use time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    calls::{platform, write},
    recordings::{
        events, files, nothing_left, owner_with_call, path, play, put, recording, recording_with, switch, wav,
    },
};

const MIB: usize = 1 << 20;

/// Sends the head of a request and a part of its body, and goes away.
async fn broken_off(base: &str, token: &str, call: &str, headers: &str, body: &[u8]) {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{headers}\r\n\r\n",
        path(call)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

pub(crate) fn part(
    caller: &Caller,
    call: &str,
    sound: &[u8],
    range: (usize, usize),
    total: &str,
) -> reqwest::RequestBuilder {
    let (from, until) = range;
    let request = caller.request(Method::PUT, &path(call));
    let request = request.header("Content-Range", format!("bytes {from}-{}/{total}", until - 1));
    request.body(sound[from..until].to_vec())
}

async fn ask(caller: &Caller, call: &str) -> Answer {
    Answer::of(caller.request(Method::PUT, &path(call)).header("Content-Range", "bytes */*")).await
}

/// Nothing of any upload is noted or lies anywhere.
async fn nothing_stored(service: &Service) {
    nothing_left(&service.recordings()).await;
    until("no upload is noted", async || {
        service.database.rows("SELECT 1 AS one FROM recordings").await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_no_audio_or_lies_about_itself_is_refused_and_leaves_nothing() {
    let (service, team) = recording_with(&[("recordings.limit_bytes", "3000000")]).await;
    let call = write(team.owner(), "CA1").await;
    let send = |body: Vec<u8>, headers: &[(&str, &str)]| {
        let request = team.owner().request(Method::PUT, &path(&call)).body(body);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    for (what, body) in [
        ("nothing", vec![]),
        ("text", b"<html>not sound</html>".to_vec()),
        ("zeros", vec![0; 2_000_000]),
        ("a picture", b"\x89PNG\r\n\x1a\n0000000000000000".to_vec()),
        ("half a head", b"RIFF".to_vec()),
    ] {
        let refused = Answer::of(send(body, &[("Content-Type", "audio/wav")])).await;
        println!("{what}");
        refused.problem(415, "unsupported_media_type");
    }
    let sound = wav(100_000, 1);
    let named = [("Content-Type", "audio/mpeg")];
    let refused = Answer::of(send(sound.clone(), &named)).await.problem(415, "unsupported_media_type");
    assert!(refused.text_at("/detail").contains("audio/wav"));
    let coded = [("Content-Encoding", "gzip")];
    Answer::of(send(sound.clone(), &coded)).await.problem(415, "unsupported_media_type");
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    Answer::of(send(sound.clone(), &[("Repr-Digest", digest)])).await.problem(400, "digest_mismatch");
    Answer::of(send(sound.clone(), &[("Repr-Digest", "sha-256=:x:")])).await.invalid("Repr-Digest");
    for range in ["bytes 0-9/10", "bytes 0-100000/100001", "bytes 5-4/10", "lines 0-9/10", "bytes */100000"] {
        Answer::of(send(sound.clone(), &[("Content-Range", range)])).await.invalid("Content-Range");
    }
    // Too large, said before or found out.
    Answer::of(send(wav(3_000_001, 1), &[])).await.problem(413, "body_too_large");
    for length in [3_000_001, 3_500_000] {
        let pieces = wav(length, 1)
            .chunks(100_000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect::<Vec<_>>();
        let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let request = team.owner().request(Method::PUT, &path(&call)).body(stream);
        Answer::of(request).await.problem(413, "body_too_large");
    }
    nothing_stored(&service).await;
    team.owner().get(&path(&call)).await.problem(404, "not_found");

    put(team.owner(), &call, &wav(3_000_000, 1)).await.expect(201);
}

#[tokio::test]
async fn an_upload_that_stops_half_way_or_is_shorter_than_it_says_leaves_nothing() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(4 * MIB, 1);
    let token = team.owner().token();
    for (headers, sent) in [
        (format!("Content-Length: {}", sound.len()), 0),
        (format!("Content-Length: {}", sound.len()), 10),
        (format!("Content-Length: {}", sound.len()), 3 * MIB),
        (format!("Content-Length: {}", sound.len()), sound.len() - 1),
    ] {
        broken_off(&service.base(), token, &call, &headers, &sound[..sent]).await;
        nothing_stored(&service).await;
        team.owner().get(&path(&call)).await.problem(404, "not_found");
    }
    // In pieces whose end never comes.
    let mut chunked = format!("{:x}\r\n", 2 * MIB).into_bytes();
    chunked.extend_from_slice(&sound[..2 * MIB]);
    broken_off(&service.base(), token, &call, "Transfer-Encoding: chunked", &chunked).await;
    nothing_stored(&service).await;
    assert!(team.owner().get(&path(&call)).await.status == 404);
    put(team.owner(), &call, &sound).await.expect(201);
}

#[tokio::test]
async fn what_breaks_off_goes_on_where_it_was_if_its_sender_has_said_so() {
    let (service, team) = recording().await;
    let key = platform(&service, &team, &["calls:write", "recordings:read"]).await;
    let call = write(&key, "CA1").await;
    let sound = wav(5 * MIB + 1234, 1);
    let total = sound.len().to_string();
    assert_eq!(ask(&key, &call).await.expect(202).body, json!({"received": 0, "expires_at": null}));
    let headers = format!("Content-Length: {total}\r\nContent-Range: bytes 0-{}/{total}", sound.len() - 1);
    broken_off(&service.base(), key.token(), &call, &headers, &sound[..2 * MIB + 500_000]).await;
    let progress = until("it is noted how far it has come", async || {
        let progress = ask(&key, &call).await.expect(202);
        (progress.body["received"].as_u64() > Some(0)).then_some(progress)
    })
    .await;
    assert_eq!(progress.header("upload-offset"), (2 * MIB).to_string());
    assert_eq!(progress.body, json!({"received": 2 * MIB, "expires_at": "2026-03-02T09:00:00Z"}));
    // It is no recording yet.
    key.get(&path(&call)).await.problem(404, "not_found");

    for (from, until) in [(MIB, 3 * MIB), (3 * MIB, 5 * MIB)] {
        let wrong = Answer::of(part(&key, &call, &sound, (from, until), &total)).await;
        let wrong = wrong.problem(409, "upload_offset_mismatch");
        assert_eq!(wrong.header("upload-offset"), (2 * MIB).to_string());
    }
    let small = part(&key, &call, &sound, (2 * MIB, 2 * MIB + 1000), &total);
    Answer::of(small).await.invalid("Content-Range");
    let next = Answer::of(part(&key, &call, &sound, (2 * MIB, 4 * MIB), &total)).await.expect(202);
    assert_eq!(next.header("upload-offset"), (4 * MIB).to_string());
    let last = Answer::of(part(&key, &call, &sound, (4 * MIB, sound.len()), &total)).await.expect(201);
    assert_eq!(last.body["length"], sound.len());
    assert!(play(&key, &call, &[]).await.2 == sound);
    // Nothing lies there but what belongs to it.
    until("only its segments are left", async || (files(&service.recordings()).len() == 6).then_some(()))
        .await;
    assert_eq!(ask(&key, &call).await.expect(200).body, last.body);

    // The end may not be known before it comes; then what is sent twice is what is not certain to be a whole part.
    let other = write(&key, "CA2").await;
    Answer::of(part(&key, &other, &sound, (0, MIB), "*")).await.invalid("Content-Range");
    let least = Answer::of(part(&key, &other, &sound, (0, MIB + 1), "*")).await.expect(202);
    assert_eq!(least.header("upload-offset"), MIB.to_string(), "whoever sends as little as allowed gets on");
    let first = Answer::of(part(&key, &other, &sound, (0, 2 * MIB), "*")).await.expect(202);
    let received: usize = first.header("upload-offset").parse().unwrap();
    assert!(received == MIB || received == 2 * MIB, "{received}");
    Answer::of(part(&key, &other, &sound, (received, sound.len()), &total)).await.expect(201);
    assert!(play(&key, &other, &[]).await.2 == sound);
}

#[tokio::test]
async fn an_upload_from_the_beginning_takes_the_place_of_another_and_one_that_nobody_goes_on_with_ends() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let (one, two) = (wav(3 * MIB, 1), wav(3 * MIB, 2));
    let total = one.len().to_string();
    Answer::of(part(team.owner(), &call, &one, (0, 2 * MIB), &total)).await.expect(202);
    Answer::of(part(team.owner(), &call, &two, (0, MIB), &total)).await.expect(202);
    // The first one's segments go.
    until("one upload is left", async || (files(&service.recordings()).len() == 1).then_some(())).await;
    let last = Answer::of(part(team.owner(), &call, &two, (MIB, 3 * MIB), &total)).await.expect(201);
    assert!(play(team.owner(), &call, &[]).await.2 == two, "{}", last.text);
    team.owner().delete(&path(&call)).await.expect(204);

    Answer::of(part(team.owner(), &call, &one, (0, 2 * MIB), &total)).await.expect(202);
    service.clock.advance(Duration::hours(23));
    assert_eq!(ask(team.owner(), &call).await.header("upload-offset"), (2 * MIB).to_string());
    service.clock.advance(Duration::hours(2));
    nothing_stored(&service).await;
    let owner = service.sign_in(team.email("owner")).await;
    let late = Answer::of(part(&owner, &call, &one, (2 * MIB, 3 * MIB), &total)).await;
    assert_eq!(late.problem(409, "upload_offset_mismatch").header("upload-offset"), "0");
}

#[tokio::test]
async fn what_is_not_whole_can_be_given_up_and_does_not_outlive_that_recording_is_switched_off() {
    let (service, team) = recording().await;
    let key = platform(&service, &team, &["calls:write"]).await;
    let call = write(&key, "CA1").await;
    let sound = wav(3 * MIB, 1);
    let total = sound.len().to_string();
    let upload = format!("{}/upload", path(&call));
    key.delete(&upload).await.problem(404, "not_found");
    Answer::of(part(&key, &call, &sound, (0, MIB), &total)).await.expect(202);
    team.caller("viewer").delete(&upload).await.problem(403, "permission_denied");
    key.delete(&upload).await.expect(204);
    nothing_stored(&service).await;
    assert_eq!(ask(&key, &call).await.body["received"], 0);
    let late = Answer::of(part(&key, &call, &sound, (MIB, 3 * MIB), &total)).await;
    late.problem(409, "upload_offset_mismatch");
    // A recording is no upload.
    put(&key, &call, &sound).await.expect(201);
    key.delete(&upload).await.problem(404, "not_found");
    // What was given up is in the audit log, once; where there was nothing, nothing is said to have gone.
    let log = events(&service, "recording.upload_discarded").await;
    let done: Vec<_> = log.iter().filter(|event| event["outcome"] == "success").collect();
    let [done] = done[..] else { panic!("{log:?}") };
    assert_eq!(done["leaf"]["target"]["kind"], "recording");
    assert_eq!(done["leaf"]["changes"], json!([{"field": "call", "before": call, "after": null}]));

    let other = write(&key, "CA2").await;
    Answer::of(part(&key, &other, &sound, (0, MIB), &total)).await.expect(202);
    switch(&team, "call_recording", false).await;
    ask(&key, &other).await.problem(409, "call_recording_disabled");
    let left = service.database.rows("SELECT state FROM recordings").await;
    assert_eq!(left, [json!({"state": "kept"})]);
    until("only the recording is left", async || (files(&service.recordings()).len() == 3).then_some(()))
        .await;
    switch(&team, "call_recording", true).await;
    assert_eq!(ask(&key, &other).await.body, json!({"received": 0, "expires_at": null}));
}

#[tokio::test]
async fn a_recording_that_is_kept_ends_what_else_was_being_uploaded_for_its_call() {
    let (service, team) = recording().await;
    let (owner, call) = (team.owner(), write(team.owner(), "CA1").await);
    let (begun, whole) = (wav(3 * MIB, 1), wav(2 * MIB, 2));
    let total = begun.len().to_string();
    Answer::of(part(owner, &call, &begun, (0, MIB), &total)).await.expect(202);
    let kept = put(owner, &call, &whole).await.expect(201);
    assert_eq!(service.database.rows("SELECT state FROM recordings").await, [json!({"state": "kept"})]);
    until("only its segments are left", async || (files(&service.recordings()).len() == 2).then_some(()))
        .await;
    assert_eq!(ask(owner, &call).await.expect(200).body, kept.body);
    let late = Answer::of(part(owner, &call, &begun, (MIB, 3 * MIB), &total)).await;
    late.problem(409, "recording_exists");
    assert!(play(owner, &call, &[]).await.2 == whole);
    // Nobody has given it up.
    assert!(events(&service, "recording.upload_discarded").await.is_empty());
}

#[tokio::test]
async fn attack_35_asking_how_far_an_upload_has_come_reads_nothing_of_the_recording_beside_it() {
    let (service, team) = recording().await;
    let (owner, call) = (team.owner(), write(team.owner(), "CA1").await);
    let sound = wav(3 * MIB, 1);
    let total = sound.len().to_string();
    put(owner, &call, &sound).await.expect(201);
    // It is damaged, so it may come anew.
    std::fs::remove_file(&files(&service.recordings())[0]).unwrap();
    Answer::of(part(owner, &call, &sound, (0, MIB), &total)).await.expect(202);
    assert_eq!(events(&service, "recording.damaged").await.len(), 1);
    for _ in 0..3 {
        assert_eq!(ask(owner, &call).await.expect(202).header("upload-offset"), MIB.to_string());
    }
    // Whoever reads it finds the damage, which is written down each time.
    assert_eq!(events(&service, "recording.damaged").await.len(), 1);
    Answer::of(part(owner, &call, &sound, (MIB, 3 * MIB), &total)).await.expect(201);
    assert!(play(owner, &call, &[]).await.2 == sound);
}

#[tokio::test]
async fn whoever_comes_back_late_removes_nothing_of_what_another_has_gone_on_with() {
    let (service, team) = recording().await;
    let (owner, call) = (team.owner(), write(team.owner(), "CA1").await);
    let sound = wav(3 * MIB, 1);
    let total = sound.len().to_string();
    Answer::of(part(owner, &call, &sound, (0, MIB), &total)).await.expect(202);
    let version = async |wanted: i64| {
        until("another goes on with it", async || {
            let rows = service.database.rows("SELECT version FROM recordings").await;
            (rows.first()?["version"].as_i64()? >= wanted).then_some(())
        })
        .await;
    };
    // The first goes on to the end, with a digest that is wrong, but is slow.
    let base = service.base();
    let address = base.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Content-Range: bytes {MIB}-{}/{total}\r\nRepr-Digest: sha-256=:{}=:\r\nConnection: close\r\n\r\n",
        path(&call),
        owner.token(),
        2 * MIB,
        3 * MIB - 1,
        "A".repeat(43),
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&sound[MIB..MIB + 1000]).await.unwrap();
    version(3).await;
    Answer::of(part(owner, &call, &sound, (MIB, 2 * MIB), &total)).await.expect(202);
    slow.write_all(&sound[MIB + 1000..]).await.unwrap();
    let mut refused = String::new();
    slow.read_to_string(&mut refused).await.unwrap();
    assert!(refused.contains("digest_mismatch"), "{refused}");
    let last = Answer::of(part(owner, &call, &sound, (2 * MIB, 3 * MIB), &total)).await;
    last.expect(201);
    assert!(play(owner, &call, &[]).await.2 == sound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_uploads_at_once_one_becomes_the_recording_and_the_others_leave_nothing() {
    let (service, team) = recording().await;
    for (round, same) in [(1, true), (2, false), (3, true), (4, false)] {
        let call = write(team.owner(), &format!("CA{round}")).await;
        let sounds: Vec<_> = (0..4).map(|seed| wav(1_500_000, if same { 1 } else { seed })).collect();
        let answers = join_all(sounds.iter().map(|sound| put(team.owner(), &call, sound))).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        // The same is there already for whoever has sent all of it by then; whoever has not is ended by the one that is kept.
        let others = if same { &[200, 409][..] } else { &[409] };
        let is_expected = |status: &u16| *status == 201 || others.contains(status);
        let texts: Vec<_> = answers.iter().map(|answer| &answer.text).collect();
        assert!(statuses.iter().all(is_expected), "{statuses:?}: {texts:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{texts:?}");
        let winner = answers.iter().position(|answer| answer.status == 201).unwrap();
        assert!(play(team.owner(), &call, &[]).await.2 == sounds[winner]);
        put(team.owner(), &call, &sounds[winner]).await.expect(200);
        until("the others have left nothing", async || {
            (files(&service.recordings()).len() == 2 * round).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn attack_9_what_is_not_allowed_any_more_at_the_end_is_not_kept() {
    let (service, team) = recording().await;
    let sound = wav(3 * MIB, 1);
    for what in ["the key is revoked", "the organization is suspended", "recording is switched off"] {
        let call = write(team.owner(), what).await;
        let (key_id, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["calls:write"]})).await;
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
        let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
            let next = receiver.recv().await?;
            Some((next, receiver))
        });
        let key = service.anonymous().with_token(&secret);
        let request = key.request(Method::PUT, &path(&call)).body(reqwest::Body::wrap_stream(stream));
        let uploading = tokio::spawn(Answer::of(request));
        sender.send(Ok(sound[..2 * MIB].to_vec())).await.unwrap();
        until("some of it is there", async || (!files(&service.recordings()).is_empty()).then_some(())).await;
        match what {
            "the key is revoked" => {
                team.owner().delete(&crate::api_keys::path(&key_id)).await.expect(204);
            }
            "the organization is suspended" => {
                service.database.execute("UPDATE organizations SET suspended_at = now()").await;
            }
            _ => switch(&team, "call_recording", false).await,
        }
        sender.send(Ok(sound[2 * MIB..].to_vec())).await.unwrap();
        drop(sender);
        let answer = uploading.await.unwrap();
        let expected = match what {
            "the key is revoked" => 401,
            "the organization is suspended" => 403,
            _ => 409,
        };
        assert_eq!(answer.status, expected, "{what}: {}", answer.text);
        nothing_stored(&service).await;
        service.database.execute("UPDATE organizations SET suspended_at = NULL").await;
    }
}

#[tokio::test]
async fn attack_31_with_end_to_end_encryption_a_recording_comes_from_a_participant_only() {
    let (service, team) = recording().await;
    let key = platform(&service, &team, &["calls:write"]).await;
    let call = write(&key, "CA1").await;
    switch(&team, "end_to_end_encryption", true).await;
    for caller in [&key, team.owner()] {
        put(caller, &call, &wav(1000, 1)).await.problem(409, "media_key_required");
        Answer::of(part(caller, &call, &wav(1000, 1), (0, 1000), "1000"))
            .await
            .problem(409, "media_key_required");
    }
    nothing_stored(&service).await;
    // The media plane fetches the key, and hears what is said.
    let media = platform(&service, &team, &["calls:write", "media_keys:issue"]).await;
    put(&media, &call, &wav(1000, 1)).await.problem(409, "media_key_required");
    media.post(&format!("/v1/calls/{call}/media-keys"), json!({})).await.expect(201);
    put(&key, &call, &wav(1000, 1)).await.problem(409, "media_key_required");
    let other = write(&key, "CA2").await;
    put(&media, &other, &wav(1000, 1)).await.problem(409, "media_key_required");
    put(&media, &call, &wav(1000, 1)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_an_upload_it_has_stored_nothing() {
    let database = TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let environment =
        [("ROLLCALL__DATABASE__URL", database.url()), ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap())];
    let server = Binary::serve(&environment);
    let (owner, call) = owner_with_call(&server, &database).await;
    let (whole, broken) = (call("whole").await, call("broken").await);
    let sound = wav(2 * MIB, 1);
    put(&owner, &whole, &sound).await.expect(201);
    let pieces = futures_util::stream::unfold(0u32, async |number| {
        if number > 2 {
            // The rest never comes.
            std::future::pending::<()>().await;
        }
        let piece = if number == 0 { wav(MIB, 1) } else { vec![1; MIB] };
        Some((Ok::<_, std::io::Error>(piece), number + 1))
    });
    let request = owner.request(Method::PUT, &path(&broken)).body(reqwest::Body::wrap_stream(pieces));
    let uploading = tokio::spawn(Answer::try_of(request));
    let directory = data.path().join("recordings");
    until("some of it is there", async || (files(&directory).len() > 2).then_some(())).await;
    server.kill();
    assert!(uploading.await.unwrap().is_err());

    let again = Binary::serve(&environment);
    let owner = again.anonymous().with_token(owner.token());
    owner.get(&path(&broken)).await.problem(404, "not_found");
    assert!(play(&owner, &whole, &[]).await.2 == sound);
    // Its time is over sooner than it would be.
    database
        .execute("UPDATE recordings SET expires_at = now() - interval '1 second' WHERE state = 'upload'")
        .await;
    until("nothing of it is left", async || (files(&directory).len() == 2).then_some(())).await;
    assert!(play(&owner, &whole, &[]).await.2 == sound);
    put(&owner, &broken, &sound).await.expect(201);
    again.terminate();
}
