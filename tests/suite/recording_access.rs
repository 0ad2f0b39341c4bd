//! Who goes on with a recording, and what it costs whoever else is there.

use reqwest::Method;
use rollcall_tests::{Answer, Binary, Service, TestDatabase, until};
use serde_json::json;
use time::Duration;

use crate::{
    api_keys::{make, path as key_path},
    calls::write,
    recordings::{
        begin_to_play, breaks_off, files, owner_with_call, path, play, put, recording, recording_with, wav,
    },
};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn attack_10_a_key_that_has_got_another_secret_hears_no_more_unless_the_old_one_goes_on() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(24 * MIB, 1);
    put(team.owner(), &call, &sound).await.expect(201);
    for (overlap, ends) in [(3600, false), (0, true)] {
        let (id, secret) = make(team.owner(), json!({"scopes": ["recordings:read"]})).await;
        let key = service.anonymous().with_token(&secret);
        let playing = begin_to_play(&key, &path(&call)).await;
        let rotate = json!({"overlap_seconds": overlap});
        team.owner().post(&format!("{}/rotate", key_path(&id)), rotate).await.expect(200);
        service.clock.advance(Duration::seconds(6));
        assert_eq!(breaks_off(playing, sound.len()).await, ends, "an overlap of {overlap} seconds");
    }
    // What else is changed of a key ends nothing.
    let (id, secret) = make(team.owner(), json!({"scopes": ["recordings:read"]})).await;
    let playing = begin_to_play(&service.anonymous().with_token(&secret), &path(&call)).await;
    team.owner().patch(&key_path(&id), json!({"name": "Another"})).await.expect(200);
    service.clock.advance(Duration::seconds(6));
    assert!(!breaks_off(playing, sound.len()).await);
    // Nor does that a secret has ended which is not the one that was shown.
    let rotate = async |id: &str, overlap: u32| {
        let body = json!({"overlap_seconds": overlap});
        let rotated = team.owner().post(&format!("{}/rotate", key_path(id)), body).await.expect(200);
        rotated.text_at("/secret").to_owned()
    };
    let second = rotate(&id, 60).await;
    service.clock.advance(Duration::seconds(61));
    let playing = begin_to_play(&service.anonymous().with_token(&second), &path(&call)).await;
    team.owner().patch(&key_path(&id), json!({"name": "A third"})).await.expect(200);
    service.clock.advance(Duration::seconds(6));
    assert!(!breaks_off(playing, sound.len()).await);
    // But the one before the last does not go on for as long as the last does.
    let playing = begin_to_play(&service.anonymous().with_token(&second), &path(&call)).await;
    rotate(&id, 3_600).await;
    rotate(&id, 7_200).await;
    service.clock.advance(Duration::seconds(6));
    assert!(breaks_off(playing, sound.len()).await);
}

#[tokio::test]
async fn a_later_part_that_is_called_something_else_is_refused_and_the_upload_goes_on() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(2 * MIB, 1);
    let part = |from: usize, until: usize, name: &str| {
        let request = team.owner().request(Method::PUT, &path(&call)).header("Content-Type", name);
        let range = format!("bytes {from}-{}/{}", until - 1, sound.len());
        request.header("Content-Range", range).body(sound[from..until].to_vec())
    };
    Answer::of(part(0, MIB, "audio/wav")).await.expect(202);
    let refused = Answer::of(part(MIB, 2 * MIB, "audio/mpeg")).await.problem(415, "unsupported_media_type");
    assert!(refused.text_at("/detail").contains("audio/wav"));
    Answer::of(part(MIB, 2 * MIB, "audio/wav")).await.expect(201);
    assert!(play(team.owner(), &call, &[]).await.2 == sound);
    drop(service);
}

#[tokio::test]
async fn a_keyring_that_lacks_a_key_is_told_as_what_it_is() {
    let ring = |id: u8| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        format!("{id}:{}", STANDARD.encode([id; 32]))
    };
    let (service, team) = recording_with(&[("keys.ring", &ring(1))]).await;
    let call = write(team.owner(), "CA1").await;
    put(team.owner(), &call, &wav(1000, 1)).await.expect(201);
    let directory = service.recordings();
    let values = [("recordings.store", directory.to_str().unwrap()), ("keys.ring", &ring(2))];
    let without = Service::start_on_values(&service, &values).await;
    // Sessions are known by hashes, which need no key.
    let owner = without.anonymous().with_token(team.owner().token());
    let unavailable = owner.get(&path(&call)).await.problem(503, "unavailable");
    assert_ne!(unavailable.header("retry-after"), "");
}

#[tokio::test]
async fn a_call_tells_whether_it_has_a_recording_and_the_list_goes_by_it() {
    let (service, team) = recording_with(&[]).await;
    let owner = team.owner();
    let (one, other) = (write(owner, "CA1").await, write(owner, "CA2").await);
    let listed = async |query: &str| -> Vec<String> {
        let page = owner.get(&format!("/v1/calls{query}")).await.expect(200);
        let calls = page.body["data"].as_array().unwrap().iter();
        calls.map(|call| format!("{} {}", call["id"].as_str().unwrap(), call["has_recording"])).collect()
    };
    let shown = async |etag: &str| {
        let request = owner.request(reqwest::Method::GET, &format!("/v1/calls/{one}"));
        Answer::of(request.header("If-None-Match", etag)).await
    };
    let before = shown("\"none\"").await.expect(200);
    assert_eq!(before.body["has_recording"], false);
    assert_eq!(shown(before.header("etag")).await.status, 304);
    put(owner, &one, &wav(1000, 1)).await.expect(201);
    let with = shown(before.header("etag")).await.expect(200);
    assert_eq!(with.body["has_recording"], true);
    assert_eq!(shown(with.header("etag")).await.status, 304);
    let mut both = listed("").await;
    both.sort();
    let mut expected = [format!("{one} true"), format!("{other} false")];
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(listed("?recording=true").await, [format!("{one} true")]);
    assert_eq!(listed("?recording=false").await, [format!("{other} false")]);
    owner.get("/v1/calls?recording=maybe").await.invalid("recording");
    owner.delete(&path(&one)).await.expect(204);
    assert_eq!(shown(with.header("etag")).await.expect(200).body["has_recording"], false);
    assert!(listed("?recording=true").await.is_empty());
    // One that has outlived its time is gone for the list, too.
    put(owner, &other, &wav(1000, 1)).await.expect(201);
    service.database.execute("UPDATE recordings SET kept_at = '2000-01-01T00:00:00Z'").await;
    // Workers look as soon as they start.
    let directory = service.recordings();
    let values = [("recordings.store", directory.to_str().unwrap())];
    let later = Service::start_on_values(&service, &values).await;
    until("it is gone", async || listed("?recording=true").await.is_empty().then_some(())).await;
    later.stop().await;
}

/// A file that whoever opens it waits for ever at, as for a disk that hangs.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_does_not_keep_the_service_from_ending() {
    let database = TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let environment = [
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap()),
        ("ROLLCALL__HTTP__SHUTDOWN_SECONDS", "1"),
    ];
    let server = Binary::serve(&environment);
    let (owner, call) = owner_with_call(&server, &database).await;
    let id = call("CA1").await;
    put(&owner, &id, &wav(1000, 1)).await.expect(201);
    let segment = files(&data.path().join("recordings")).pop().unwrap();
    std::fs::remove_file(&segment).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&segment).status().unwrap().success());
    let playing = tokio::spawn(owner.request(Method::GET, &path(&id)).send());
    let opened = |pid: u32| {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        threads.flatten().any(|thread| {
            std::fs::read_to_string(thread.path().join("wchan"))
                .is_ok_and(|at| at.contains("wait_for_partner"))
        })
    };
    let pid = server.pid();
    until("somebody waits for the disk", async || opened(pid).then_some(())).await;
    // It ends: this would wait for ever.
    server.terminate();
    playing.abort();
}
