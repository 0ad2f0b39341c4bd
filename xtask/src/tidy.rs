//! The walls: who may depend on whom, and what a file may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

use crate::process::{Result, output, root};

/// A file with more lines wants to be split.
const MOST_LINES: usize = 500;

/// Checks that edges between crates are those that ARCHITECTURE.md lists, that no file is too long, that every parser that is tried in
/// tests has a fuzz target, and that no line of the log leaves out what an error comes from.
pub(crate) fn run() -> Result {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let mut problems = edges_off_the_list(&allowed(&architecture)?, &edges()?);
    problems.extend(long_files()?);
    problems.extend(not_fuzzed()?);
    problems.extend(causes_left_out()?);
    for problem in &problems {
        println!("tidy: {problem}");
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("{} things are not tidy", problems.len()).into()) }
}

type Edges = BTreeMap<String, BTreeSet<String>>;

/// The block that begins with "```edges": a line per crate, `name: those it may see`.
fn allowed(architecture: &str) -> Result<Edges> {
    let block = architecture.split("```edges\n").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.ok_or("ARCHITECTURE.md has no block of edges")?;
    let lines = block.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, seen) = line.split_once(':').ok_or_else(|| format!("{line:?} is no line of edges"))?;
            Ok((name.trim().to_owned(), seen.split_whitespace().map(str::to_owned).collect()))
        })
        .collect()
}

/// Which of our crates sees which, leaving out what only tests see.
fn edges() -> Result<Edges> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()?;
    let short = |name: &str| name.strip_prefix("rollcall-").unwrap_or(name).to_owned();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let edges = metadata.packages.iter().map(|package| {
        let seen =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let seen =
            seen.map(|dependency| dependency.name.as_str()).filter(|name| ours.contains(name)).map(short);
        (short(&package.name), seen.collect())
    });
    Ok(edges.collect())
}

fn edges_off_the_list(allowed: &Edges, found: &Edges) -> Vec<String> {
    let nothing = BTreeSet::new();
    let mut problems = Vec::new();
    for (name, seen) in found {
        let Some(may_see) = allowed.get(name) else {
            problems
                .push(format!("{name} is not on the list of edges in ARCHITECTURE.md: add a line for it"));
            continue;
        };
        for other in seen.difference(may_see) {
            problems
                .push(format!("{name} must not see {other}: go through a port, or move the wall on purpose"));
        }
    }
    for (name, may_see) in allowed {
        for other in may_see.difference(found.get(name).unwrap_or(&nothing)) {
            problems.push(format!("{name} does not see {other} any more: take it off the list of edges"));
        }
    }
    problems
}

/// The sources, each with its text.
fn sources(which: &str) -> Result<Vec<(PathBuf, String)>> {
    let files = output(std::process::Command::new("git").current_dir(root()).args(["ls-files", which]))?;
    let files = files.lines().map(PathBuf::from);
    // A file that is deleted but not yet committed is no file any more.
    Ok(files.filter_map(|file| Some((file.clone(), fs::read_to_string(root().join(file)).ok()?))).collect())
}

fn long_files() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (file, text) in sources("*.rs")? {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            problems.push(format!("{} has {lines} lines: split it at its seams", file.display()));
        }
    }
    Ok(problems)
}

/// What log lines may show by `%` or `?` as it is, by the last segment of its name. Anything else may be an error, which by itself leaves out
/// its causes.
const NO_ERRORS: [&str; 9] =
    ["ErrorChain", "UseCase", "id", "log", "method", "organization", "origin", "recording", "what"];

/// Log lines that may show an error without its causes.
fn causes_left_out() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (file, text) in sources("crates/*.rs")? {
        for (line, name) in without_causes(&text) {
            let place = format!("{}:{line}", file.display());
            problems.push(format!(
                "{place} logs {name} without its causes: write %ErrorChain(&{name}), or put it on the list of what is no error"
            ));
        }
    }
    Ok(problems)
}

/// What the lines of a file show that may be an error, with their numbers.
fn without_causes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines());
    let found = lines.flat_map(|(number, line)| shown(line).map(move |name| (number, name)));
    found.filter(|(_, name)| !NO_ERRORS.contains(&name.rsplit(['.', ':']).next().unwrap_or(name)))
}

/// What a line shows by `%` or `?` where the value of a field begins.
fn shown(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start();
    line.match_indices(['%', '?']).filter_map(move |(at, _)| {
        let (before, after) = (&line[..at], line[at + 1..].trim_start_matches(['&', '*']));
        let begins = before.is_empty() || ["(", ", ", "= "].iter().any(|sign| before.ends_with(sign));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
        let (name, after) = after.split_at(after.find(|c: char| !is_name(c)).unwrap_or(after.len()));
        let ends = after.is_empty() || after.starts_with([',', '(', ')']);
        (begins && ends && !name.is_empty()).then_some(name)
    })
}

/// What is in a crate's `fuzzing` module without being under `fuzz/` as well.
fn not_fuzzed() -> Result<Vec<String>> {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml"))?;
    let mut problems = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let room = entry?.path();
        let Ok(module) = fs::read_to_string(room.join("src/fuzzing.rs")) else { continue };
        let room = room.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
        for name in targets_in(&module) {
            let (target, call) =
                (format!("{room}_{name}"), format!("rollcall_{room}::fuzzing::{name}(bytes)"));
            let file = fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{target}.rs")));
            if !file.is_ok_and(|file| file.contains(&call))
                || !manifest.contains(&format!("name = \"{target}\""))
            {
                problems
                    .push(format!("{call} is no target of fuzz/: add {target}, to its Cargo.toml as well"));
            }
        }
    }
    Ok(problems)
}

/// The functions of bytes that a `fuzzing` module has.
fn targets_in(module: &str) -> impl Iterator<Item = &str> {
    module.lines().filter_map(|line| line.strip_prefix("pub fn ")?.strip_suffix("(bytes: &[u8]) {"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        assert!(run().is_ok(), "cargo xtask tidy says what is wrong");
    }

    #[test]
    fn errors_that_are_logged_without_their_causes_are_found() {
        let text =
            "tracing::warn!(error = %ErrorChain(&error), organization = %order.organization, \"50, %H:%M\");
tracing::warn!(%error, \"b\");
    error = %source,
    %log,
    ?failed.cause,
tracing::info!(reason = %lost, \"c\");
tracing::info!(log, reason = %&lost, \"d\");
fn by<T: ?Sized>(t: &T, a: u8) -> Option<u8> { t.get(a % size)? }
";
        assert_eq!(
            without_causes(text).collect::<Vec<_>>(),
            [(2, "error"), (3, "source"), (5, "failed.cause"), (6, "lost"), (7, "lost")]
        );
    }

    #[test]
    fn functions_of_bytes_are_found() {
        let module =
            "/// One.\npub fn one(bytes: &[u8]) {\n}\nfn not(bytes: &[u8]) {\npub fn two(bytes: &[u8]) {\n";
        assert_eq!(targets_in(module).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn an_edge_that_is_not_on_the_list_is_found() {
        let list = allowed("text\n```edges\ndomain:\napplication: domain\n```\n").expect("edges");
        let edges = |text: &[(&str, &[&str])]| -> Edges {
            text.iter()
                .map(|(name, seen)| ((*name).to_owned(), seen.iter().map(|s| (*s).to_owned()).collect()))
                .collect()
        };
        assert!(
            edges_off_the_list(&list, &edges(&[("domain", &[]), ("application", &["domain"])])).is_empty()
        );
        assert_eq!(
            edges_off_the_list(&list, &edges(&[("domain", &["application"]), ("application", &["domain"])]))
                .len(),
            1
        );
        assert_eq!(edges_off_the_list(&list, &edges(&[("domain", &[]), ("application", &[])])).len(), 1);
        assert_eq!(
            edges_off_the_list(&list, &edges(&[("new", &[]), ("domain", &[]), ("application", &["domain"])]))
                .len(),
            1
        );
    }
}
