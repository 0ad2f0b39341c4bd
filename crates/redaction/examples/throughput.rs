//! How many megabytes of a file, or of made-up transcripts, are gone through in a second on one core.
#![expect(clippy::print_stdout, reason = "an example talks on standard output")]

use std::{fs, hint::black_box, sync::LazyLock, time::Instant};

use rollcall_redaction::redact;

/// How many seconds this thread has been at work: what others do on this machine does not count, where the system tells.
fn busy() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 / 1e9)
}

/// How often each text is gone through.
const TIMES: usize = 7;

fn main() {
    let texts: Vec<(String, String)> = match std::env::args().nth(1) {
        Some(file) => vec![(file.clone(), fs::read_to_string(file).expect("a file of text"))],
        None => [
            ("conversation", include_str!("conversation.txt")),
            ("a telephone number every 20 bytes", "call 415-555-0134 or "),
            ("telephone numbers", "4155550132 415-555-0132 "),
            ("spoken numbers", "four one five five five five oh one three two, "),
            ("addresses", "bob@example.com j dot smith at gmail dot com "),
            ("written addresses", "bob.smith@example.com "),
            ("lists of numbers", "12 34 56 78 "),
            ("telephone numbers with commas", "4155550132,"),
            ("digits with commas", "4,"),
            ("groups with dots in the middle", "415·555·0132 "),
            ("pairs of tens", "forty two sixteen "),
            ("one number of millions of digits", "4"),
            ("single digits", "4 "),
            ("one digit, spoken without end", "four "),
            ("digits, spoken without end", "four one five oh seven nine "),
            ("at", "at a dot "),
            ("corrections", "no sorry four "),
            ("cards", "4111 1111 1111 1111 "),
            ("letters", "a"),
        ]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.repeat((4 << 20) / text.len())))
        .collect(),
    };
    let mut slowest = (f64::INFINITY, String::new());
    for (name, text) in texts {
        let (start, mut found) = (busy(), 0);
        for _ in 0..TIMES {
            found = black_box(redact(black_box(&text))).findings.len();
        }
        let bytes = (TIMES * text.len()) as f64;
        let rate = bytes / 1e6 / (busy() - start);
        println!("{name}: {rate:.1} MB/s, {found} found");
        if rate < slowest.0 {
            slowest = (rate, name);
        }
    }
    println!("slowest: {}, {:.1} MB/s", slowest.1, slowest.0);
}
