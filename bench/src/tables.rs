//! A report as Markdown, which can be read as it is.

use std::{fmt::Write, time::Duration};

use crate::{
    floors::Floor,
    process::Memory,
    report::{Circumstances, MeasuredFloor, MeasuredRow, Report},
    rows::{Row, Target, Work},
    summary::{Measure, Summary, median, spread, to_peer},
};

/// Stands where there is nothing to say.
const NOTHING: &str = "–";

impl Report {
    /// The report as Markdown: how it was measured, and its tables.
    pub(crate) fn markdown(&self) -> String {
        format!("{}\n{}", self.heading(), self.tables())
    }

    /// How it was measured, run by run.
    pub(crate) fn heading(&self) -> String {
        match self.runs.as_slice() {
            [run] => format!("Measured at {}\n", described(run)),
            runs => {
                let runs = runs.iter().map(|run| format!("- {}\n", described(run)));
                format!(
                    "Measured in several runs, and the newest figure of each row is here:\n\n{}",
                    runs.collect::<String>()
                )
            }
        }
    }

    /// The rows, their floors, and what was measured beside the peer.
    pub(crate) fn tables(&self) -> String {
        const HEAD: [&str; 14] = [
            "row",
            "figure",
            "min–max",
            "compared with",
            "ratio",
            "target",
            "verdict",
            "p50",
            "p99",
            "CPU",
            "database's CPU",
            "memory",
            "its peak",
            "measured",
        ];
        let mut text = table(HEAD, self.rows.iter().map(cells_of_row).collect());
        if !self.floors.is_empty() {
            const HEAD: [&str; 8] =
                ["floor", "figure", "min–max", "p50", "p99", "CPU", "database's CPU", "measured"];
            text.push('\n');
            text.push_str(&table(HEAD, self.floors.iter().map(cells_of_floor).collect()));
        }
        let peers: Vec<_> = self.rows.iter().filter_map(cells_of_peer).collect();
        if !peers.is_empty() {
            const HEAD: [&str; 9] = [
                "beside the peer",
                "Rollcall",
                "the peer",
                "times as good",
                "min–max",
                "the peer's p50",
                "its p99",
                "its CPU",
                "its database's CPU",
            ];
            text.push('\n');
            text.push_str(&table(HEAD, peers));
        }
        text
    }
}

/// When and how a run was run, after "Measured at".
fn described(run: &Circumstances) -> String {
    let mut text = format!(
        "{} UTC: {} cores, shared by service, PostgreSQL {} ({}) and load; 16 connections; \
         {} rounds of {} s each.",
        run.at,
        run.cores,
        run.postgres,
        if run.durable { "durable" } else { "NOT durable" },
        run.rounds,
        run.seconds,
    );
    if let Some(load) = &run.load_before {
        let _ = write!(text, " Load average before: {load}.");
    }
    if let Some(peer) = &run.peer {
        let _ = write!(text, " The peer: {peer}.");
    }
    if run.small {
        text.push_str(" Only a hundredth of the data: the figures mean little.");
    }
    text
}

/// The day.
fn day(at: &str) -> String {
    at.split(' ').next().unwrap_or(at).to_owned()
}

fn cells_of_row(measured: &MeasuredRow) -> [String; 14] {
    let MeasuredRow { row, at, rounds: samples, .. } = measured;
    let summary = Summary::of(row, samples);
    let unit = unit(row.work);
    let beside = samples.iter().map(|sample| Some(sample.beside?.per_second)).collect::<Option<Vec<_>>>();
    let targets: Vec<String> = summary.verdicts.iter().map(|verdict| target(verdict.target, row)).collect();
    let measures: Option<Vec<Measure>> = samples.iter().map(|sample| sample.measure).collect();
    let [p50, p99, cpu, database_cpu] = cells_of_measures(measures.as_deref().unwrap_or_default());
    let memory = |part: fn(Memory) -> u64| {
        let all = samples.iter().map(|sample| Some(part(sample.measure?.memory?) as f64 / 1e6));
        let all = all.collect::<Option<Vec<f64>>>();
        all.map_or(NOTHING.to_owned(), |all| format!("{} MB", number(median(&all))))
    };
    [
        row.title.to_owned(),
        format!("{}{unit}", number(summary.figure)),
        format!("{}–{}", number(summary.spread.0), number(summary.spread.1)),
        beside.map_or(NOTHING.to_owned(), |all| format!("{}/s", number(median(&all)))),
        summary.ratio.map_or(NOTHING.to_owned(), |ratio| format!("{ratio:.2}")),
        targets.join("; "),
        verdict(&summary),
        p50,
        p99,
        cpu,
        database_cpu,
        memory(|memory| memory.resident),
        memory(|memory| memory.peak),
        day(at),
    ]
}

/// None if it was not measured beside the peer.
fn cells_of_peer(measured: &MeasuredRow) -> Option<[String; 9]> {
    let MeasuredRow { row, rounds, peer, .. } = measured;
    let (times, (least, most)) = to_peer(row, rounds, peer)?;
    let unit = unit(row.work);
    let (ours, theirs) = (Summary::of(row, rounds).figure, Summary::of(row, peer).figure);
    let measures: Option<Vec<Measure>> = peer.iter().map(|sample| sample.measure).collect();
    let [p50, p99, cpu, database_cpu] = cells_of_measures(measures.as_deref().unwrap_or_default());
    Some([
        row.title.to_owned(),
        format!("{}{unit}", number(ours)),
        format!("{}{unit}", number(theirs)),
        format!("{} ×", number(times)),
        format!("{}–{}", number(least), number(most)),
        p50,
        p99,
        cpu,
        database_cpu,
    ])
}

fn cells_of_floor(measured: &MeasuredFloor) -> [String; 8] {
    let MeasuredFloor { floor, at, rounds: measures } = measured;
    let rates: Vec<f64> = measures.iter().map(|measure| measure.per_second).collect();
    let (least, most) = spread(&rates);
    let [p50, p99, cpu, database_cpu] = cells_of_measures(measures);
    let figure = format!("{}/s", number(median(&rates)));
    let spread = format!("{}–{}", number(least), number(most));
    [floor.name().to_owned(), figure, spread, p50, p99, cpu, database_cpu, day(at)]
}

/// Median, 99th percentile, and what an answer used of the processor.
fn cells_of_measures(measures: &[Measure]) -> [String; 4] {
    let cell = |part: fn(&Measure) -> Option<Duration>| {
        let all = measures.iter().map(|measure| Some(part(measure)?.as_secs_f64()));
        match all.collect::<Option<Vec<f64>>>() {
            Some(all) if median(&all) > 0.0 => time(median(&all)),
            _ => NOTHING.to_owned(),
        }
    };
    [
        cell(|measure| Some(measure.p50)),
        cell(|measure| Some(measure.p99)),
        cell(|measure| measure.cpu),
        cell(|measure| measure.database_cpu),
    ]
}

fn verdict(summary: &Summary) -> String {
    if summary.verdicts.is_empty() {
        return NOTHING.to_owned();
    }
    let short: Vec<String> = summary
        .verdicts
        .iter()
        .filter(|verdict| !verdict.is_met())
        .map(|verdict| match verdict.target {
            Target::OfFloor(least) => format!("SHORT: {:.2} of {least}", verdict.value),
            Target::TailOfFloor(most) => format!("SHORT: p99 {:.1} × for {most} ×", verdict.value),
            Target::AtMost(wanted) | Target::AtLeast(wanted) => {
                format!("SHORT: {} for {wanted}", number(verdict.value))
            }
        })
        .collect();
    if short.is_empty() { "met".to_owned() } else { short.join("; ") }
}

/// What is wanted, in words.
pub(crate) fn target(target: Target, row: &Row) -> String {
    let floor = row.floor.map_or(NOTHING, Floor::name);
    match target {
        Target::OfFloor(least) => format!("≥ {least} of {floor}"),
        Target::TailOfFloor(most) => format!("p99 ≤ {most} × its"),
        Target::AtMost(most) => format!("≤ {most}{}", unit(row.work)),
        Target::AtLeast(least) => format!("≥ {}{}", number(least), unit(row.work)),
    }
}

/// What a row is counted in.
pub(crate) const fn unit(work: Work) -> &'static str {
    match work {
        Work::Throughput(_)
        | Work::Agents(_)
        | Work::Proofs(_)
        | Work::Sequencing(_)
        | Work::Verification => "/s",
        Work::Slowdown { .. } => " ×",
        Work::TailBeside { .. } | Work::Start | Work::Search(_) | Work::Claims | Work::FanOut => " ms",
        Work::IdleMemory | Work::StreamMemory | Work::TransferMemory => " MB",
        Work::InProcess(_) => " ns",
    }
}

/// Three digits at least, and commas between thousands.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        magnitude if magnitude < 10.0 => 2,
        magnitude if magnitude < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) && grouped != "-" {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A time of so many seconds.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1e-3 => format!("{} µs", number(seconds * 1e6)),
        seconds => format!("{} ms", number(seconds * 1e3)),
    }
}

/// A Markdown table whose columns are under each other.
fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        for (cell, width) in cells.into_iter().zip(widths) {
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
    };
    line(head);
    let rules = widths.map(|width| "-".repeat(width));
    line(std::array::from_fn(|column| rules[column].as_str()));
    for row in &rows {
        line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{report, sample};

    #[test]
    fn numbers_are_short_and_grouped() {
        let shown = [2.345, 0.5, 45.67, 999.6, 1_234_567.0].map(number);
        assert_eq!(shown, ["2.35", "0.50", "45.7", "1,000", "1,234,567"]);
        assert_eq!([0.000_000_4, 0.000_2, 0.05, 2.5].map(time), ["0.40 µs", "200 µs", "50.0 ms", "2,500 ms"]);
    }

    #[test]
    fn a_table_is_aligned_by_characters() {
        let rows = vec![["µ".to_owned(), "1".to_owned()], ["long".to_owned(), "–".to_owned()]];
        assert_eq!(table(["a", "bb"], rows), "| a    | bb |\n| ---- | -- |\n| µ    | 1  |\n| long | –  |\n");
    }

    #[test]
    fn what_falls_short_is_said_with_how_much_there_is() {
        let text = report("2026-01-02 03:04:05", &["session-warm"], 30_000.0).markdown();
        for part in [
            "Measured at 2026-01-02 03:04:05 UTC: 2 cores",
            "| session check, warm | 30,000/s | 30,000–30,000 | 80,000/s ",
            "| 0.38 ",
            "SHORT: 0.38 of 0.5 ",
            "| 200 µs | 900 µs | 40.0 µs | – ",
            "| 30.0 MB | 31.0 MB ",
            "| 2026-01-02 |",
            "| constant | 30,000/s ",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("met") && !text.contains("NOT") && !text.contains("peer"), "{text}");
    }

    #[test]
    fn what_has_no_target_meets_none() {
        let text = report("2026-01-02 03:04:05", &["heartbeats"], 30_000.0).tables();
        assert!(!text.contains("met") && !text.contains("SHORT"), "{text}");
    }

    #[test]
    fn each_row_of_several_runs_has_its_date_and_each_run_its_circumstances() {
        let reports = [
            report("2026-01-02 03:04:05", &["session-warm"], 1.0),
            report("2026-01-03 03:04:05", &["authorize"], 2.0),
        ];
        let text = Report::join(reports).expect("a report").markdown();
        let of =
            |title: &str| text.lines().find(|line| line.starts_with(&format!("| {title} "))).expect("a row");
        assert!(of("session check, warm").ends_with("| 2026-01-02 |"), "{text}");
        assert!(of("authorize").ends_with("| 2026-01-03 |"), "{text}");
        assert!(
            text.contains("\n- 2026-01-02 03:04:05 UTC: ") && text.contains("\n- 2026-01-03 03:04:05 UTC: "),
            "{text}"
        );
    }

    #[test]
    fn the_peer_stands_beside_what_was_measured_with_it() {
        let mut report = report("2026-01-02 03:04:05", &["session-warm", "authorize"], 30_000.0);
        report.rows[0].peer.push(sample(600.0));
        report.runs[0].peer = Some("a peer 1.2".to_owned());
        let text = report.markdown();
        assert!(
            text.contains("| session check, warm | 30,000/s | 600/s    | 50.0 ×        | 50.0–50.0 "),
            "{text}"
        );
        assert!(text.contains(" The peer: a peer 1.2."), "{text}");
        assert_eq!(text.matches("\n| authorize ").count(), 1, "{text}");
    }
}
