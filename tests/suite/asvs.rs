//! `docs/asvs.md` speaks of every requirement, and of nothing that is not there.

use std::{collections::BTreeSet, fs, path::Path};

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
