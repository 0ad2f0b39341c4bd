//! `docs/asvs.md` speaks of every requirement, and of nothing that is not there.

use std::{collections::BTreeSet, fs, path::Path};

use crate::catalogue::{OF_ORGANIZATIONS, OTHERS};

/// The level of each requirement of ASVS 5.0.0, a text for each section, chapter by chapter.
const LEVELS: [&[&str]; 17] = [
    &["22", "1111122223", "112222222223", "222", "123"],
    &["122", "112", "12223", "23"],
    &["3", "113", "12223", "11222233", "11122333", "3", "22333"],
    &["12233", "23333", "22", "1222"],
    &["2", "112333", "113", "222"],
    &["122", "111111112222", "11223333", "112233", "22222333", "2223", "33", "2222"],
    &["222", "1111", "22", "11222", "223", "22"],
    &["1233", "1123", "133", "23"],
    &["111", "1222"],
    &["22", "223", "22223", "1111122222233333", "22222", "22", "222"],
    &["2233", "22233", "11233", "1222", "23", "23", "33"],
    &["12233", "11", "22223"],
    &["2333", "222223", "2233", "1222233"],
    &["22", "12223333", "122"],
    &["12233", "12233", "1222222", "3333"],
    &["2", "22222", "2222", "222", "2223"],
    &["23", "22223333", "22"],
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

/// Whether what is named is a file or a folder.
fn is_a_path(name: &str) -> bool {
    name.contains('/') && !name.starts_with('/') || name.ends_with(".md") || name.ends_with(".toml")
}

/// What a text names.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|name| !name.contains(' '))
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
        numbers.push((number.to_owned(), level.to_owned()));
        assert!(["met", "operator", "partly", "none", "not met"].contains(&standing), "{line}");
        assert!(!text.is_empty(), "{line}");
        let is_shown = named(text).any(|name| is_a_path(name) || known.contains(name));
        assert!(is_shown || standing != "met", "names neither a file nor a test: {line}");
    }
    let wanted: Vec<(String, String)> = (1..)
        .zip(LEVELS)
        .flat_map(|(chapter, sections)| {
            (1..).zip(sections).flat_map(move |(section, levels)| {
                let levels = (1..).zip(levels.chars());
                levels.map(move |(n, level)| (format!("{chapter}.{section}.{n}"), level.to_string()))
            })
        })
        .collect();
    assert_eq!(numbers, wanted);
    for name in named(&document) {
        if is_a_path(name) {
            assert!(workspace.join(name).exists(), "{name} is not there");
        } else if name.matches('_').count() > 2 {
            assert!(known.contains(name), "there is no test {name}");
        }
    }
}
