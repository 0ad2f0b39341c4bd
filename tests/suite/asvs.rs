//! `docs/asvs.md` speaks of every requirement, and of nothing that is not there.

use std::{collections::BTreeSet, fs, path::Path};

use crate::catalogue::{OF_ORGANIZATIONS, OTHERS};

/// How many requirements each section of ASVS 5.0.0 has, chapter by chapter.
const SECTIONS: [&[usize]; 17] = [
    &[2, 10, 12, 3, 3],
    &[3, 3, 5, 2],
    &[1, 3, 5, 8, 8, 1, 5],
    &[5, 5, 2, 4],
    &[1, 6, 3, 3],
    &[3, 12, 8, 6, 8, 4, 2, 4],
    &[3, 4, 2, 5, 3, 2],
    &[4, 4, 3, 2],
    &[3, 4],
    &[2, 3, 5, 16, 5, 2, 3],
    &[4, 5, 5, 4, 2, 2, 2],
    &[5, 2, 5],
    &[4, 6, 4, 7],
    &[2, 8, 3],
    &[5, 5, 7, 4],
    &[1, 5, 4, 3, 4],
    &[2, 8, 2],
];

/// Every function of the workspace that is a test.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut after_test = false;
            for line in text.lines().map(str::trim) {
                if line.ends_with("test]") || line.contains("::test(") {
                    after_test = true;
                } else if let Some((_, name)) = line.split_once("fn ").filter(|_| after_test) {
                    found.insert(name.split('(').next().unwrap().to_owned());
                    after_test = false;
                }
            }
        }
    }
}

/// Files of crates, but for what is only there to test them.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("fuzzing.rs")
        {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// How a line begins that says what the keyring is asked for.
const CONSTANTS: [&str; 2] = ["const PURPOSE: &str = \"", "const DEVICE: &str = \""];

/// Crates that encrypt, sign, hash, draw by chance, or keep secrets.
const CRYPTOGRAPHY: [&str; 15] = [
    "argon2",
    "chacha20poly1305",
    "ed25519-dalek",
    "getrandom",
    "hkdf",
    "hmac",
    "ring",
    "rustls",
    "sha2",
    "subtle",
    "totp-rs",
    "webauthn-rs",
    "zeroize",
    "aes-gcm",
    "sha1",
];

#[test]
fn asvs_11_1_2_the_inventory_has_every_purpose_and_every_crate() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let inventory = fs::read_to_string(workspace.join("docs/cryptography.md")).unwrap();
    let named: BTreeSet<&str> = inventory.split('`').skip(1).step_by(2).collect();
    let mut purposes = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for room in fs::read_dir(workspace.join("crates")).unwrap() {
        let room = room.unwrap().path();
        let mut files = Vec::new();
        sources(&room.join("src"), &mut files);
        for file in &files {
            let constants = file.lines().filter(|line| CONSTANTS.iter().any(|name| line.starts_with(name)));
            purposes.extend(constants.filter_map(|line| line.split('"').nth(1)).map(str::to_owned));
            // Where there are several of a kind, a function says them.
            let told = file
                .split("fn purpose(self) -> &'static str {")
                .nth(1)
                .and_then(|rest| rest.split("\n    }\n").next());
            purposes.extend(
                told.into_iter().flat_map(|told| told.split('"').skip(1).step_by(2)).map(str::to_owned),
            );
        }
        let manifest = fs::read_to_string(room.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for line in dependencies.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            seen.extend(CRYPTOGRAPHY.iter().copied().find(|one| *one == name));
        }
    }
    assert!(
        purposes.contains("totp seed") && purposes.contains("cursor/v1") && seen.len() > 10,
        "{purposes:?} {seen:?}"
    );
    for purpose in &purposes {
        assert!(named.contains(purpose.as_str()), "docs/cryptography.md lacks the purpose {purpose}");
    }
    for name in seen {
        assert!(named.contains(name), "docs/cryptography.md lacks the crate {name}");
    }
}

#[test]
fn asvs_14_1_1_every_table_is_in_the_list_of_assets() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = fs::read_to_string(workspace.join("docs/security-model.md")).unwrap();
    let assets = document.split("| what | where it lies |").nth(1).expect("a list of assets");
    let assets = assets.split("\n## ").next().unwrap_or_default();
    // `recordings.manifest` speaks of the table as well.
    let named: BTreeSet<&str> =
        assets.split('`').skip(1).step_by(2).filter_map(|name| name.split('.').next()).collect();
    for table in OF_ORGANIZATIONS.iter().map(|(table, _)| table).chain(&OTHERS) {
        assert!(named.contains(table), "docs/security-model.md says nothing of {table}");
    }
}

#[test]
fn every_requirement_has_a_line_and_what_it_names_is_there() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = fs::read_to_string(workspace.join("docs/asvs.md")).unwrap();
    let mut known = BTreeSet::new();
    for folder in ["crates", "tests"] {
        tests(&workspace.join(folder), &mut known);
    }
    let mut numbers = Vec::new();
    for line in document.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, level, standing, text] = cells[..] else { continue };
        if !number.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        numbers.push(number.to_owned());
        assert!(["1", "2", "3"].contains(&level), "{line}");
        assert!(["met", "operator", "partly", "none", "not met"].contains(&standing), "{line}");
        assert!(!text.is_empty(), "{line}");
    }
    let wanted: Vec<String> = (1..)
        .zip(SECTIONS)
        .flat_map(|(chapter, sections)| {
            (1..).zip(sections).flat_map(move |(section, count)| {
                (1..=*count).map(move |n| format!("{chapter}.{section}.{n}"))
            })
        })
        .collect();
    assert_eq!(numbers, wanted);
    let named = document.split('`').skip(1).step_by(2);
    for name in named.filter(|name| !name.contains(' ')) {
        if name.contains('/') && !name.starts_with('/') || name.ends_with(".md") || name.ends_with(".toml") {
            assert!(workspace.join(name).exists(), "{name} is not there");
        } else if name.matches('_').count() > 2 {
            assert!(known.contains(name), "there is no test {name}");
        }
    }
}
