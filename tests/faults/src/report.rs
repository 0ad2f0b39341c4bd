//! What came out, as a table.

use std::{fmt::Write, fs, io, path::Path, time::SystemTime};

use time::{OffsetDateTime, macros::format_description};

use crate::{faults::Outcome, journal::Wrong};

/// Where the figures are in the document.
const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

const HEAD: &str = "\
| fault | requests | acknowledged | refused | unknown | lost | doubled | of others | stale | unexpected | stuck | recovered after | | run |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |
";
const MISSED: &str = "No node got to these steps in time, so none was killed there:";

/// How much is shown of a statement. The run itself tells all of it.
const SHOWN: usize = 120;

/// A run: its time, by which its rows name it, what was built, and on what it ran.
pub(crate) struct Run {
    /// When it began, to the minute.
    began: String,
    /// The commit that was built, where that is known.
    commit: Option<String>,
    nodes: usize,
    organizations: usize,
    /// How much was running on the machine before it began, or waited to (proc_loadavg(5): the first figure); none where nobody counts that.
    load: Option<f64>,
}

impl Run {
    /// One that begins now.
    pub(crate) fn begin(commit: Option<String>, nodes: usize, organizations: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a run is of the day on which it is made")]
        let now = OffsetDateTime::from(SystemTime::now());
        let load =
            fs::read_to_string("/proc/loadavg").ok().and_then(|load| load.split(' ').next()?.parse().ok());
        let began = now.format(format_description!("[year]-[month]-[day] [hour]:[minute]")).unwrap();
        Self { began, commit, nodes, organizations, load }
    }

    /// What is said of it above the table.
    fn line(&self) -> String {
        let Self { began, commit, nodes, organizations, load } = self;
        let commit =
            commit.as_ref().map_or("of an unknown commit".to_owned(), |commit| format!("commit {commit}"));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let load = load.map_or("unknown".to_owned(), |load| format!("{load:.1}"));
        format!(
            "- {began} UTC, {commit}: {nodes} nodes, as they are built for tests, and {organizations} organizations, on {processors} processors; \
             the load average before it began was {load}"
        )
    }
}

/// The figures of a run, in Markdown: what it was, the table, and which steps no node got to.
pub(crate) fn figures(run: &Run, outcomes: &[Outcome]) -> String {
    let rows: Vec<String> = outcomes.iter().map(|outcome| row(run, outcome)).collect();
    let missed: Vec<String> = outcomes.iter().filter_map(missed).collect();
    laid_out(&[&run.line()], &borrowed(&rows), &borrowed(&missed))
}

fn borrowed(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

fn row(run: &Run, outcome: &Outcome) -> String {
    let count = |what: Wrong| outcome.wrong.iter().filter(|(wrong, _)| *wrong == what).count();
    let figures = outcome.figures;
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s | {} | {} |",
        outcome.fault,
        figures.requests,
        figures.acknowledged,
        figures.refused,
        figures.unknown,
        count(Wrong::Lost),
        count(Wrong::Twice),
        count(Wrong::Stranger),
        count(Wrong::Stale),
        count(Wrong::Answer),
        count(Wrong::Stuck),
        outcome.recovery.as_secs_f64(),
        outcome.remarks.note,
        run.began,
    )
}

/// The steps of a fault that no node got to.
fn missed(outcome: &Outcome) -> Option<String> {
    let shown = |step: &String| match step.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &step[..end]),
        None => format!("`{step}`"),
    };
    let steps: Vec<String> = outcome.remarks.missed.iter().map(shown).collect();
    (!steps.is_empty()).then(|| format!("- {}: {}", outcome.fault, steps.join(", ")))
}

fn laid_out(runs: &[&str], rows: &[&str], missed: &[&str]) -> String {
    let mut text = format!("{}\n\n{HEAD}", runs.join("\n"));
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{row}");
    }
    if !missed.is_empty() {
        let _ = writeln!(text, "\n{MISSED}\n\n{}", missed.join("\n"));
    }
    text
}

/// Puts figures where they belong in a document. What that says of faults that this run had nothing to do with stays, in the order of
/// `names`.
pub(crate) fn write(document: &Path, figures: &str, names: &[String]) -> io::Result<()> {
    let text = fs::read_to_string(document)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (old, after) = rest.split_once(END)?;
        Some((before, old, after))
    });
    let (before, old, after) = parts.ok_or_else(|| io::Error::other(format!("no {BEGIN} … {END}")))?;
    let figures = joined(old, figures, names);
    fs::write(document, format!("{before}{BEGIN}\n\n{figures}\n{END}{after}"))
}

/// Figures with the rows of others that they lack, with the steps that were missed in those, and with the runs that those are of.
fn joined(old: &str, new: &str, names: &[String]) -> String {
    fn find<'a>(figures: &'a str, begin: &str) -> Option<&'a str> {
        figures.lines().find(|line| line.starts_with(begin))
    }
    let (mut rows, mut missed) = (Vec::<&str>::new(), Vec::<&str>::new());
    for name in names {
        let begin = format!("| {name} |");
        let figures = if find(new, &begin).is_some() { new } else { old };
        rows.extend(find(figures, &begin));
        missed.extend(find(figures, &format!("- {name}: ")));
    }
    let has_rows = |line: &&str| {
        let begun = line.strip_prefix("- ").and_then(|line| line.split_once(" UTC, "));
        begun.is_some_and(|(began, _)| rows.iter().any(|row| row.ends_with(&format!("| {began} |"))))
    };
    let mut runs: Vec<&str> = Vec::new();
    for run in new.lines().chain(old.lines()).filter(has_rows) {
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    laid_out(&runs, &rows, &missed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{faults::Remarks, journal::Figures};

    fn run(began: &str, commit: Option<&str>) -> Run {
        let commit = commit.map(str::to_owned);
        Run { began: began.to_owned(), commit, nodes: 3, organizations: 2, load: Some(4.04) }
    }

    fn outcome(fault: &str, requests: u64, missed: &[&str]) -> Outcome {
        Outcome {
            fault: fault.to_owned(),
            figures: Figures { requests, ..Figures::default() },
            recovery: Duration::from_millis(1_300),
            wrong: Vec::new(),
            remarks: Remarks {
                note: String::new(),
                missed: missed.iter().map(|step| (*step).to_owned()).collect(),
            },
        }
    }

    #[test]
    fn figures_say_when_they_were_measured_of_what_and_what_was_not_got_to() {
        let long = format!("after UPDATE mails SET {}", "ä".repeat(SHOWN));
        let outcomes =
            [outcome("none", 5, &[]), outcome("node killed: outbox mail", 7, &["before COMMIT", &long])];
        let figures = figures(&run("2026-12-01 14:05", Some("`e42b9ffd`")), &outcomes);
        assert!(figures.starts_with("- 2026-12-01 14:05 UTC, commit `e42b9ffd`: 3 nodes, "), "{figures}");
        assert!(figures.contains(" the load average before it began was 4.0\n\n| fault | "), "{figures}");
        assert!(
            figures.contains(
                "\n| none | 5 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1.3 s |  | 2026-12-01 14:05 |\n"
            )
        );
        let steps = format!(
            "\n{MISSED}\n\n- node killed: outbox mail: `before COMMIT`, `after UPDATE mails SET {}…`\n",
            "ä".repeat(SHOWN - 23)
        );
        assert!(figures.ends_with(&steps), "{figures}");
        let all = super::figures(&run("2026-12-01 14:05", None), &outcomes[..1]);
        assert!(all.contains(" UTC, of an unknown commit: ") && !all.contains(MISSED), "{all}");
    }

    #[test]
    fn a_run_of_some_faults_leaves_the_rows_of_the_others_with_their_run() {
        let names = ["none", "database killed", "node killed: purge", "at the end"].map(str::to_owned);
        let all = [
            outcome("none", 1, &[]),
            outcome("node killed: purge", 2, &["before a"]),
            outcome("at the end", 3, &[]),
            outcome("gone since", 4, &["after b"]),
        ];
        let first = run("2026-11-30 08:00", Some("`aaaa`"));
        let old = format!("\n\n{}\n", figures(&first, &all));
        let some = [outcome("database killed", 5, &[]), outcome("at the end", 6, &[])];
        let second = run("2026-12-01 09:00", Some("`bbbb`"));
        let new = figures(&second, &some);
        let expected = laid_out(
            &[&second.line(), &first.line()],
            &[&row(&first, &all[0]), &row(&second, &some[0]), &row(&first, &all[1]), &row(&second, &some[1])],
            &["- node killed: purge: `before a`"],
        );
        assert_eq!(joined(&old, &new, &names), expected);
        // What a later run got to is missed no more, and a run of which nothing is left is not named.
        let names = names[2..3].to_vec();
        let new = figures(&second, &[outcome("node killed: purge", 7, &[])]);
        assert_eq!(joined(&expected, &new, &names), new);
    }
}
