//! What one or several runs found out, and how it is kept: as JSON, with every sample.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Result,
    floors::Floor,
    rows::{ROWS, Row},
    summary::{Measure, Sample, Summary},
    tables::{target, unit},
};

/// What one or several runs found out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// The runs that something here is from, the oldest first.
    pub(crate) runs: Vec<Circumstances>,
    /// The rows, in the order of [`ROWS`].
    pub(crate) rows: Vec<MeasuredRow>,
    /// The floors that they are compared with.
    pub(crate) floors: Vec<MeasuredFloor>,
}

/// A row, with a sample of every round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasuredRow {
    /// What was measured.
    pub(crate) row: Row,
    /// When the run began that it is from.
    pub(crate) at: String,
    /// What each round found out.
    pub(crate) rounds: Vec<Sample>,
    /// What each round found out about the same at the peer; nothing if it was not measured.
    pub(crate) peer: Vec<Sample>,
}

/// A floor, with what was seen of it in every round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasuredFloor {
    /// What was measured.
    pub(crate) floor: Floor,
    /// When the run began that it is from.
    pub(crate) at: String,
    /// What each round found out.
    pub(crate) rounds: Vec<Measure>,
}

/// What a run was run with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// When it began, in UTC. It is what tells runs from each other.
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
    /// How long one measurement was, in seconds.
    pub(crate) seconds: f64,
    /// Whether there was only a hundredth of the data.
    pub(crate) small: bool,
    /// The peer that was measured beside the service.
    pub(crate) peer: Option<String>,
}

impl Report {
    /// Brings reports together: of each row and each floor, the newest counts.
    ///
    /// # Errors
    /// If some have all of the data, and others a hundredth.
    pub(crate) fn join(reports: impl IntoIterator<Item = Self>) -> Result<Self> {
        let mut reports: Vec<Self> = reports.into_iter().collect();
        // By the newest run in each, so that the newest comes first. Of two that are as new, the later one counts.
        reports.sort_by(|one, other| newest(one).cmp(&newest(other)));
        let mut runs: Vec<Circumstances> = Vec::new();
        let mut rows: Vec<MeasuredRow> = Vec::new();
        let mut floors: Vec<MeasuredFloor> = Vec::new();
        for report in reports.into_iter().rev() {
            runs.extend(report.runs);
            rows.extend(report.rows);
            floors.extend(report.floors);
        }
        // A stable order, after which the newest of each comes first.
        let place = |row: &Row| ROWS.iter().position(|known| known.name == row.name);
        rows.sort_by(|one, other| {
            place(&one.row).cmp(&place(&other.row)).then_with(|| other.at.cmp(&one.at))
        });
        rows.dedup_by(|later, first| later.row.name == first.row.name);
        floors.sort_by(|one, other| {
            (one.floor as u8).cmp(&(other.floor as u8)).then_with(|| other.at.cmp(&one.at))
        });
        floors.dedup_by(|later, first| later.floor == first.floor);
        let is_used = |run: &Circumstances| {
            rows.iter().any(|row| row.at == run.at) || floors.iter().any(|floor| floor.at == run.at)
        };
        runs.retain(is_used);
        runs.sort_by(|one, other| one.at.cmp(&other.at));
        runs.dedup_by(|later, first| later.at == first.at);
        if runs.iter().any(|run| run.small) && !runs.iter().all(|run| run.small) {
            return Err(
                "figures of a hundredth of the data (--small) do not stand beside those of all of it".into(),
            );
        }
        Ok(Self { runs, rows, floors })
    }

    /// The report as JSON. Times are in microseconds; what follows from the samples is there for programs, and is not read back.
    pub(crate) fn json(&self) -> Result<String> {
        let rows = self.rows.iter().map(|measured| {
            let MeasuredRow { row, at, rounds, peer } = measured;
            let summary = Summary::of(row, rounds);
            let verdicts = summary.verdicts.iter().map(|verdict| {
                json!({"target": target(verdict.target, row), "value": verdict.value, "met": verdict.is_met()})
            });
            json!({
                "row": row.name,
                "at": at,
                "unit": unit(row.work).trim(),
                "figure": summary.figure,
                "min": summary.spread.0,
                "max": summary.spread.1,
                "floor": row.floor.map(Floor::name),
                "ratio": summary.ratio,
                "targets": verdicts.collect::<Vec<_>>(),
                "rounds": rounds,
                "peer": peer,
            })
        });
        let floors = self.floors.iter().map(
            |measured| json!({"floor": measured.floor.name(), "at": measured.at, "rounds": measured.rounds}),
        );
        let report = json!({
            "runs": self.runs,
            "rows": rows.collect::<Vec<Value>>(),
            "floors": floors.collect::<Vec<Value>>(),
        });
        Ok(format!("{report:#}\n"))
    }

    /// Reads what [`Self::json`] has written. A row or a floor that is measured no more is left out.
    pub(crate) fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Kept {
            runs: Vec<Circumstances>,
            rows: Vec<KeptRow>,
            floors: Vec<KeptFloor>,
        }
        #[derive(Deserialize)]
        struct KeptRow {
            row: String,
            at: String,
            rounds: Vec<Sample>,
            peer: Vec<Sample>,
        }
        #[derive(Deserialize)]
        struct KeptFloor {
            floor: String,
            at: String,
            rounds: Vec<Measure>,
        }
        let Kept { runs, rows, floors } = serde_json::from_str(json)?;
        let rows = rows.into_iter().filter_map(|KeptRow { row, at, rounds, peer }| {
            let row = *ROWS.iter().find(|known| known.name == row)?;
            Some(MeasuredRow { row, at, rounds, peer })
        });
        let floors = floors.into_iter().filter_map(|KeptFloor { floor, at, rounds }| {
            let floor = *Floor::ALL.iter().find(|known| known.name() == floor)?;
            Some(MeasuredFloor { floor, at, rounds })
        });
        Self::join([Self { runs, rows: rows.collect(), floors: floors.collect() }])
    }

    /// Reads a report that is a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let json = fs::read_to_string(path).map_err(|error| told(&error))?;
        Ok(Self::read(&json).map_err(|error| told(&error))?)
    }
}

fn newest(report: &Report) -> Option<&str> {
    report.runs.iter().map(|run| run.at.as_str()).max()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Memory;

    pub(crate) fn measure(per_second: f64) -> Measure {
        Measure {
            per_second,
            p50: Duration::from_micros(200),
            p99: Duration::from_micros(900),
            bytes: 700,
            cpu: Some(Duration::from_micros(40)),
            database_cpu: None,
            memory: Some(Memory { resident: 30_000_000, peak: 31_000_000 }),
        }
    }

    pub(crate) fn sample(figure: f64) -> Sample {
        Sample { figure, measure: Some(measure(figure)), beside: Some(measure(80_000.0)) }
    }

    /// The report of a run that began then, of these rows.
    pub(crate) fn report(at: &str, names: &[&str], figure: f64) -> Report {
        let rows = ROWS.iter().filter(|row| names.contains(&row.name)).map(|row| MeasuredRow {
            row: *row,
            at: at.to_owned(),
            rounds: vec![sample(figure)],
            peer: Vec::new(),
        });
        Report {
            runs: vec![Circumstances {
                at: at.to_owned(),
                postgres: "15".to_owned(),
                durable: true,
                cores: 2,
                load_before: None,
                rounds: 1,
                seconds: 5.0,
                small: false,
                peer: None,
            }],
            rows: rows.collect(),
            floors: vec![MeasuredFloor {
                floor: Floor::Constant,
                at: at.to_owned(),
                rounds: vec![measure(figure)],
            }],
        }
    }

    #[test]
    fn json_holds_every_sample_and_is_read_back() {
        let mut report = report("2026-01-02 03:04:05", &["session-warm", "start"], 30_000.0);
        report.rows[0].peer.push(sample(700.0));
        let json = report.json().expect("JSON");
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["rows"][0]["row"], "session-warm");
        assert_eq!(value["rows"][0]["targets"][0]["met"], false);
        assert_eq!(value["rows"][0]["targets"][1]["met"], true);
        assert_eq!(value["rows"][0]["rounds"][0]["measure"]["cpu"], 40.0);
        assert_eq!(value["floors"][0]["rounds"][0]["per_second"], 30_000.0);
        assert_eq!(Report::read(&json).expect("the same"), report);
    }

    #[test]
    fn what_is_measured_no_more_is_left_out() {
        let report = report("2026-01-02 03:04:05", &["session-warm", "start"], 1.0);
        let json = report.json().expect("JSON").replace("\"start\"", "\"gone\"");
        let read = Report::read(&json).expect("a report");
        assert_eq!(read.rows.iter().map(|row| row.row.name).collect::<Vec<_>>(), ["session-warm"]);
    }

    #[test]
    fn of_several_reports_the_newest_figure_of_each_row_counts() {
        let old = report("2026-01-01 00:00:00", &["start", "session-warm"], 1.0);
        let new = report("2026-01-03 00:00:00", &["session-warm", "sign-in"], 3.0);
        let between = report("2026-01-02 00:00:00", &["session-warm"], 2.0);
        let orders = [
            [old.clone(), new.clone(), between.clone()],
            [new.clone(), between.clone(), old.clone()],
            [between.clone(), old.clone(), new.clone()],
        ];
        for order in orders {
            let joined = Report::join(order).expect("a report");
            let rows: Vec<_> =
                joined.rows.iter().map(|row| (row.row.name, row.rounds[0].figure, row.at.as_str())).collect();
            assert_eq!(
                rows,
                [
                    ("session-warm", 3.0, "2026-01-03 00:00:00"),
                    ("sign-in", 3.0, "2026-01-03 00:00:00"),
                    ("start", 1.0, "2026-01-01 00:00:00"),
                ]
            );
            assert_eq!(joined.floors.len(), 1);
            assert_eq!(joined.floors[0].at, "2026-01-03 00:00:00");
            // Of the one between, nothing is left.
            let runs: Vec<&str> = joined.runs.iter().map(|run| run.at.as_str()).collect();
            assert_eq!(runs, ["2026-01-01 00:00:00", "2026-01-03 00:00:00"]);
            // And so again with what was joined before.
            assert_eq!(Report::join([joined.clone(), old.clone()]).expect("a report"), joined);
        }
    }

    #[test]
    fn figures_of_a_hundredth_of_the_data_stay_by_themselves() {
        let all = report("2026-01-01 00:00:00", &["start"], 1.0);
        let mut small = report("2026-01-02 00:00:00", &["sign-in"], 1.0);
        small.runs[0].small = true;
        assert!(Report::join([small.clone(), small.clone()]).is_ok());
        let message = Report::join([all, small]).expect_err("not beside each other").to_string();
        assert!(message.contains("--small"), "{message}");
    }
}
