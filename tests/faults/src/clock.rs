//! A node whose clock jumps, by libfaketime, where that is installed.

use std::{fs, path::PathBuf, time::Duration};

use tokio::time::sleep;

use crate::stage::Stage;

/// Where the library is, and what it may be called.
const FOLDERS: [&str; 3] = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// How far the clock jumps, one after the other.
const JUMPS: [&str; 3] = ["+3h", "-3h", "+0"];

/// Lets the clock of the last node jump hours ahead, hours back, and back to what is right; gives back what is to be said of it.
pub(crate) async fn jump(stage: &Stage, hold: Duration) -> String {
    let Some(library) = library() else { return "skipped: libfaketime is not installed".to_owned() };
    let node = stage.nodes.last().expect("a node");
    let file = stage.setting.folder.join("clock");
    fs::write(&file, "+0\n").unwrap();
    stage.terminate(node).await;
    node.set_environment(&[
        ("LD_PRELOAD", &library.to_string_lossy()),
        ("FAKETIME_TIMESTAMP_FILE", &file.to_string_lossy()),
        // It looks again each second.
        ("FAKETIME_CACHE_DURATION", "1"),
        // Only what clocks on walls show.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]);
    node.start(None).await;
    for jump in JUMPS {
        fs::write(&file, format!("{jump}\n")).unwrap();
        sleep(hold).await;
    }
    node.set_environment(&[]);
    stage.terminate(node).await;
    node.start(None).await;
    format!("{} by {}", node.name(), JUMPS[..2].join(" and "))
}

fn library() -> Option<PathBuf> {
    let below = |folder: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).chain([PathBuf::from(folder)]).collect()
    };
    let folders = FOLDERS.into_iter().flat_map(below);
    folders.map(|folder| folder.join(LIBRARY)).find(|library| library.exists())
}
