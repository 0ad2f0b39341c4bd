//! The tour in the README is run as it is written.

use std::{fs, process::Command};

use rollcall_tests::Binary;

/// The shell blocks of the README's tour, in their order.
fn tour() -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let tour = readme.split("## A tour in five minutes").nth(1).expect("the README has a tour");
    let tour = tour.split("\n## ").next().unwrap();
    let blocks = tour.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_in_the_readme_runs_as_written() {
    let database = rollcall_tests::TestDatabase::create().await;
    let data = tempfile::tempdir().unwrap();
    let place = [
        ("ROLLCALL__DATABASE__URL", database.url().to_owned()),
        ("ROLLCALL__DATA_DIR", data.path().to_str().unwrap().to_owned()),
    ];
    let server = Binary::serve(&place.each_ref().map(|(name, value)| (*name, value.as_str())));
    // Only where it serves, and which build it is, differs: the test takes whatever port is free.
    let script = tour().replace("http://127.0.0.1:8080", server.base());
    let script = script.replace("target/release/rollcall", Binary::path().to_str().unwrap());
    assert!(script.contains("curl"), "{script}");
    let folder = data.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let mut tour = Command::new("bash");
        tour.args(["-euo", "pipefail", "-c", &script]).envs(place).current_dir(folder);
        tour.output().unwrap()
    })
    .await
    .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    // What the README promises along the way.
    for promised in [
        "verification_sent",
        "\"role\":\"owner\"",
        "\"status\":\"pending\"",
        "\"role\":\"member\"",
        "role_lacks_permission",
        "last_owner",
        "\"secret\":\"rck_",
        "\"name\":\"Importer\"",
        "\"required_permission\":\"team:read\"",
        "\"code\":\"unauthenticated\"",
        "\"audit_log\":{\"enabled\":true",
        "\"email\":\"katherine@nasa.example\"",
    ] {
        assert!(said.contains(promised), "{promised} in {said}");
    }
    server.terminate();
}
