//! Backups: what is restored is whole and goes on, and whoever has seen more than it finds that out. docs/operations.md walks through the
//! same.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    sync::Arc,
};

use rollcall_private_postgres::{Error, PrivatePostgres, Settings};
use rollcall_tests::{Caller, ManualClock, Service, Team, TestDatabase, until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::{
    audit_exports::{CHECKPOINT, Files, checkpoint, export, team_with_log},
    audit_tampering::{ORIGIN, check},
    recording_orphans::{age, orphans},
    recordings::{play, put, switch_on, wav},
    tokens::KNOWN,
};

/// A folder that PostgreSQL, whoever it runs as, can write into.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        for name in ["wal", "backups"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn settings(&self, name: &str) -> Settings {
        Settings { data_dir: self.path(name), durable: false, max_connections: 50, download: false }
    }

    /// None where this machine has no PostgreSQL to start.
    async fn postgres(&self, name: &str) -> Option<PrivatePostgres> {
        match PrivatePostgres::start(&self.settings(name)).await {
            Ok(postgres) => Some(postgres),
            Err(Error::NotFound { hint }) => {
                println!("LEFT OUT: {hint}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Does one thing on a server, as a superuser.
async fn execute(postgres: &PrivatePostgres, statement: &str) {
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
}

/// What a server says, as a superuser.
async fn asked(postgres: &PrivatePostgres, query: &str) -> String {
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// What a program says that must end well.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Writes an event into the log.
async fn rename(owner: &Caller, name: &str) {
    owner.patch("/v1/organization", json!({"name": name})).await.expect(200);
}

/// Writes a call down with its sound; gives back both ids.
async fn recorded(team: &Team, name: &str) -> (String, String) {
    let call = crate::calls::write(team.owner(), name).await;
    let kept = put(team.owner(), &call, &wav(100_000, 1)).await.expect(201);
    (call, kept.text_at("/id").to_owned())
}

/// How many events a checkpoint is of.
fn size(note: &str) -> &str {
    note.lines().nth(1).unwrap()
}

/// A node that others can follow: they share its keyring and its name.
async fn node(database: &Arc<TestDatabase>, origin: &str, more: &[(&str, &str)]) -> Service {
    let values = [&KNOWN[..], &[("audit.origin", origin)], more].concat();
    Service::start_on(database.clone(), ManualClock::default(), &values).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_32_what_is_restored_to_a_moment_holds_and_goes_on_and_whoever_has_seen_more_finds_it_out() {
    let room = Room::new();
    let Some(primary) = room.postgres("primary").await else { return };
    let wal = room.path("wal").display().to_string();
    execute(&primary, "ALTER SYSTEM SET archive_mode = on").await;
    let archive = format!("ALTER SYSTEM SET archive_command = 'test ! -f {wal}/%f && cp %p {wal}/%f'");
    execute(&primary, &archive).await;
    // Archiving begins with the server.
    primary.stop().await.unwrap();
    let primary = room.postgres("primary").await.unwrap();

    let database = Arc::new(TestDatabase::create_on(&primary.url("postgres")).await);
    let sounds = room.path("recordings");
    let store = [("recordings.store", sounds.to_str().unwrap())];
    let service = node(&database, ORIGIN, &store).await;
    let team = team_with_log(&service, "Acme").await;
    let recording = Team::assemble(&service, "Recorded").await;
    switch_on(&service, &recording, &["call_recording"]).await;
    let early = checkpoint(team.owner()).await;
    let backup = room.path("backups").join("base");
    let mut copy = primary.program("pg_basebackup").unwrap();
    run(copy.args(["--checkpoint=fast", "--wal-method=stream", "--pgdata"]).arg(&backup));

    rename(team.owner(), "Four").await;
    let kept = checkpoint(team.owner()).await;
    let (call, _) = recorded(&recording, "before").await;
    database.all_sequenced().await;
    let moment = asked(&primary, "SELECT clock_timestamp()::text").await;
    for name in ["Five", "Six"] {
        rename(team.owner(), name).await;
    }
    let lost = checkpoint(team.owner()).await;
    let (_, lost_recording) = recorded(&recording, "after").await;
    assert_eq!([&early, &kept, &lost].map(|note| size(note)), ["4", "5", "7"]);
    service.stop().await;
    let last = asked(&primary, "SELECT pg_walfile_name(pg_switch_wal())").await;
    until("all of it in the archive", async || {
        let archived = "SELECT COALESCE(last_archived_wal, '') FROM pg_stat_archiver";
        (asked(&primary, archived).await >= last).then_some(())
    })
    .await;
    let name = database.name().to_owned();
    primary.stop().await.unwrap();

    let configuration = format!(
        "restore_command = 'cp {wal}/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = 'promote'"
    );
    let restored = PrivatePostgres::restore(&room.settings("restored"), &backup, &configuration).await;
    let restored = restored.unwrap();
    until("the end of the recovery", async || {
        (asked(&restored, "SELECT pg_is_in_recovery()::text").await == "false").then_some(())
    })
    .await;

    // It is what it was at that moment, whole.
    let database = Arc::new(TestDatabase::found_on(&restored.url("postgres"), &name));
    let service = node(&database, ORIGIN, &store).await;
    let owner = service.anonymous().with_token(team.owner().token());
    assert_eq!(owner.get("/v1/organization").await.expect(200).body["name"], "Four");
    assert_eq!(database.whole_log(team.uuid()).await.len(), 5);
    let (found, text) = check(&service, &team, &[&early, &kept]);
    assert!(found == 0 && text.contains("holds"), "{found} {text}");
    // So is what was signed: nothing in it says that there was more. Whoever has seen that knows.
    assert_eq!(checkpoint(&owner).await, kept);
    // As `psql` writes it, with an empty line more.
    let (found, text) = check(&service, &team, &[&kept, &format!("{lost}\n")]);
    assert!(found == 16 && text.contains("there were 7"), "{found} {text}");

    // It goes on from there, and as another history than the one that was lost, under the same name.
    for name in ["Other", "Another", "Yet another"] {
        rename(&owner, name).await;
    }
    let second = checkpoint(&owner).await;
    assert_eq!((size(&second), second.lines().next()), ("8", lost.lines().next()));
    assert_eq!(database.whole_log(team.uuid()).await.len(), 8);
    assert_eq!(check(&service, &team, &[&early, &kept]).0, 0);
    let (found, text) = check(&service, &team, &[&kept, &lost]);
    assert!(found == 15 && text.contains("events from 5 to 6 "), "{found} {text}");
    let exported = export(&owner, "").await;
    assert_eq!(Files::new().verify(&exported, &[&early, &kept]).0, 0);
    let (found, text) = Files::new().verify(&exported, &[&kept, &lost]);
    assert!(found == 15 && text.contains("events from 5 to 6 "), "{found} {text}");

    // Unless it is given another: then the log that was lost has an end, and this one says nothing of it.
    let renamed = node(&database, "restored.rollcall.example", &store).await;
    let owner = renamed.anonymous().with_token(team.owner().token());
    let note = owner.get(CHECKPOINT).await.expect(200).text;
    assert!(note.starts_with(&format!("restored.rollcall.example/{}\n9\n", team.organization)), "{note}");
    let exported = export(&owner, "").await;
    let (found, text) = Files::new().verify(&exported, &[&note]);
    assert_eq!(found, 0, "{text}");
    let (found, text) = Files::new().verify(&exported, &[&lost]);
    assert_eq!(found, 17, "{text}");

    // Of the sound, only what was kept by then is known, and the rest can be taken away.
    let owner = service.anonymous().with_token(recording.owner().token());
    age(&sounds, 8);
    let (found, text) = orphans(&database, &sounds, &["--remove"]);
    assert!(
        found == 0 && text.contains(&lost_recording) && text.contains("1 recordings are known"),
        "{text}"
    );
    assert_eq!(play(&owner, &call, &[]).await.0, 200);
    assert_eq!(orphans(&database, &sounds, &[]).0, 0);

    drop((service, renamed, database));
    restored.stop().await.unwrap();
}

/// What makes a database's schema what it is, rights and policies and triggers among it.
fn schema(postgres: &PrivatePostgres, database: &str) -> String {
    let text = run(postgres.program("pg_dump").unwrap().args(["--schema-only", database]));
    // Each dump has a word of its own against commands in its text.
    let is_own = |line: &&str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    let lines = text.lines().filter(|line| !is_own(line));
    // Expressions that were read once more have other parentheses where they mean the same.
    lines.map(|line| line.replace(['(', ')'], "")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_that_is_loaded_on_another_server_is_the_same_and_goes_on() {
    let room = Room::new();
    let Some(here) = room.postgres("here").await else { return };
    let database = Arc::new(TestDatabase::create_on(&here.url("postgres")).await);
    let service = node(&database, ORIGIN, &[]).await;
    let team = team_with_log(&service, "Acme").await;
    let kept = checkpoint(team.owner()).await;
    let (roles, dump) = (room.path("backups").join("roles.sql"), room.path("backups").join("rollcall.dump"));
    // While it is served.
    run(here.program("pg_dumpall").unwrap().arg("--roles-only").arg("--file").arg(&roles));
    run(here
        .program("pg_dump")
        .unwrap()
        .arg("--format=custom")
        .arg("--file")
        .arg(&dump)
        .arg(database.name()));
    rename(team.owner(), "Lost").await;
    let lost = checkpoint(team.owner()).await;

    let there = room.postgres("there").await.unwrap();
    let url = there.url("postgres");
    // The superuser is there already, which is the one thing that it says.
    run(there.program("psql").unwrap().args(["--quiet", "--dbname=postgres", "--file"]).arg(&roles));
    execute(&there, &format!("CREATE DATABASE {}", database.name())).await;
    let load = ["--exit-on-error", "--single-transaction", "--dbname", database.name()];
    run(there.program("pg_restore").unwrap().args(load).arg(&dump));
    assert_eq!(schema(&there, database.name()), schema(&here, database.name()));

    let loaded = Arc::new(TestDatabase::found_on(&url, database.name()));
    let service = node(&loaded, ORIGIN, &[]).await;
    let owner = service.anonymous().with_token(team.owner().token());
    assert_eq!(owner.get("/v1/organization").await.expect(200).body["name"], "Three");
    assert_eq!(checkpoint(&owner).await, kept);
    assert_eq!(check(&service, &team, &[&kept]).0, 0);
    assert_eq!(check(&service, &team, &[&lost]).0, 16);
    // What was loaded was not queued once more, numbers go on, and what is written from now on is.
    rename(&owner, "Four").await;
    loaded.all_sequenced().await;
    assert_eq!(loaded.whole_log(team.uuid()).await.len(), 5);
    assert_eq!(check(&service, &team, &[&kept]).0, 0);
    // The service sees nothing that it has not declared, and nobody takes an event away.
    let mut connection = loaded.connect_as_service().await;
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM members").fetch_one(&mut connection).await.unwrap();
    assert_eq!(seen, 0);
    let removed = loaded.connect().await.execute("DELETE FROM audit_events").await.unwrap_err().to_string();
    assert!(removed.contains("append-only"), "{removed}");

    drop((service, loaded, database));
    here.stop().await.unwrap();
    there.stop().await.unwrap();
}
