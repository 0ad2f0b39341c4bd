//! QR codes, as a drawing in the page itself: nothing of a seed is ever fetched by an address.

use askama::{Template, filters::HtmlSafe};
use qrcode::{Color, QrCode};
use rollcall_application::Error;

/// The light border that readers need, in modules (ISO/IEC 18004 section 9.1).
const QUIET: usize = 4;

/// A text as a QR code.
#[derive(Debug, Template)]
#[template(
    source = r##"<svg class="qr" viewBox="0 0 {{ side }} {{ side }}" role="img" aria-label="{{ label }}" shape-rendering="crispEdges"><rect width="{{ side }}" height="{{ side }}" fill="#fff"/><path d="{{ path }}" fill="#000"/></svg>"##,
    ext = "html"
)]
pub(super) struct Qr {
    label: &'static str,
    side: usize,
    path: String,
}

impl Qr {
    /// Draws a text.
    ///
    /// # Errors
    /// [`Error::Internal`] for a text that is too long for one.
    pub(super) fn of(text: &str, label: &'static str) -> Result<Self, Error> {
        let code = QrCode::new(text.as_bytes()).map_err(|error| Error::Internal(Box::new(error)))?;
        let width = code.width();
        let colors = code.to_colors();
        let dark = colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
        let path = dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        Ok(Self { label, side: width + 2 * QUIET, path: path.collect() })
    }
}

// A template of its own, which escapes.
impl HtmlSafe for Qr {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_drawing_of_dark_squares_within_a_light_border() {
        let svg = Qr::of(&format!("otpauth://totp/{}", "x".repeat(300)), "A \"code\"").expect("a code");
        let text = svg.to_string();
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>") && !text.contains("otpauth"), "{text}");
        // Its first corner is that of a finder pattern: seven dark modules in a row.
        for x in QUIET..QUIET + 7 {
            assert!(text.contains(&format!("M{x} {QUIET}h1v1h-1z")), "{x}");
        }
        assert!(!text.contains(&format!("M{} {QUIET}h", QUIET + 7)));
        assert!(Qr::of(&"x".repeat(5000), "").is_err());
    }
}
