//! Pictures of a report: plain SVG, which every browser shows, by day and in the dark.

mod canvas;

use std::{fs, path::Path, time::Duration};

use canvas::{Bar, Dots, Mark, bars, dots};

use crate::{
    Result,
    report::{MeasuredRow, Report},
    rows::Target,
    summary::{Measure, Summary, Verdict, median, to_peer},
    tables::{number, time, unit},
};

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// What it is called, without the ending.
    pub(crate) name: &'static str,
    /// What it shows, in a few words.
    pub(crate) title: &'static str,
    /// The picture itself.
    pub(crate) svg: String,
}

/// All pictures of a report. Every row is in the first.
pub(crate) fn of(report: &Report) -> Vec<Picture> {
    let mut pictures = vec![targets(report), cpu(report), latency(report)];
    pictures.extend(peer(report));
    pictures
}

/// Writes pictures into a folder, and takes away those that it had before and that are made no more.
pub(crate) fn write(pictures: &[Picture], folder: &Path) -> Result {
    fs::create_dir_all(folder)?;
    for name in ["targets", "cpu", "latency", "peer"] {
        let path = folder.join(name).with_extension("svg");
        match pictures.iter().find(|picture| picture.name == name) {
            Some(picture) => fs::write(path, &picture.svg)?,
            None if path.exists() => fs::remove_file(path)?,
            None => {}
        }
    }
    Ok(())
}

/// Each row to what is wanted of it.
fn targets(report: &Report) -> Picture {
    const TITLE: &str = "Every row to its target";
    let mut all = Vec::new();
    for MeasuredRow { row, rounds, .. } in &report.rows {
        let summary = Summary::of(row, rounds);
        if summary.verdicts.is_empty() {
            let note = format!("{}{}, no target", number(summary.figure), unit(row.work));
            all.push(Bar { label: row.title.to_owned(), value: None, is_short: false, note });
        }
        for verdict in &summary.verdicts {
            let tail = if matches!(verdict.target, Target::TailOfFloor(_)) { ", p99" } else { "" };
            let (one, other) = (verdict.to_target(verdict.spread.0), verdict.to_target(verdict.spread.1));
            let value = verdict.to_target(verdict.value);
            let is_short = !verdict.is_met();
            let verdict =
                format!("{}: {}", if is_short { "SHORT" } else { "met" }, said(*verdict, unit(row.work)));
            all.push(Bar {
                label: format!("{}{tail}", row.title),
                value: value.is_finite().then(|| (value, one.min(other), one.max(other))),
                is_short,
                note: verdict,
            });
        }
    }
    let explained = "Right of the line is better than the target, left of it falls short and is hatched. Thin lines reach from the worst round to the best.";
    Picture {
        name: "targets",
        title: TITLE,
        svg: bars(TITLE, explained, "times as good as the target", &all),
    }
}

/// What there is, and what is wanted.
fn said(verdict: Verdict, unit: &str) -> String {
    match verdict.target {
        _ if verdict.value.is_nan() => "not measured".to_owned(),
        Target::OfFloor(least) => format!("{:.2} of {least}", verdict.value),
        Target::TailOfFloor(most) => format!("{:.1} × for {most} ×", verdict.value),
        Target::AtMost(most) => format!("{}{unit} for {most}", number(verdict.value)),
        Target::AtLeast(least) => format!("{}{unit} for {}", number(verdict.value), number(least)),
    }
}

/// What an answer costs of the processor.
fn cpu(report: &Report) -> Picture {
    const TITLE: &str = "The processor's time for one answer";
    let marks = [
        Mark { name: "service", is_square: false, part: |measure| measure.cpu },
        Mark { name: "database", is_square: true, part: |measure| measure.database_cpu },
    ];
    Picture { name: "cpu", title: TITLE, svg: dots(TITLE, EXPLAINED, marks, &loads(report, marks)) }
}

/// How long answers take.
fn latency(report: &Report) -> Picture {
    const TITLE: &str = "How long answers take, with 16 connections";
    let marks = [
        Mark { name: "p50", is_square: false, part: |measure| Some(measure.p50) },
        Mark { name: "p99", is_square: true, part: |measure| Some(measure.p99) },
    ];
    Picture { name: "latency", title: TITLE, svg: dots(TITLE, EXPLAINED, marks, &loads(report, marks)) }
}

const EXPLAINED: &str = "Hollow marks are of the floor, or of the other calls, that the row is compared with. Each step of the scale is ten times as long.";

/// The rows in which something of this kind was seen.
fn loads(report: &Report, marks: [Mark; 2]) -> Vec<Dots> {
    let rows = report.rows.iter().map(|MeasuredRow { row, rounds, .. }| {
        let of = |part: fn(&Measure) -> Option<Duration>| {
            let all = rounds.iter().map(|sample| part(&sample.measure?)).collect::<Option<Vec<_>>>();
            middle(&all?)
        };
        let beside = |part: fn(&Measure) -> Option<Duration>| {
            let all = rounds.iter().map(|sample| part(&sample.beside?)).collect::<Option<Vec<_>>>();
            middle(&all?)
        };
        let values = marks.map(|mark| of(mark.part));
        let shown = |value: &Option<f64>| value.map_or("–".to_owned(), time);
        let note = values.each_ref().map(shown).join(", ");
        Dots { label: row.title.to_owned(), values, beside: marks.map(|mark| beside(mark.part)), note }
    });
    rows.filter(|row| row.values.iter().any(Option::is_some)).collect()
}

/// In seconds; none if it is nothing at all, which has no place on a scale like these.
fn middle(times: &[Duration]) -> Option<f64> {
    let seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    Some(median(&seconds)).filter(|seconds| *seconds > 0.0)
}

/// Rollcall to its peer.
fn peer(report: &Report) -> Option<Picture> {
    const TITLE: &str = "Rollcall beside its closest peer";
    let rows = report.rows.iter().filter_map(|MeasuredRow { row, rounds, peer, .. }| {
        let (times, (least, most)) = to_peer(row, rounds, peer)?;
        let unit = unit(row.work);
        let (ours, theirs) = (Summary::of(row, rounds).figure, Summary::of(row, peer).figure);
        let note = format!("{} ×: {} to {}{unit}", number(times), number(ours), number(theirs));
        Some(Bar {
            label: row.title.to_owned(),
            value: Some((times, least, most)),
            is_short: times < 1.0,
            note,
        })
    });
    let rows: Vec<Bar> = rows.collect();
    let explained = "Right of the line Rollcall does better, left of it the peer does, which is hatched. Thin lines reach from the worst round to the best.";
    let svg = || bars(TITLE, explained, "times as good as the peer", &rows);
    (!rows.is_empty()).then(|| Picture { name: "peer", title: TITLE, svg: svg() })
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, events::Event};

    use super::*;
    use crate::{
        report::tests::{report, sample},
        rows::ROWS,
    };

    /// A report that has every row, with a peer for one, and a row that was measured badly.
    fn whole() -> Report {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        let mut report = report("2026-01-02 03:04:05", &names, 60_000.0);
        report.rows[0].peer.push(sample(600.0));
        let row = report.rows.iter_mut().find(|row| row.row.name == "sign-in").expect("a row");
        row.rounds[0].beside = None;
        report
    }

    /// The texts of a picture, by the element that they are in. Fails if it is not well-formed.
    fn texts(svg: &str) -> Vec<(String, String)> {
        let mut reader = Reader::from_str(svg);
        let (mut open, mut texts) = (Vec::<usize>::new(), Vec::<(String, String)>::new());
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) => {
                    assert!(tag.attributes().all(|attribute| attribute.is_ok()), "{tag:?}");
                    open.push(texts.len());
                    let name = String::from_utf8(tag.name().as_ref().to_vec()).expect("text");
                    texts.push((name, String::new()));
                }
                Event::Empty(tag) => {
                    assert!(tag.attributes().all(|attribute| attribute.is_ok()), "{tag:?}");
                }
                Event::Text(text) => {
                    if let Some(innermost) = open.last() {
                        texts[*innermost].1.push_str(std::str::from_utf8(&text).expect("text"));
                    }
                }
                Event::End(_) => _ = open.pop(),
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "{open:?} are not closed");
        texts
    }

    #[test]
    fn pictures_are_well_formed_and_say_what_they_show() {
        let pictures = of(&whole());
        assert_eq!(
            pictures.iter().map(|picture| picture.name).collect::<Vec<_>>(),
            ["targets", "cpu", "latency", "peer"]
        );
        for picture in &pictures {
            let texts = texts(&picture.svg);
            let names: Vec<&str> = texts.iter().take(3).map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["svg", "title", "desc"], "{}", picture.name);
            assert_eq!(texts[1].1, picture.title);
            assert!(texts[2].1.len() > 100, "{}", texts[2].1);
            assert!(!picture.svg.contains("NaN") && !picture.svg.contains("inf\""), "{}", picture.svg);
            assert!(picture.svg.contains("prefers-color-scheme: dark"), "{}", picture.name);
        }
    }

    #[test]
    fn every_row_of_a_report_is_in_a_picture_for_the_eyes_and_in_words() {
        let mut report = whole();
        // No load, no floor, no target: a figure all the same.
        for row in report.rows.iter_mut().filter(|row| row.row.targets.is_empty()) {
            row.rounds[0].measure = None;
        }
        let all: Vec<(String, String)> = of(&report).iter().flat_map(|picture| texts(&picture.svg)).collect();
        for MeasuredRow { row, .. } in &report.rows {
            let label = row.title;
            assert!(all.iter().any(|(name, text)| name == "text" && text.starts_with(label)), "{label}");
            assert!(all.iter().any(|(name, text)| name == "desc" && text.contains(label)), "{label}");
        }
    }

    #[test]
    fn what_falls_short_is_told_apart_by_more_than_its_colour() {
        let svg = |figure| of(&report("2026-01-02 03:04:05", &["session-warm"], figure))[0].svg.clone();
        // 80,000 is the floor, and half of it is wanted.
        let (met, short) = (svg(60_000.0), svg(20_000.0));
        assert!(
            met.contains("met: 0.75 of 0.5") && !met.contains("SHORT") && !met.contains("class=\"short\""),
            "{met}"
        );
        assert!(short.contains("SHORT: 0.25 of 0.5") && short.contains("class=\"short\""), "{short}");
        assert!(short.contains(".short { fill: url(#hatched)"), "{short}");
    }

    #[test]
    fn without_a_peer_there_is_no_picture_of_one_and_an_old_one_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&of(&whole()), folder.path()).expect("written");
        assert!(folder.path().join("peer.svg").is_file());
        write(&of(&report("2026-01-02 03:04:05", &["session-warm"], 1.0)), folder.path()).expect("written");
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").flatten().map(|file| file.file_name()).collect();
        left.sort();
        assert_eq!(left, ["cpu.svg", "latency.svg", "targets.svg"]);
    }
}
