//! The languages that pages speak.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use rollcall_domain::accounts::Locale;

/// A language that pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::German];

    /// The tag (RFC 5646), for `<html lang>`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it is called by those who speak it.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language that somebody has chosen, if pages speak it.
    pub(crate) fn of(locale: &Locale) -> Option<Self> {
        Self::named(locale.as_str())
    }

    /// The one that a browser likes best of those that pages speak (RFC 9110 section 12.5.4).
    pub(crate) fn liked(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut best = (Self::English, 0);
        for entry in lines.flat_map(|line| line.split(',')) {
            // Blanks may stand around the semicolon (RFC 9110 section 12.4.2).
            let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let weight = weight.trim();
            let quality = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q=")).unwrap_or_default();
            if let (Some(language), Some(quality)) = (Self::named(name.trim()), thousandths(quality.trim()))
                && quality > best.1
            {
                best = (language, quality);
            }
        }
        best.0
    }

    fn named(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// A weight, which has at most three decimals (RFC 9110 section 12.4.2).
fn thousandths(quality: &str) -> Option<u32> {
    let quality: f32 = quality.parse().ok()?;
    (0.0..=1.0).contains(&quality).then_some((quality * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_liked_language_that_there_is_is_spoken() {
        for (header, language) in [
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("fr, en;q=0.5, de;q=0.7", Language::German),
            ("en-GB, de", Language::English),
            ("en;q=0.2, DE;q=0.3", Language::German),
            ("de;q=0, en;q=0.1", Language::English),
            ("de;q=2, *", Language::English),
            ("de ; q=0.9, en;q=0.8", Language::German),
            ("de; q=0.9", Language::German),
            ("dev", Language::English),
            ("", Language::English),
        ] {
            let headers = [(ACCEPT_LANGUAGE, HeaderValue::from_static(header))].into_iter().collect();
            assert_eq!(Language::liked(&headers), language, "{header}");
        }
        assert_eq!(Language::of(&"de-CH".parse().expect("a locale")), Some(Language::German));
        assert_eq!(Language::of(&"fr".parse().expect("a locale")), None);
    }
}
