//! Recordings that lie where they are kept and that the database knows nothing of, as after it was set back to a moment before them.

use std::{fs::File, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use rollcall_domain::{OrganizationId, RecordingId};
use rollcall_tests::{Binary, Service, TestDatabase};

use crate::{
    audit_exports::said,
    calls::write,
    recordings::{files, play, put, recording_with, wav},
    tokens::{KNOWN, RING},
};

/// What `rollcall recordings orphans` says.
pub(crate) fn orphans(database: &TestDatabase, store: &Path, arguments: &[&str]) -> (i32, String) {
    said(&command(database, store).args(arguments).output().unwrap())
}

fn command(database: &TestDatabase, store: &Path) -> Command {
    let mut command = Binary::command(&[
        ("ROLLCALL__DATABASE__URL", database.url()),
        ("ROLLCALL__KEYS__RING", RING),
        ("ROLLCALL__RECORDINGS__STORE", store.to_str().unwrap()),
    ]);
    command.args(["recordings", "orphans"]);
    command
}

/// As if what was written there had been written so many days earlier.
pub(crate) fn age(directory: &Path, days: u64) {
    for file in files(directory) {
        let file = File::options().write(true).open(file).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
    }
}

/// Forgets rows, with or without what the schema notes of that.
async fn forget(service: &Service, role: &str, which: &str) {
    // What is noted is not due: the node that runs must not come first.
    let forget = format!(
        "SET session_replication_role = {role}; DELETE FROM recordings WHERE {which};
         UPDATE recording_remains SET due_at = '2100-01-01'"
    );
    service.database.execute(&forget).await;
}

fn row_of(recording: &str) -> String {
    format!("recording_id = '{}'", recording.parse::<RecordingId>().unwrap().uuid())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_knows_nothing_of_is_listed_and_removed_when_it_is_old_enough() {
    let (service, team) = recording_with(&KNOWN).await;
    let owner = team.owner();
    let (mut calls, mut ids) = (Vec::new(), Vec::new());
    for (name, seed) in [("kept", 1), ("lost", 2), ("removed", 3)] {
        let call = write(owner, name).await;
        ids.push(put(owner, &call, &wav(1_500_000, seed)).await.expect(201).text_at("/id").to_owned());
        calls.push(call);
    }
    let store = service.recordings();
    let places: Vec<_> = ids.iter().map(|id| store.join(&team.organization).join(id)).collect();
    // Of one there is no row, and of another a note that it is to be removed, which is being worked off.
    forget(&service, "replica", &row_of(&ids[1])).await;
    forget(&service, "origin", &row_of(&ids[2])).await;
    std::fs::create_dir(store.join("lost+found")).unwrap();
    let asked = |arguments: &[&str]| orphans(&service.database, &store, arguments);

    let (code, said) = asked(&["--remove"]);
    assert!(code == 0 && said.contains("0 are not") && said.contains("1 more"), "{code} {said}");
    age(&store, 5);
    assert_eq!(asked(&["--remove"]).0, 0);
    let (code, said) = asked(&["--untouched-for", "4"]);
    let line = format!("{}/{}: 2 segments, 15", team.organization, ids[1]);
    assert!(code == 3 && said.contains(&line) && said.lines().count() == 2, "{code} {said}");
    assert_eq!(asked(&["--untouched-for", "1"]).0, 2);
    assert!(places.iter().all(|place| !files(place).is_empty()));
    let (code, said) = asked(&["--untouched-for", "4", "--remove"]);
    assert!(code == 0 && said.contains(&ids[1]) && said.contains("removed"), "{code} {said}");
    assert!(!places[1].exists() && !files(&places[2]).is_empty());
    assert_eq!(play(owner, &calls[0], &[]).await.0, 200);
    assert_eq!(asked(&[]).0, 0);

    // Where nothing is known at all, it is asked whether this is the place.
    forget(&service, "replica", "true").await;
    service.database.execute("DELETE FROM recording_remains").await;
    age(&store, 8);
    let (code, said) = asked(&["--remove"]);
    assert!(
        code == 1 && said.contains("none of the 2 recordings") && said.contains("--force"),
        "{code} {said}"
    );
    assert!(!files(&places[0]).is_empty());
    assert_eq!(asked(&["--remove", "--force"]).0, 0);
    assert!(files(&store).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_nobody_reads_on_nothing_more_is_removed() {
    let (service, team) = recording_with(&KNOWN).await;
    let owner = team.owner();
    let mut ids = Vec::new();
    for (name, seed) in [("kept", 1), ("lost", 2), ("gone", 3)] {
        let call = write(owner, name).await;
        ids.push(put(owner, &call, &wav(100_000, seed)).await.expect(201).text_at("/id").to_owned());
    }
    forget(&service, "replica", &format!("NOT {}", row_of(&ids[0]))).await;
    let store = service.recordings();
    age(&store, 8);
    let left = || ids.iter().filter(|id| store.join(&team.organization).join(id).exists()).count();
    for still in [2, 1] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command(&service.database, &store).arg("--remove").stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(141) && !said.contains("panicked"), "{:?} {said}", ended.status);
        // One is removed before that is said.
        assert_eq!(left(), still);
    }
    let (code, said) = orphans(&service.database, &store, &["--remove"]);
    assert!(code == 0 && said.contains("0 are not"), "{code} {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_30_where_a_symbolic_link_leads_nothing_is_removed_and_it_is_told() {
    let (service, team) = recording_with(&KNOWN).await;
    let owner = team.owner();
    let mut ids = Vec::new();
    for (name, seed) in [("kept", 1), ("lost", 2), ("linked", 3)] {
        let call = write(owner, name).await;
        ids.push(put(owner, &call, &wav(100_000, seed)).await.expect(201).text_at("/id").to_owned());
    }
    let [kept, lost, linked] = ids.as_slice() else { unreachable!() };
    forget(&service, "replica", &format!("NOT {}", row_of(kept))).await;
    let store = service.recordings();
    let ours = store.join(&team.organization);
    // The one is behind a link, and the other has one in it; and there are organizations that are links.
    let elsewhere = tempfile::tempdir().unwrap();
    let behind = RecordingId::from_parts(1, &[1; 10]).to_string();
    let stranger = OrganizationId::from_parts(1, &[1; 10]).to_string();
    let theirs = elsewhere.path().join(&behind);
    std::fs::create_dir(&theirs).unwrap();
    std::fs::write(theirs.join("precious"), "bytes").unwrap();
    symlink(&theirs, ours.join(&behind)).unwrap();
    symlink(&theirs, ours.join(linked).join("deeper")).unwrap();
    symlink(elsewhere.path(), store.join(&stranger)).unwrap();
    symlink(
        elsewhere.path().join("nowhere"),
        store.join(OrganizationId::from_parts(1, &[2; 10]).to_string()),
    )
    .unwrap();
    age(&ours.join(kept), 8);
    age(&ours.join(lost), 8);
    age(&theirs, 8);

    let links = [(&team.organization, &behind), (&team.organization, linked), (&stranger, &behind)]
        .map(|(organization, recording)| format!("{organization}/{recording}: a symbolic link leads there"));
    for arguments in [["--untouched-for", "2"].as_slice(), &["--remove"], &["--remove", "--force"]] {
        let (code, said) = orphans(&service.database, &store, arguments);
        assert!(code == 3 && links.iter().all(|link| said.contains(link)), "{arguments:?}: {code} {said}");
        assert!(said.contains("3 are left"), "{said}");
        assert_eq!(std::fs::read(theirs.join("precious")).unwrap(), b"bytes", "{arguments:?}");
        assert!(ours.join(&behind).is_symlink() && ours.join(linked).join("deeper").is_symlink());
        // What else is an orphan goes.
        assert_eq!(ours.join(lost).exists(), !arguments.contains(&"--remove"), "{said}");
    }
    assert!(!files(&ours.join(kept)).is_empty() && !files(&ours.join(linked)).is_empty());
}
