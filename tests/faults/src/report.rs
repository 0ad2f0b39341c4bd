//! What came out, as a table.

use std::{fmt::Write, fs, io, path::Path};

use crate::{faults::Outcome, journal::Wrong};

/// Where the table is in the document.
const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// The table, in Markdown.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = "| fault | requests | acknowledged | refused | unknown | lost | doubled | of others | stale | unexpected | stuck | recovered after | |\n\
                     | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
        .to_owned();
    for outcome in outcomes {
        let count = |what: Wrong| outcome.wrong.iter().filter(|(wrong, _)| *wrong == what).count();
        let figures = outcome.figures;
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s | {} |",
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
            outcome.note,
        );
    }
    table
}

/// How much has been running, or has waited to, of late (proc_loadavg(5): the first figure); none where nobody counts that.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// What the figures were measured on.
pub(crate) fn circumstances(nodes: usize, organizations: usize, before: Option<f64>) -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let others = match before {
        Some(load) if load > 0.5 => {
            format!(" that had other work as well: the load average was {load:.1} before the run began")
        }
        _ => String::new(),
    };
    format!(
        "{nodes} nodes, as they are built for tests, and {organizations} organizations, on {processors} processors{others}.\n\n"
    )
}

/// Puts the table where it belongs in a document. What that says of faults that this run had nothing to do with stays, in the order of `names`.
pub(crate) fn write(document: &Path, circumstances: &str, table: &str, names: &[String]) -> io::Result<()> {
    let text = fs::read_to_string(document)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (old, after) = rest.split_once(END)?;
        Some((before, old, after))
    });
    let (before, old, after) = parts.ok_or_else(|| io::Error::other(format!("no {BEGIN} … {END}")))?;
    let table = joined(old, table, names);
    fs::write(document, format!("{before}{BEGIN}\n\n{circumstances}{table}\n{END}{after}"))
}

/// A table with the rows of another that it lacks.
fn joined(old: &str, new: &str, names: &[String]) -> String {
    let row = |table: &str, name: &str| {
        let begin = format!("| {name} |");
        table.lines().find(|line| line.starts_with(&begin)).map(str::to_owned)
    };
    let rows = names.iter().filter_map(|name| row(new, name).or_else(|| row(old, name)));
    new.lines().take(2).map(str::to_owned).chain(rows).fold(String::new(), |table, row| table + &row + "\n")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_run_of_some_faults_leaves_the_rows_of_the_others() {
        let names = ["none", "database killed", "at the end"].map(str::to_owned);
        let old = "Some words.\n\n| fault | lost |\n| --- | ---: |\n| none | 1 |\n| at the end | 0 |\n| gone since | 0 |\n";
        let new = "| fault | lost |\n| --- | ---: |\n| database killed | 2 |\n| at the end | 3 |\n";
        let table =
            "| fault | lost |\n| --- | ---: |\n| none | 1 |\n| database killed | 2 |\n| at the end | 3 |\n";
        assert_eq!(joined(old, new, &names), table);
    }
}
