//! The languages that mails are written in.

use rollcall_domain::accounts::Locale;

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// The tag (RFC 5646), for `<html lang>`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of somebody who has chosen this one; English where theirs is not written.
    pub(crate) fn of(locale: &Locale) -> Self {
        let primary = locale.as_str().split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case(Self::German.tag()) { Self::German } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_chosen_a_language_that_is_not_written_gets_english() {
        for (locale, language) in [
            ("de", Language::German),
            ("de-CH", Language::German),
            ("DE-at", Language::German),
            ("en", Language::English),
            ("fr", Language::English),
            ("den", Language::English),
        ] {
            assert_eq!(Language::of(&locale.parse().expect("a locale")), language, "{locale}");
        }
    }
}
