//! What the rounds found out, brought together: medians, spreads, ratios, and whether targets are met.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    answers::Answers,
    process::Memory,
    rows::{Row, Target, Work},
};

/// What was seen of one load. Where it is kept, times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measure {
    /// Answers.
    pub(crate) per_second: f64,
    /// How long half of the answers took at the most.
    #[serde(with = "micros")]
    pub(crate) p50: Duration,
    /// How long 99 of 100 took at the most.
    #[serde(with = "micros")]
    pub(crate) p99: Duration,
    /// The mean size of an answer's body.
    pub(crate) bytes: u64,
    /// What the server used of the processor for one answer.
    #[serde(with = "micros_if_any")]
    pub(crate) cpu: Option<Duration>,
    /// What the database used for one answer.
    #[serde(with = "micros_if_any")]
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
    /// What there is: the median.
    pub(crate) value: f64,
    /// The least and the most.
    pub(crate) spread: (f64, f64),
}

impl Verdict {
    /// Whether it is met. What could not be measured is not.
    pub(crate) fn is_met(self) -> bool {
        match self.target {
            Target::OfFloor(least) | Target::AtLeast(least) => self.value >= least,
            Target::TailOfFloor(most) | Target::AtMost(most) => self.value <= most,
        }
    }

    /// How many times as good as wanted such a value is: what is met has one or more.
    pub(crate) fn to_target(self, value: f64) -> f64 {
        match self.target {
            Target::OfFloor(least) | Target::AtLeast(least) => value / least,
            Target::TailOfFloor(most) | Target::AtMost(most) => most / value,
        }
    }
}

impl Summary {
    /// Brings the samples of a row together.
    pub(crate) fn of(row: &Row, samples: &[Sample]) -> Self {
        let figures: Vec<f64> = samples.iter().map(|sample| sample.figure).collect();
        let each = |ratio: fn(&Sample) -> Option<f64>| {
            samples.iter().map(ratio).collect::<Option<Vec<f64>>>().filter(|_| row.floor.is_some())
        };
        let ratios = each(|sample| Some(sample.figure / sample.beside?.per_second));
        let tails = each(|sample| Some(sample.measure?.p99.as_secs_f64() / sample.beside?.p99.as_secs_f64()));
        let verdicts = row.targets.iter().map(|target| {
            let values = match target {
                Target::OfFloor(_) => ratios.as_ref(),
                Target::TailOfFloor(_) => tails.as_ref(),
                Target::AtMost(_) | Target::AtLeast(_) => Some(&figures),
            };
            let (value, spread) =
                values.map_or((f64::NAN, (f64::NAN, f64::NAN)), |all| (median(all), spread(all)));
            Verdict { target: *target, value, spread }
        });
        Self {
            figure: median(&figures),
            spread: spread(&figures),
            ratio: ratios.as_deref().map(median),
            verdicts: verdicts.collect(),
        }
    }
}

/// How many times as good as the peer a row is, each round's with its own: the median, and the least and the most. None if the peer was
/// not measured.
pub(crate) fn to_peer(row: &Row, samples: &[Sample], peer: &[Sample]) -> Option<(f64, (f64, f64))> {
    let more_is_better = matches!(row.work, Work::Throughput(_));
    let times = samples.iter().zip(peer).map(|(sample, peer)| {
        if more_is_better { sample.figure / peer.figure } else { peer.figure / sample.figure }
    });
    let times: Vec<f64> = times.collect();
    (!times.is_empty()).then(|| (median(&times), spread(&times)))
}

mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_nanos() as f64 / 1e3)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)? / 1e6).map_err(D::Error::custom)
    }
}

mod micros_if_any {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Micros(#[serde(with = "super::micros")] Duration);

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Micros).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Micros>::deserialize(deserializer)?.map(|micros| micros.0))
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
    use crate::{call::Call, floors::Floor};

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
        assert_eq!((summary.verdicts[0].value, summary.verdicts[0].spread), (0.5, (0.5, 0.6)));
        let tail = summary.verdicts[3];
        assert_eq!(tail.spread, (3.0, 15.0));
        assert_eq!((tail.to_target(tail.value), tail.to_target(8.0)), (1.0, 0.5));
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
    fn each_round_is_compared_with_its_own_peer_and_more_is_better_whatever_is_counted() {
        let samples =
            |figures: [f64; 3]| figures.map(|figure| Sample { figure, measure: None, beside: None });
        let (ours, peer) = (samples([60.0, 100.0, 40.0]), samples([30.0, 20.0, 10.0]));
        let rate = Row { work: Work::Throughput(|_, _| Call::get("/")), ..row(None, &[]) };
        assert_eq!(to_peer(&rate, &ours, &peer), Some((4.0, (2.0, 5.0))));
        assert_eq!(to_peer(&row(None, &[]), &peer, &ours), Some((4.0, (2.0, 5.0))), "a start takes time");
        assert_eq!(to_peer(&rate, &ours, &[]), None);
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let sample = Sample { figure: 1.0, measure: None, beside: None };
        const TARGETS: &[Target] = &[Target::OfFloor(0.5), Target::TailOfFloor(2.0)];
        let summary = Summary::of(&row(Some(Floor::Insert), TARGETS), &[sample]);
        assert!(summary.verdicts.iter().all(|verdict| !verdict.is_met()));
    }
}
