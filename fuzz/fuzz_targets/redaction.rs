//! Any text, cut into turns at its line ends, is gone through; findings lie within it and do not overlap; a second time
//! changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_redaction::{Segment, redact, redact_segments};

fuzz_target!(|text: &str| {
    let once = redact(text);
    let mut place = 0;
    for finding in &once.findings {
        assert!(place <= finding.start && finding.start < finding.end);
        place = finding.end;
    }
    assert!(place <= text.chars().count());
    assert_eq!(redact(&once.text).text, once.text);

    let speaker = |at: usize| if at % 2 == 0 { "a" } else { "b" };
    let segments: Vec<Segment<'_>> =
        text.split('\n').enumerate().map(|(at, text)| Segment { speaker: speaker(at), text }).collect();
    let (once, _) = redact_segments(&segments);
    let masked: Vec<Segment<'_>> = once
        .iter()
        .enumerate()
        .map(|(at, redacted)| Segment { speaker: speaker(at), text: &redacted.text })
        .collect();
    let (again, _) = redact_segments(&masked);
    assert!(once.iter().zip(&again).all(|(once, again)| once.text == again.text));
});
