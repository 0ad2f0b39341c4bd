//! Files that say what something looked like when somebody last agreed to it.

use std::{env, fs, path::PathBuf};

/// Compares a text with a golden file; with `UPDATE_GOLDEN=1` it becomes the file.
#[track_caller]
pub fn compare_with_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if golden != text {
        let line = golden.lines().zip(text.lines()).position(|(golden, text)| golden != text);
        let line = line.unwrap_or_else(|| golden.lines().count().min(text.lines().count()));
        panic!(
            "tests/golden/{name} differs from line {}:\n  was: {}\n  is:  {}\nIf that is meant, run `cargo xtask generate` and \
             look at the difference.",
            line + 1,
            golden.lines().nth(line).unwrap_or("(the end)"),
            text.lines().nth(line).unwrap_or("(the end)"),
        );
    }
}
