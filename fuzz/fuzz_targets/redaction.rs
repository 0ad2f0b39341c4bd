//! Any text, whole and cut into turns at its line ends, is gone through: findings lie within it and do not overlap, what is answered is
//! the text with a mask in the place of each and nothing of it, the receipt says how many there are, and a second time changes
//! nothing. `crates/redaction/tests/properties.rs` says the same of texts that are made up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_redaction::{Counts, Kind, Redacted, Segment, redact, redact_segments};

/// The text with masks, made anew from what was found.
fn masked(text: &str, redacted: &Redacted) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut place, mut masked) = (0, String::new());
    for finding in &redacted.findings {
        assert!(place <= finding.start && finding.start < finding.end && finding.end <= characters.len());
        masked.extend(&characters[place..finding.start]);
        masked.push_str(finding.kind.mask());
        place = finding.end;
    }
    masked.extend(&characters[place..]);
    masked
}

/// How many masks of a kind there are.
fn masks(redacted: &[Redacted], kind: Kind) -> u64 {
    redacted.iter().flat_map(|redacted| &redacted.findings).filter(|finding| finding.kind == kind).count()
        as u64
}

fn receipt_is_right(redacted: &[Redacted], counts: &Counts) {
    for kind in Kind::ALL {
        // What goes over several segments has several masks and counts once.
        let masks = masks(redacted, kind);
        assert!(counts.of(kind) <= masks && (counts.of(kind) > 0) == (masks > 0));
        assert!(redacted.len() != 1 || counts.of(kind) == masks);
    }
    assert_eq!(counts.total(), Kind::ALL.iter().map(|kind| counts.of(*kind)).sum::<u64>());
}

fuzz_target!(|text: &str| {
    let once = redact(text);
    assert_eq!(masked(text, &once), once.text);
    assert_eq!(redact(&once.text).text, once.text);
    let (alone, counts) = redact_segments(&[Segment { speaker: "a", text }]);
    assert_eq!(alone[0], once);
    receipt_is_right(&alone, &counts);

    let speaker = |at: usize| if at % 2 == 0 { "a" } else { "b" };
    let turns: Vec<Segment<'_>> =
        text.split('\n').enumerate().map(|(at, text)| Segment { speaker: speaker(at), text }).collect();
    let (once, counts) = redact_segments(&turns);
    assert!(turns.iter().zip(&once).all(|(turn, once)| masked(turn.text, once) == once.text));
    receipt_is_right(&once, &counts);
    let again: Vec<Segment<'_>> = once
        .iter()
        .enumerate()
        .map(|(at, redacted)| Segment { speaker: speaker(at), text: &redacted.text })
        .collect();
    let (again, _) = redact_segments(&again);
    assert!(once.iter().zip(&again).all(|(once, again)| once.text == again.text));
});
