//! QR codes.

use qrcode::{QrCode, render::svg::Color};
use rollcall_application::Error;

/// The fewest pixels of a side.
const SIDE: u32 = 240;

/// A text as a QR code: an SVG element that can stand in a page as it is.
pub(super) fn qr_svg(text: &str) -> Result<String, Error> {
    let code = QrCode::new(text.as_bytes()).map_err(|error| Error::Internal(Box::new(error)))?;
    let document = code.render::<Color<'_>>().min_dimensions(SIDE, SIDE).build();
    // Without the declaration of XML, which may only stand at the beginning of a file.
    Ok(document.find("<svg").map_or_else(String::new, |start| document[start..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_svg_element() {
        let svg = qr_svg(&format!("otpauth://totp/{}", "x".repeat(500))).expect("a code");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("otpauth"));
    }
}
