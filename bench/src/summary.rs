//! What the rounds found out, brought together: medians, spreads, ratios, and whether targets are met.

use std::time::Duration;

use crate::{
    answers::Answers,
    process::Memory,
    rows::{Row, Target},
};

/// What was seen of one load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// Answers.
    pub(crate) per_second: f64,
    /// How long half of the answers took at the most.
    pub(crate) p50: Duration,
    /// How long 99 of 100 took at the most.
    pub(crate) p99: Duration,
    /// The mean size of an answer's body.
    pub(crate) bytes: u64,
    /// What the server used of the processor for one answer.
    pub(crate) cpu: Option<Duration>,
    /// What the database used for one answer.
    pub(crate) database_cpu: Option<Duration>,
    /// The server's memory at the end.
    pub(crate) memory: Option<Memory>,
}

impl Measure {
    /// What answers that came in such a time say by themselves.
    pub(crate) fn of(answers: Answers, length: Duration) -> Self {
        let (per_second, bytes) = (answers.count() as f64 / length.as_secs_f64(), answers.mean_bytes());
        let [p50, p99] = answers.percentiles([0.5, 0.99]);
        Self { per_second, p50, p99, bytes, cpu: None, database_cpu: None, memory: None }
    }
}

/// What one round found out about a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// In the row's unit.
    pub(crate) figure: f64,
    /// The load that it comes from.
    pub(crate) measure: Option<Measure>,
    /// What it is compared with: the floor, or other calls.
    pub(crate) beside: Option<Measure>,
}

/// What all rounds found out about a row.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    /// The median.
    pub(crate) figure: f64,
    /// The least and the most.
    pub(crate) spread: (f64, f64),
    /// The figure to the floor's, each round's with its own floor.
    pub(crate) ratio: Option<f64>,
    /// How each target fares.
    pub(crate) verdicts: Vec<Verdict>,
}

/// How a target fares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// What is wanted.
    pub(crate) target: Target,
    /// What there is.
    pub(crate) value: f64,
}

impl Verdict {
    /// Whether it is met. What could not be measured is not.
    pub(crate) fn is_met(self) -> bool {
        match self.target {
            Target::OfFloor(least) | Target::AtLeast(least) => self.value >= least,
            Target::TailOfFloor(most) | Target::AtMost(most) => self.value <= most,
        }
    }
}

impl Summary {
    /// Brings the samples of a row together.
    pub(crate) fn of(row: &Row, samples: &[Sample]) -> Self {
        let figures: Vec<f64> = samples.iter().map(|sample| sample.figure).collect();
        let figure = median(&figures);
        let floor = row.floor;
        let each = |ratio: fn(&Sample) -> Option<f64>| {
            let ratios = samples.iter().map(ratio).collect::<Option<Vec<f64>>>().filter(|_| floor.is_some());
            ratios.map(|ratios| median(&ratios))
        };
        let ratio = each(|sample| Some(sample.figure / sample.beside?.per_second));
        let tail = each(|sample| Some(sample.measure?.p99.as_secs_f64() / sample.beside?.p99.as_secs_f64()));
        let verdicts = row.targets.iter().map(|target| Verdict {
            target: *target,
            value: match target {
                Target::OfFloor(_) => ratio.unwrap_or(f64::NAN),
                Target::TailOfFloor(_) => tail.unwrap_or(f64::NAN),
                Target::AtMost(_) | Target::AtLeast(_) => figure,
            },
        });
        Self { figure, spread: spread(&figures), ratio, verdicts: verdicts.collect() }
    }
}

/// The one in the middle; between the two in the middle if their number is even.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match (values.len(), values.get(values.len() / 2)) {
        (length, Some(upper)) if length % 2 == 0 => values[length / 2 - 1].midpoint(*upper),
        (_, Some(middle)) => *middle,
        (_, None) => f64::NAN,
    }
}

/// The least and the most.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
        (least.min(*value), most.max(*value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{floors::Floor, rows::Work};

    fn measure(per_second: f64, p99: u64) -> Measure {
        let p99 = Duration::from_millis(p99);
        Measure { per_second, p50: p99, p99, bytes: 0, cpu: None, database_cpu: None, memory: None }
    }

    fn row(floor: Option<Floor>, targets: &'static [Target]) -> Row {
        Row { name: "row", title: "a row", work: Work::Start, floor, targets }
    }

    #[test]
    fn the_median_does_not_mind_order_or_outliers() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 900.0]), 3.0);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
    }

    #[test]
    fn the_rate_is_answers_by_seconds() {
        let mut answers = Answers::default();
        (1..=10).for_each(|n| answers.add(Duration::from_millis(n), 30));
        let measure = Measure::of(answers, Duration::from_secs(4));
        assert_eq!((measure.per_second, measure.bytes), (2.5, 30));
        assert_eq!((measure.p50, measure.p99), (Duration::from_millis(5), Duration::from_millis(10)));
    }

    #[test]
    fn each_round_is_compared_with_its_own_floor() {
        // The machine was twice as fast in the second round, and the row kept up with it.
        let samples: Vec<Sample> = [(50.0, 100.0, 6), (100.0, 200.0, 8), (60.0, 100.0, 30)]
            .into_iter()
            .map(|(figure, floor, p99)| Sample {
                figure,
                measure: Some(measure(figure, p99)),
                beside: Some(measure(floor, 2)),
            })
            .collect();
        const TARGETS: &[Target] =
            &[Target::OfFloor(0.5), Target::OfFloor(0.6), Target::TailOfFloor(3.9), Target::TailOfFloor(4.0)];
        let summary = Summary::of(&row(Some(Floor::Constant), TARGETS), &samples);
        assert_eq!((summary.figure, summary.spread), (60.0, (50.0, 100.0)));
        assert_eq!(summary.ratio, Some(0.5));
        let met: Vec<bool> = summary.verdicts.iter().map(|verdict| verdict.is_met()).collect();
        assert_eq!(met, [true, false, false, true]);
    }

    #[test]
    fn without_a_floor_the_figure_itself_counts() {
        let sample = |figure| Sample { figure, measure: None, beside: Some(measure(1.0, 1)) };
        let samples = [sample(1.2), sample(1.4), sample(1.3)];
        let summary = Summary::of(&row(None, &[Target::AtMost(1.3), Target::AtMost(1.2)]), &samples);
        assert_eq!(summary.ratio, None);
        assert_eq!(
            summary.verdicts.iter().map(|verdict| verdict.is_met()).collect::<Vec<_>>(),
            [true, false]
        );
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let sample = Sample { figure: 1.0, measure: None, beside: None };
        const TARGETS: &[Target] = &[Target::OfFloor(0.5), Target::TailOfFloor(2.0)];
        let summary = Summary::of(&row(Some(Floor::Insert), TARGETS), &[sample]);
        assert!(summary.verdicts.iter().all(|verdict| !verdict.is_met()));
    }
}
