//! The page on which a report is: tables and pictures in `docs/performance.md`.

use std::{fs, path::Path};

use crate::{Result, pictures::Picture, report::Report};

/// Where they are in the document.
const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// What stands between the two, with the pictures in a folder that is called so from the document.
fn text(report: &Report, pictures: &[Picture], folder: &str) -> String {
    let pictures: Vec<String> = pictures
        .iter()
        .map(|Picture { name, title, .. }| format!("![{title}]({folder}/{name}.svg)\n"))
        .collect();
    format!("{}\n{}\n{}", report.heading(), pictures.join("\n"), report.tables())
}

/// A document with a report in its place.
fn with(document: &str, report: &str) -> Result<String> {
    let parts = document.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("there is no {BEGIN} … {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{report}\n{END}{after}"))
}

/// Writes a report into a document.
///
/// # Errors
/// If the document has no place for it, or the pictures are not below the document's folder.
pub(crate) fn write(document: &Path, report: &Report, pictures: &[Picture], folder: &Path) -> Result {
    let beside = document.parent().ok_or("the document is in no folder")?;
    let below = fs::canonicalize(folder)?.strip_prefix(fs::canonicalize(beside)?)?.to_owned();
    let below = below.to_str().ok_or("the pictures' folder has no name that is text")?;
    let text = text(report, pictures, below);
    Ok(fs::write(document, with(&fs::read_to_string(document)?, &text)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pictures, report::tests::report};

    #[test]
    fn a_report_takes_the_place_of_the_one_before_and_nothing_else_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (document, images) = (folder.path().join("page.md"), folder.path().join("images/bench"));
        fs::write(&document, format!("before\n\n{BEGIN}\nold\n{END}\n\nafter\n")).expect("written");
        fs::create_dir_all(&images).expect("a folder");
        for figure in [1.0, 2.0] {
            let report = report("2026-01-02 03:04:05", &["session-warm"], figure);
            write(&document, &report, &pictures::of(&report), &images).expect("written");
            let text = fs::read_to_string(&document).expect("a page");
            assert!(text.starts_with("before\n\n<!--") && text.ends_with("-->\n\nafter\n"), "{text}");
            assert!(text.contains("![Every row to its target](images/bench/targets.svg)\n"), "{text}");
            assert!(text.contains(&format!("| session check, warm | {figure}.00/s ")), "{text}");
            assert_eq!(text.matches("Measured at").count(), 1, "{text}");
        }
        fs::write(&document, "no place").expect("written");
        let report = report("2026-01-02 03:04:05", &["session-warm"], 1.0);
        assert!(write(&document, &report, &pictures::of(&report), &images).is_err());
    }

    /// `cargo xtask bench --write` writes all of them, and `cargo xtask generate` draws them anew.
    #[test]
    fn the_table_and_the_pictures_of_the_page_are_those_of_the_report_beside_them() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let page = fs::read_to_string(docs.join("performance.md")).expect("the page");
        let folder = docs.join("images/bench");
        if !folder.join("report.json").exists() {
            assert!(
                !page.contains("](images/bench/"),
                "the page shows pictures of a report that is not there"
            );
            return;
        }
        let report = Report::open(&folder.join("report.json")).expect("a report");
        let pictures = pictures::of(&report);
        let fresh = with(&page, &text(&report, &pictures, "images/bench")).expect("a place");
        assert!(page == fresh, "cargo xtask generate writes docs/performance.md anew");
        for Picture { name, svg, .. } in &pictures {
            let kept = fs::read_to_string(folder.join(name).with_extension("svg")).expect("a picture");
            assert!(kept == *svg, "cargo xtask generate draws {name}.svg anew");
        }
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), pictures.len() + 1);
    }
}
