//! Times as people read them: in their own zone, and exactly for programs.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use rollcall_texts::Language;

/// How a day is written, in English and in German.
const DAY: [&str; 2] = ["%-d %b %Y", "%d.%m.%Y"];

/// The zone that times are shown in, and how.
#[derive(Debug, Clone)]
pub(crate) struct Clockwork {
    zone: TimeZone,
    language: Language,
}

impl Clockwork {
    /// The zone that an account names; that of the world where there is none of the name.
    pub(crate) fn of(zone: &str, language: Language) -> Self {
        Self { zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC), language }
    }

    /// A moment to the minute, and in which zone it is that.
    pub(crate) fn show(&self, at: OffsetDateTime) -> Moment {
        self.written(at, ["%-d %b %Y, %H:%M %Z", "%d.%m.%Y, %H:%M %Z"])
    }

    /// The day of a moment.
    pub(crate) fn day(&self, at: OffsetDateTime) -> Moment {
        self.written(at, DAY)
    }

    /// A day that is one everywhere.
    pub(crate) fn calendar_day(&self, day: time::Date) -> Moment {
        let exact = day.to_string();
        let civil = exact.parse::<Date>().map(|civil| civil.strftime(self.in_words(DAY)).to_string());
        Moment { text: civil.unwrap_or_else(|_| exact.clone()), exact }
    }

    /// The day of a moment, as fields for days have it: `2026-01-31`.
    pub(crate) fn date(&self, at: OffsetDateTime) -> String {
        let timestamp = Timestamp::from_second(at.unix_timestamp());
        let day = timestamp.map(|at| at.to_zoned_datetime(self.zone.clone()).date().to_string());
        day.unwrap_or_default()
    }

    /// When a day begins, if it is one.
    pub(crate) fn begin_of(&self, day: &str) -> Option<OffsetDateTime> {
        self.midnight(day.parse().ok()?)
    }

    /// When a day is over, if it is one.
    pub(crate) fn end_of(&self, day: &str) -> Option<OffsetDateTime> {
        self.midnight(day.parse::<Date>().ok()?.tomorrow().ok()?)
    }

    fn midnight(&self, day: Date) -> Option<OffsetDateTime> {
        let begins = day.to_zoned_datetime(self.zone.clone()).ok()?.timestamp();
        OffsetDateTime::from_unix_timestamp(begins.as_second()).ok()
    }

    fn in_words<'a>(&self, [english, german]: [&'a str; 2]) -> &'a str {
        match self.language {
            Language::English => english,
            Language::German => german,
        }
    }

    fn written(&self, at: OffsetDateTime, formats: [&str; 2]) -> Moment {
        let format = self.in_words(formats);
        let exact = at.format(&Rfc3339).unwrap_or_default();
        let text = match Timestamp::from_second(at.unix_timestamp()) {
            Ok(timestamp) => timestamp.to_zoned_datetime(self.zone.clone()).strftime(format).to_string(),
            // Before the year -9999 or after 9999.
            Err(_) => exact.clone(),
        };
        Moment { exact, text }
    }
}

/// Whether there is a time zone of this name.
pub(crate) fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// A moment, written as a `<time>` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    exact: String,
    text: String,
}

impl Moment {
    /// As it is read, for where no element can stand.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\">{}</time>", self.exact, self.text)
    }
}

// Digits, names of months and punctuation of our own.
impl HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_those_of_the_zone_also_when_the_clocks_change() {
        let berlin = Clockwork::of("Europe/Berlin", Language::English);
        assert_eq!(berlin.show(datetime!(2026-03-29 00:59 UTC)).text, "29 Mar 2026, 01:59 CET");
        assert_eq!(berlin.show(datetime!(2026-03-29 01:00 UTC)).text, "29 Mar 2026, 03:00 CEST");
        let german = Clockwork::of("America/New_York", Language::German);
        let moment = german.show(datetime!(2026-01-02 03:04:05 UTC));
        let html = r#"<time datetime="2026-01-02T03:04:05Z">01.01.2026, 22:04 EST</time>"#;
        assert_eq!(moment.to_string(), html);
        assert_eq!(german.day(datetime!(2026-01-02 03:04:05 UTC)).text, "01.01.2026");
        let day = german.calendar_day(time::macros::date!(2026 - 01 - 02));
        assert_eq!(day.to_string(), r#"<time datetime="2026-01-02">02.01.2026</time>"#);
        let nowhere = Clockwork::of("Atlantis/Capital", Language::English);
        assert_eq!(nowhere.show(datetime!(2026-01-02 03:04:05 UTC)).text, "2 Jan 2026, 03:04 UTC");
    }

    #[test]
    fn days_begin_and_end_in_the_zone_also_when_the_clocks_change() {
        let berlin = Clockwork::of("Europe/Berlin", Language::English);
        assert_eq!(berlin.begin_of("2026-03-29"), Some(datetime!(2026-03-28 23:00 UTC)));
        assert_eq!(berlin.end_of("2026-03-29"), Some(datetime!(2026-03-29 22:00 UTC)));
        assert_eq!(berlin.date(datetime!(2026-03-29 22:00 UTC)), "2026-03-30");
        assert_eq!(berlin.date(datetime!(2026-03-29 21:59:59 UTC)), "2026-03-29");
        for none in ["", "x", "2026-02-30", "9999-12-32", "-9999-01-01T00"] {
            assert_eq!(berlin.begin_of(none), None, "{none}");
        }
        assert_eq!(berlin.end_of("9999-12-31"), None);
    }
}
