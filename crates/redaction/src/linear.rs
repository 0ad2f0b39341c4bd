//! Time grows with the length of a text and nothing else. What is compared is counted, not timed.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{effort, settled};

/// How many steps a text takes.
fn work(text: &str) -> u64 {
    settled::find(text, &[text.len()], &[0]).1
}

/// How many steps a conversation takes, in which two speak in turn.
fn work_in_turns(turns: &[&str]) -> u64 {
    let text: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
    let mut end = 0;
    let ends: Vec<usize> = turns
        .iter()
        .map(|turn| {
            end += turn.len() + 1;
            end - 1
        })
        .collect();
    let speakers: Vec<usize> = (0..turns.len()).map(|at| at % 2).collect();
    settled::find(&text, &ends, &speakers).1
}

/// What may make a search slow: long tokens, long runs, many beginnings of something that does not come.
const PATTERNS: [&str; 60] = [
    "call 415-555-0134 or ",
    "bob.smith@example.com ",
    "four one five that's four one five ",
    "is for one five five five five oh one three to ",
    "12345678 uh uh uh uh uh uh uh uh uh uh uh uh uh uh ",
    "415-555-0132 order ",
    "a@b dot co dot uk ",
    "no sorry 4111 1111 ",
    "4",
    "a",
    "@",
    "4 ",
    "12 ",
    "four ",
    "forty two ",
    "four one, ",
    "double ",
    "oh ",
    "at ",
    "dot ",
    "a dot ",
    "a@",
    "a@b.",
    "at a dot ",
    "no sorry four ",
    "four uh ",
    "+1 ",
    "+",
    "(",
    "(415",
    "1-",
    "1.",
    "is my order number ",
    "4111 1111 1111 1111 ",
    "4155550132 ",
    "j at gmail dot com ",
    "4155550132,",
    "4,",
    "1|",
    "4x",
    "4155550132x",
    "at dot ",
    "oh double ",
    "no sorry six ",
    "six no sorry six ",
    "no sorry six, double oh at dot 4155550132,",
    "４",
    "４ ",
    "٤١٥٥٥٥٠١٣٢,",
    "٤-",
    "4\u{200B}",
    "4_1_",
    "4·",
    "415·555·0132·",
    "%20",
    "a%40",
    "4%2B",
    "\\n4",
    "uh ",
    "4155550132 uh ",
];

/// Lists in which every few groups look like the number of some country, so that it is looked up whether they are one.
const LOOKED_UP: [&str; 18] = [
    "415-",
    "192.168.",
    "415 - ",
    "415.415.",
    "349-",
    "612-345-",
    "0.34",
    "+ 415 ",
    "415 ",
    "612 34 56 78 ",
    "0 0 4 ",
    "0 1 1 4 ",
    "0044 ",
    "12345678901 ",
    "44 20 7946 0958 ",
    "+44 20 7946 0958 ",
    "+44_20_7946_0958_",
    "123 456789012 ",
];

#[test]
fn twice_the_text_is_twice_the_work_whatever_is_in_it() {
    for pattern in PATTERNS.into_iter().chain(LOOKED_UP) {
        let (small, large) = (pattern.repeat(1_500), pattern.repeat(6_000));
        let (few, many) = (work(&small), work(&large));
        assert!(many <= few * 9 / 2 + 2_000, "{pattern:?}: {few} steps, and {many} for four times the text");
        assert!(
            many <= large.len() as u64 * 150 + 2_000,
            "{pattern:?}: {many} steps for {} bytes",
            large.len()
        );
        // What is looked at before there are any words, too: what stands around each `@`.
        let (few, many) = (cost(&small), cost(&large));
        assert!(many <= few * 9 / 2 + 2_000, "{pattern:?}: {few} looks, and {many} for four times the text");
    }
}

#[test]
fn twice_the_turns_are_twice_the_work() {
    for (one, other) in [
        ("four", "four"),
        ("four", "okay"),
        ("four one", "one"),
        ("j dot", "mm"),
        ("at", "at"),
        ("4", ""),
        ("1", "2"),
        ("eight six two", "could you repeat that"),
        ("eight six two", "eight six two"),
        ("1-2-3-4-5-6", "1-2-3-4-5-6"),
        ("415 555 0132", "and the last four"),
        ("four one five", "six seven one"),
        ("4111", "1111"),
        ("4", "four five"),
        ("j dot smith at", "at what"),
        ("four one one one what's next", "one one one one where is it"),
        ("gmail", "dot"),
    ] {
        let turns = |count: usize| [one, other].repeat(count);
        let (few, many) = (work_in_turns(&turns(2_000)), work_in_turns(&turns(8_000)));
        assert!(
            many <= few * 9 / 2 + 2_000,
            "{one:?} and {other:?}: {few} steps, and {many} for four times the turns"
        );
    }
}

/// What repeating units are made of: the words that mean something to this crate, digits, and the signs between them.
const VOCABULARY: [&str; 72] = [
    "zero",
    "one",
    "six",
    "twelve",
    "forty",
    "hundred",
    "thousand",
    "million",
    "double",
    "triple",
    "oh",
    "to",
    "for",
    "a",
    "x",
    "as",
    "in",
    "boy",
    "bravo",
    "at",
    "dot",
    "dash",
    "underscore",
    "plus",
    "uh",
    "okay",
    "no",
    "sorry",
    "I mean",
    "scratch that",
    "let me see",
    "then",
    "and",
    "that's",
    "extension",
    "ext",
    "dollars",
    "number",
    "phone",
    "call",
    "card",
    "email",
    "com",
    "co",
    "order",
    "on",
    "is",
    "area code",
    "415",
    "555",
    "0132",
    "4155550132",
    "1",
    "0",
    "12",
    "+1",
    "+",
    "(",
    "(415)",
    "1-800-FLOWERS",
    "4111",
    "4111111111111111",
    "a@b.co",
    "@",
    "[phone]",
    "#",
    "٤١٥",
    "５",
    "\u{200B}",
    "用户",
    "%2B",
    "_",
];

/// Everything that is counted of a text.
fn cost(text: &str) -> u64 {
    effort::looks();
    work(text) + effort::looks()
}

#[test]
fn whatever_is_looked_up_costs_no_more_than_what_is_not() {
    for pattern in LOOKED_UP {
        let text = pattern.repeat(24_000 / pattern.len());
        let cost = cost(&text);
        assert!(cost <= text.len() as u64 * 100, "{pattern:?}: {cost} for {} bytes", text.len());
    }
    // As many different numbers, so that nothing is looked up that was before.
    for between in ["-", " ", ".", ", "] {
        let groups = (0..6_000_u64).map(|n| format!("{}{between}", 100 + n * n * 7_919 % 900));
        let text: String = groups.collect();
        let cost = cost(&text);
        assert!(cost <= text.len() as u64 * 100, "{between:?}: {cost} for {} bytes", text.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_of_any_unit_is_twice_the_work(
        tokens in vec((select(VOCABULARY.to_vec()), select(vec![" ", " ", " ", "", ", ", ",", "-", ".", "\n", ". ", "/", "|", "_"])), 1..13),
    ) {
        let unit: String = tokens.iter().map(|(token, gap)| format!("{token}{gap}")).collect();
        let times = 24_000 / unit.len();
        let (few, many) = (cost(&unit.repeat(times)), cost(&unit.repeat(2 * times)));
        prop_assert!(many as f64 <= 2.2 * few as f64 + 2_000.0, "{unit:?}: {few}, and {many} for twice the text");
        prop_assert!(many <= 2 * 24_000 * 2_000, "{unit:?}: {many} for 48 kB");
    }
}
