//! The whole benchmark, with little data and little time: whether it works, not what it finds out.

use std::{
    fs,
    process::{Command, Stdio},
};

use rollcall_tests::{Binary, TestDatabase};

#[tokio::test]
async fn every_row_can_be_measured() {
    let database = TestDatabase::create_empty().await;
    let program = Binary::path();
    let folder = program.parent().unwrap().join("bench-smoke");
    let process = Command::new(env!("CARGO_BIN_EXE_rollcall-bench"))
        .args(["run", "--rounds", "1", "--seconds", "0.9", "--small", "--database-url", database.url()])
        .arg("--rollcall")
        .arg(&program)
        .arg("--output")
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let databases = format!("rollcall_bench_{}_", process.id());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    for row in report["rows"].as_array().unwrap() {
        assert!(row["figure"].as_f64().is_some_and(|figure| figure > 0.0), "{row}");
    }
    let bytes = |name: &str| {
        let row = report["rows"].as_array().unwrap().iter().find(|row| row["row"] == name).unwrap();
        row["rounds"][0]["measure"]["bytes"].as_f64().unwrap()
    };
    // The pages are full: a member is a matter of two hundred bytes.
    assert!(bytes("members") > 20.0 * 150.0, "{}", bytes("members"));
    assert!(bytes("members-large") > 2.4 * bytes("members"), "{}", bytes("members-large"));
    let markdown = fs::read_to_string(folder.join("report.md")).unwrap();
    assert_eq!(markdown, String::from_utf8(output.stdout).unwrap().trim_end().to_owned() + "\n");
    let page = folder.join("page.md");
    fs::write(&page, "<!-- bench: begin -->\n<!-- bench: end -->\n").unwrap();
    let drawn = Command::new(env!("CARGO_BIN_EXE_rollcall-bench"))
        .arg("draw")
        .arg(folder.join("report.json"))
        .arg("--output")
        .arg(folder.join("images"))
        .arg("--document")
        .arg(&page)
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let page = fs::read_to_string(&page).unwrap();
    assert!(page.contains("](images/targets.svg)") && page.contains("| session check, warm "), "{page}");
    for picture in ["images/targets.svg", "targets.svg"] {
        assert!(
            fs::read_to_string(folder.join(picture)).unwrap().contains("session check, warm"),
            "{picture}"
        );
    }
    let drawn: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("images/report.json")).unwrap()).unwrap();
    assert_eq!(drawn["rows"].as_array().unwrap().len(), report["rows"].as_array().unwrap().len());
    let left = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{databases}')");
    let left = database.rows(&left).await;
    assert!(left.is_empty(), "{left:?}");
}
