//! Recordings that are not what was kept: found, and not played.

use std::path::PathBuf;

use reqwest::Method;
use rollcall_tests::{Answer, Service, Team, until};
use sqlx::Executor;

use crate::{
    calls::write,
    recordings::{events, files, path, play, put, recording, switch_on, wav},
};

/// Bytes of a sealed chunk, and of a segment of them.
const CHUNK: usize = 65_536 + 16;
const SEGMENT: usize = 1 << 20;

/// What is done to our segments, with those of another recording at hand.
type Damage = fn(&[PathBuf], &[PathBuf]);

/// What is done to what lies there.
fn damages() -> Vec<(&'static str, Damage)> {
    vec![
        ("a flipped bit at the beginning", |ours, _| flip(&ours[0], 0)),
        ("a flipped bit in the middle", |ours, _| flip(&ours[0], CHUNK * 7 + 100)),
        ("a flipped bit in a tag", |ours, _| flip(&ours[0], CHUNK - 1)),
        ("a cut file", |ours, _| change(&ours[0], |bytes| bytes.truncate(bytes.len() - 1))),
        ("a file cut where a chunk ends", |ours, _| change(&ours[0], |bytes| bytes.truncate(CHUNK * 3))),
        ("an empty file", |ours, _| change(&ours[0], Vec::clear)),
        ("a file that is gone", |ours, _| std::fs::remove_file(&ours[0]).unwrap()),
        ("swapped chunks", |ours, _| {
            change(&ours[0], |bytes| {
                let (front, back) = bytes.split_at_mut(CHUNK);
                front.swap_with_slice(&mut back[..CHUNK]);
            });
        }),
        ("swapped segments", |ours, _| swap(&ours[0], &ours[1])),
        ("a segment of another recording", |ours, theirs| swap(&ours[0], &theirs[0])),
        ("a chunk of another recording", |ours, theirs| {
            let other = std::fs::read(&theirs[0]).unwrap();
            change(&ours[0], |bytes| bytes[..CHUNK].copy_from_slice(&other[..CHUNK]));
        }),
    ]
}

fn change(file: &PathBuf, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    how(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

fn flip(file: &PathBuf, place: usize) {
    change(file, |bytes| bytes[place] ^= 1);
}

fn swap(one: &PathBuf, other: &PathBuf) {
    let (a, b) = (std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
    std::fs::write(one, b).unwrap();
    std::fs::write(other, a).unwrap();
}

/// The segments of a recording, in no order.
fn segments(service: &Service, id: &str) -> Vec<PathBuf> {
    files(&service.recordings()).into_iter().filter(|file| file.to_str().unwrap().contains(id)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_30_whatever_is_done_to_what_lies_there_is_found_and_not_played() {
    let (service, team) = recording().await;
    let theirs = Team::assemble(&service, "Theirs").await;
    switch_on(&service, &theirs, &["call_recording"]).await;
    let (call, other) = (write(team.owner(), "CA1").await, write(theirs.owner(), "CA1").await);
    // All segments are full, so that whichever is hit first has enough in it.
    let (sound, other_sound) = (wav(2 * SEGMENT, 1), wav(2 * SEGMENT, 2));
    let id = put(team.owner(), &call, &sound).await.expect(201).text_at("/id").to_owned();
    let other_id = put(theirs.owner(), &other, &other_sound).await.expect(201).text_at("/id").to_owned();
    let (ours, others) = (segments(&service, &id), segments(&service, &other_id));
    assert_eq!((ours.len(), others.len()), (2, 2));
    let kept: Vec<_> = ours.iter().chain(&others).map(|file| (file, std::fs::read(file).unwrap())).collect();
    for (damage, done) in damages() {
        done(&ours, &others);
        let (status, _, bytes) = play(team.owner(), &call, &[]).await;
        // An answer that had begun is cut off, so there is none.
        assert!(status == 500 || bytes.is_empty(), "{damage}: {status}");
        // Of the two segments one is damaged, at least in part; whatever is played of them is as it was.
        let mut found = false;
        for part in 0..32 {
            let (first, last) = (part * 65_536, part * 65_536 + 65_535);
            let (status, _, bytes) =
                play(team.owner(), &call, &[("Range", &format!("bytes={first}-{last}"))]).await;
            match status {
                206 => assert!(bytes == sound[first..=last], "{damage}: bytes {first}-{last}"),
                500 => {
                    let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                    assert_eq!(problem["code"], "recording_damaged", "{damage}");
                    found = true;
                }
                status => panic!("{damage}: {status}"),
            }
        }
        assert!(found, "{damage} was not found");
        for (file, bytes) in &kept {
            std::fs::write(file, bytes).unwrap();
        }
        assert!(play(team.owner(), &call, &[]).await.2 == sound, "{damage} is undone");
    }
    assert!(events(&service, "recording.damaged").await.len() > damages().len());
}

#[tokio::test]
async fn what_is_damaged_is_put_right_by_whoever_sends_the_same_again_and_by_nobody_else() {
    let (service, team) = recording().await;
    let call = write(team.owner(), "CA1").await;
    let sound = wav(2 * SEGMENT + 1000, 1);
    let first = put(team.owner(), &call, &sound).await.expect(201).body;
    assert_eq!(put(team.owner(), &call, &sound).await.expect(200).body, first);
    service.clock.advance(time::Duration::HOUR);
    let mut id = first["id"].as_str().unwrap().to_owned();
    let one_after_the_other = async |sound: &[u8]| {
        let (total, mut answer) = (sound.len(), None);
        for (from, until) in [(0, SEGMENT), (SEGMENT, 2 * SEGMENT), (2 * SEGMENT, total)] {
            let request = team.owner().request(Method::PUT, &path(&call));
            let request = request.header("Content-Range", format!("bytes {from}-{}/{total}", until - 1));
            answer = Some(Answer::of(request.body(sound[from..until].to_vec())).await);
        }
        answer.unwrap()
    };
    for (damage, in_parts) in [(0, false), (1, false), (2, true)] {
        let lie = segments(&service, &id);
        match damage {
            0 => std::fs::remove_file(&lie[1]).unwrap(),
            1 => change(&lie[0], |bytes| bytes.truncate(bytes.len() - 1)),
            _ => flip(&lie[2], 100),
        }
        put(team.owner(), &call, &wav(sound.len(), 2)).await.problem(409, "recording_exists");
        // It goes on being what it was until all of the same has come.
        assert_ne!(play(team.owner(), &call, &[]).await.2, sound);
        let again = match in_parts {
            false => put(team.owner(), &call, &sound).await.expect(201),
            true => one_after_the_other(&sound).await.expect(201),
        };
        assert_ne!(again.text_at("/id"), id);
        for field in ["sha256", "length", "media_type", "kept_at"] {
            assert_eq!(again.body[field], first[field], "{field}");
        }
        assert!(play(team.owner(), &call, &[]).await.2 == sound);
        assert_eq!(put(team.owner(), &call, &sound).await.expect(200).body, again.body);
        until("nothing is left of what was damaged", async || {
            (files(&service.recordings()).len() == 3).then_some(())
        })
        .await;
        let uploaded = events(&service, "recording.uploaded").await;
        let told = uploaded.iter().rfind(|event| event["outcome"] == "success").unwrap().to_string();
        assert!(told.contains(&id) && told.contains(again.text_at("/id")), "{told}");
        id = again.text_at("/id").to_owned();
    }
    assert!(events(&service, "recording.damaged").await.len() >= 3);
}

#[tokio::test]
async fn attack_30_rows_that_are_moved_or_changed_make_no_other_recording() {
    let (service, team) = recording().await;
    let (one, two) = (write(team.owner(), "CA1").await, write(team.owner(), "CA2").await);
    for (call, seed) in [(&one, 1), (&two, 2)] {
        put(team.owner(), call, &wav(100_000, seed)).await.expect(201);
    }
    let mut database = service.database.connect().await;
    for (what, statement) in [
        (
            "calls",
            "UPDATE recordings r SET call_id = o.call_id FROM recordings o WHERE o.recording_id <> r.recording_id",
        ),
        (
            "keys",
            "UPDATE recordings r SET wrapped_key = o.wrapped_key FROM recordings o WHERE o.recording_id <> r.recording_id",
        ),
        (
            "manifests",
            "UPDATE recordings r SET manifest = o.manifest FROM recordings o WHERE o.recording_id <> r.recording_id",
        ),
        (
            "keys and manifests",
            "UPDATE recordings r SET manifest = o.manifest, wrapped_key = o.wrapped_key FROM recordings o WHERE o.recording_id <> r.recording_id",
        ),
        ("a bit", "UPDATE recordings SET manifest = set_byte(manifest, 60, get_byte(manifest, 60) # 1)"),
    ] {
        database.execute("CREATE TEMP TABLE before AS SELECT * FROM recordings").await.unwrap();
        // A call has one recording at every moment.
        database.execute("DROP INDEX IF EXISTS recordings_kept_unique").await.unwrap();
        database.execute(statement).await.unwrap();
        for call in [&one, &two] {
            team.owner().get(&path(call)).await.problem(500, "recording_damaged");
        }
        let undo =
            "UPDATE recordings r SET call_id = b.call_id, wrapped_key = b.wrapped_key, manifest = b.manifest
                      FROM before b WHERE b.recording_id = r.recording_id";
        database.execute(undo).await.unwrap();
        database.execute("DROP TABLE before").await.unwrap();
        assert_eq!(play(team.owner(), &one, &[]).await.2, wav(100_000, 1), "{what}");
    }
    // It can be deleted, in whatever state it is.
    database.execute("UPDATE recordings SET manifest = 'x'").await.unwrap();
    team.owner().delete(&path(&one)).await.expect(204);
    team.owner().get(&path(&one)).await.problem(404, "not_found");
}
