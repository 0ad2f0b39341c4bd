//! How many megabytes of a file, or of made-up transcripts, are gone through in a second on one core.
#![expect(clippy::print_stdout, reason = "an example talks on standard output")]

use std::{hint::black_box, time::Instant};

use rollcall_redaction::redact;

fn main() {
    let texts: Vec<(String, String)> = match std::env::args().nth(1) {
        Some(file) => vec![(file.clone(), std::fs::read_to_string(file).expect("a file of text"))],
        None => [
            ("conversation", include_str!("conversation.txt")),
            ("telephone numbers", "4155550132 415-555-0132 "),
            ("spoken numbers", "four one five five five five oh one three two, "),
            ("addresses", "bob@example.com j dot smith at gmail dot com "),
            ("lists of numbers", "12 34 56 78 "),
            ("one digit", "4"),
            ("digits", "four "),
            ("at", "at a dot "),
            ("corrections", "no sorry four "),
            ("cards", "4111 1111 1111 1111 "),
            ("letters", "a"),
        ]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.repeat((4 << 20) / text.len())))
        .collect(),
    };
    for (name, text) in texts {
        let start = Instant::now();
        let found = black_box(redact(black_box(&text))).findings.len();
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {:.1} MB/s, {found} found", text.len() as f64 / 1e6 / seconds);
    }
}
