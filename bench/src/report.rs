//! What a run found out, for people and for programs.

use std::{fmt::Write, time::Duration};

use serde_json::{Value, json};

use crate::{
    floors::Floor,
    process::Memory,
    rows::{Row, Target, Work},
    summary::{Measure, Sample, Summary, median, spread},
};

/// Stands where there is nothing to say.
const NOTHING: &str = "–";

/// What a run found out.
pub(crate) struct Report {
    /// What it was run with.
    pub(crate) circumstances: Circumstances,
    /// The rows, each with a sample of every round.
    pub(crate) rows: Vec<(Row, Vec<Sample>)>,
    /// The floors that they are compared with.
    pub(crate) floors: Vec<(Floor, Vec<Measure>)>,
}

/// What a run was run with.
pub(crate) struct Circumstances {
    /// When it began, in UTC.
    pub(crate) at: String,
    /// PostgreSQL's version.
    pub(crate) postgres: String,
    /// Whether what PostgreSQL has acknowledged survives a crash of the machine.
    pub(crate) durable: bool,
    /// How many cores there are.
    pub(crate) cores: usize,
    /// What else the machine had to do, as Linux says it in `/proc/loadavg`.
    pub(crate) load_before: Option<String>,
    /// How many rounds.
    pub(crate) rounds: u32,
    /// How long one measurement was.
    pub(crate) seconds: f64,
    /// Whether there was only a hundredth of the data.
    pub(crate) small: bool,
}

impl Report {
    /// The report as Markdown, which can be read as it is.
    pub(crate) fn markdown(&self) -> String {
        let circumstances = &self.circumstances;
        let mut text = format!(
            "Measured at {} UTC: {} cores, shared by service, PostgreSQL {} ({}) and load; 16 connections; \
             {} rounds of {} s each.",
            circumstances.at,
            circumstances.cores,
            circumstances.postgres,
            if circumstances.durable { "durable" } else { "NOT durable" },
            circumstances.rounds,
            circumstances.seconds,
        );
        if let Some(load) = &circumstances.load_before {
            let _ = write!(text, " Load average before: {load}.");
        }
        if circumstances.small {
            text.push_str(" Only a hundredth of the data: the figures mean little.");
        }
        text.push_str("\n\n");
        let rows = self.rows.iter().map(|(row, samples)| cells_of_row(row, samples));
        const HEAD: [&str; 13] = [
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
        ];
        text.push_str(&table(HEAD, rows.collect()));
        if !self.floors.is_empty() {
            text.push('\n');
            let floors = self.floors.iter().map(|(floor, measures)| cells_of_floor(*floor, measures));
            const HEAD: [&str; 7] = ["floor", "figure", "min–max", "p50", "p99", "CPU", "database's CPU"];
            text.push_str(&table(HEAD, floors.collect()));
        }
        text
    }

    /// The report as JSON, with every sample. Times are in microseconds.
    pub(crate) fn json(&self) -> String {
        let rows = self.rows.iter().map(|(row, samples)| {
            let summary = Summary::of(row, samples);
            let verdicts = summary.verdicts.iter().map(|verdict| {
                json!({"target": target(verdict.target, row), "value": verdict.value, "met": verdict.is_met()})
            });
            let samples = samples.iter().map(|sample| {
                json!({
                    "figure": sample.figure,
                    "measure": sample.measure.map(object),
                    "beside": sample.beside.map(object),
                })
            });
            json!({
                "row": row.name,
                "unit": unit(row.work).trim(),
                "figure": summary.figure,
                "min": summary.spread.0,
                "max": summary.spread.1,
                "floor": row.floor.map(Floor::name),
                "ratio": summary.ratio,
                "targets": verdicts.collect::<Vec<_>>(),
                "rounds": samples.collect::<Vec<_>>(),
            })
        });
        let floors = self.floors.iter().map(|(floor, measures)| {
            let rounds: Vec<Value> = measures.iter().copied().map(object).collect();
            json!({"floor": floor.name(), "rounds": rounds})
        });
        let circumstances = &self.circumstances;
        let report = json!({
            "at": circumstances.at,
            "postgres": circumstances.postgres,
            "durable": circumstances.durable,
            "cores": circumstances.cores,
            "load_before": circumstances.load_before,
            "seconds": circumstances.seconds,
            "small": circumstances.small,
            "rows": rows.collect::<Vec<_>>(),
            "floors": floors.collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }
}

fn object(measure: Measure) -> Value {
    let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
    json!({
        "per_second": measure.per_second,
        "p50": micros(measure.p50),
        "p99": micros(measure.p99),
        "bytes": measure.bytes,
        "cpu": measure.cpu.map(micros),
        "database_cpu": measure.database_cpu.map(micros),
        "resident_bytes": measure.memory.map(|memory| memory.resident),
        "peak_bytes": measure.memory.map(|memory| memory.peak),
    })
}

fn cells_of_row(row: &Row, samples: &[Sample]) -> [String; 13] {
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
    ]
}

fn cells_of_floor(floor: Floor, measures: &[Measure]) -> [String; 7] {
    let rates: Vec<f64> = measures.iter().map(|measure| measure.per_second).collect();
    let (least, most) = spread(&rates);
    let [p50, p99, cpu, database_cpu] = cells_of_measures(measures);
    let figure = format!("{}/s", number(median(&rates)));
    let spread = format!("{}–{}", number(least), number(most));
    [floor.name().to_owned(), figure, spread, p50, p99, cpu, database_cpu]
}

/// Median, 99th percentile, and what an answer used of the processor.
fn cells_of_measures(measures: &[Measure]) -> [String; 4] {
    let cell = |part: fn(&Measure) -> Option<Duration>| {
        let all = measures.iter().map(|measure| Some(part(measure)?.as_secs_f64()));
        match all.collect::<Option<Vec<f64>>>() {
            Some(all) if !all.is_empty() => time(median(&all)),
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

fn target(target: Target, row: &Row) -> String {
    let floor = row.floor.map_or(NOTHING, Floor::name);
    match target {
        Target::OfFloor(least) => format!("≥ {least} of {floor}"),
        Target::TailOfFloor(most) => format!("p99 ≤ {most} × its"),
        Target::AtMost(most) => format!("≤ {most}{}", unit(row.work)),
        Target::AtLeast(least) => format!("≥ {}{}", number(least), unit(row.work)),
    }
}

const fn unit(work: Work) -> &'static str {
    match work {
        Work::Throughput(_)
        | Work::Agents(_)
        | Work::Proofs(_)
        | Work::Sequencing(_)
        | Work::Verification => "/s",
        Work::Slowdown { .. } => " ×",
        Work::TailBeside { .. } | Work::Start | Work::Search(_) | Work::Claims | Work::FanOut => " ms",
        Work::IdleMemory | Work::StreamMemory => " MB",
        Work::InProcess(_) => " ns",
    }
}

/// Three digits at least, and commas between thousands.
fn number(value: f64) -> String {
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
fn time(seconds: f64) -> String {
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
    use crate::rows::ROWS;

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

    fn report() -> Report {
        let measure = |per_second| Measure {
            per_second,
            p50: Duration::from_micros(200),
            p99: Duration::from_micros(900),
            bytes: 700,
            cpu: Some(Duration::from_micros(40)),
            database_cpu: None,
            memory: Some(Memory { resident: 30_000_000, peak: 31_000_000 }),
        };
        let sample =
            Sample { figure: 30_000.0, measure: Some(measure(30_000.0)), beside: Some(measure(80_000.0)) };
        Report {
            circumstances: Circumstances {
                at: "2026-01-02 03:04".to_owned(),
                postgres: "15".to_owned(),
                durable: true,
                cores: 2,
                load_before: None,
                rounds: 1,
                seconds: 5.0,
                small: false,
            },
            rows: vec![(ROWS[0], vec![sample])],
            floors: vec![(Floor::Constant, vec![measure(80_000.0)])],
        }
    }

    #[test]
    fn what_falls_short_is_said_with_how_much_there_is() {
        let text = report().markdown();
        for part in [
            "| session check, warm | 30,000/s | 30,000–30,000 | 80,000/s ",
            "| 0.38 ",
            "SHORT: 0.38 of 0.5 ",
            "| 200 µs | 900 µs | 40.0 µs | – ",
            "| 30.0 MB | 31.0 MB ",
            "| constant | 80,000/s ",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("met") && !text.contains("NOT"), "{text}");
    }

    #[test]
    fn json_holds_every_sample() {
        let report: Value = serde_json::from_str(&report().json()).expect("JSON");
        assert_eq!(report["rows"][0]["row"], "session-warm");
        assert_eq!(report["rows"][0]["targets"][0]["met"], false);
        assert_eq!(report["rows"][0]["targets"][1]["met"], true);
        assert_eq!(report["rows"][0]["rounds"][0]["measure"]["cpu"], 40.0);
        assert_eq!(report["floors"][0]["rounds"][0]["per_second"], 80_000.0);
    }
}
