//! How a key was used, day by day, as a picture that the server draws. The same stands beside it as a table.

use rollcall_application::api_keys::DayOfUse;

use crate::moment::{Clockwork, Moment};

/// How high the picture is, how wide a day, and how wide the bar of one.
const HEIGHT: u64 = 80;
const DAY: usize = 12;
const BAR: usize = 9;

pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) sum: u64,
    /// The day with the most, and how many.
    pub(super) most: Option<(Moment, u64)>,
    pub(super) width: usize,
    pub(super) height: u64,
    pub(super) bar: usize,
}

/// A day.
pub(super) struct Bar {
    pub(super) day: Moment,
    pub(super) calls: u64,
    pub(super) x: usize,
    pub(super) y: u64,
    pub(super) height: u64,
}

impl Chart {
    /// The chart of some days, the earliest first.
    pub(super) fn of(days: &[DayOfUse], times: &Clockwork) -> Self {
        let most = days.iter().max_by_key(|day| day.calls).filter(|day| day.calls > 0);
        let highest = most.map_or(1, |day| day.calls);
        let bar = |(place, day): (usize, &DayOfUse)| {
            // Whatever was used is seen, however little it was.
            let height = match day.calls {
                0 => 0,
                calls => {
                    let share = u128::from(calls) * u128::from(HEIGHT) / u128::from(highest);
                    u64::try_from(share).unwrap_or(HEIGHT).clamp(2, HEIGHT)
                }
            };
            let (x, y) = (place * DAY, HEIGHT - height);
            Bar { day: times.calendar_day(day.day), calls: day.calls, x, y, height }
        };
        Self {
            bars: days.iter().enumerate().map(bar).collect(),
            sum: days.iter().map(|day| day.calls).sum(),
            most: most.map(|day| (times.calendar_day(day.day), day.calls)),
            width: days.len() * DAY,
            height: HEIGHT,
            bar: BAR,
        }
    }

    /// The first day and the last.
    pub(super) fn ends(&self) -> Option<(&Moment, &Moment)> {
        Some((&self.bars.first()?.day, &self.bars.last()?.day))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn bars_are_as_high_as_their_days_had_calls_and_what_is_little_is_seen() {
        let day = |calls| DayOfUse { day: date!(2026 - 01 - 02), calls };
        let utc = Clockwork::of("UTC", Language::English);
        let chart = Chart::of(&[day(0), day(1), day(u64::MAX / 2), day(u64::MAX / 4)], &utc);
        let heights: Vec<u64> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, HEIGHT, HEIGHT / 2 - 1]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert_eq!(Chart::of(&[day(0)], &utc).most, None);
    }
}
