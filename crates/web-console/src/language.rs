//! Which language a browser is spoken to in.

use http::{HeaderMap, header::ACCEPT_LANGUAGE};
use rollcall_texts::Language;

/// The one that a browser likes best of those that pages speak (RFC 9110 section 12.5.4).
pub(crate) fn liked(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let mut best = (Language::English, 0);
    for entry in lines.flat_map(|line| line.split(',')) {
        // Blanks may stand around the semicolon (RFC 9110 section 12.4.2).
        let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight = weight.trim();
        let quality = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q=")).unwrap_or_default();
        if let (Some(language), Some(quality)) = (Language::tagged(name.trim()), thousandths(quality.trim()))
            && quality > best.1
        {
            best = (language, quality);
        }
    }
    best.0
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
            assert_eq!(liked(&headers), language, "{header}");
        }
    }
}
