//! Numbers that stand side by side, with every sign between them, and with none but a space.

use proptest::{prelude::*, sample::select};
use rollcall_redaction::redact;

/// What may stand between two numbers.
const SIGNS: [&str; 31] = [
    ",", ";", "/", "|", "&", ":", "_", "*", "=", ".", "-", "~", "\\", "^", "!", "?", "×", "·", "•", "–", "—",
    "，", "、", "'", "\"", "#", "+", "x", "ext", ";ext=", "><",
];

/// The longest stretch of digits that is left, over the signs that are within numbers.
fn left(text: &str) -> usize {
    let (mut digits, mut most) = (0, 0);
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits += 1;
        } else if !" -./()".contains(character) {
            digits = 0;
        }
        most = most.max(digits);
    }
    most
}

/// The digits that make the last one of a card's number right.
fn card(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A telephone's or a card's number in one of the forms in which they are written.
fn number() -> impl Strategy<Value = String> {
    let phone = (200_u32..1000, 200_u32..1000, 0_u32..10_000, 0_usize..12).prop_map(
        |(area, exchange, line, form)| match form {
            0 => format!("{area}{exchange}{line:04}"),
            1 => format!("({area}) {exchange}-{line:04}"),
            2 => format!("{area}-{exchange}-{line:04}"),
            3 => format!("{area}.{exchange}.{line:04}"),
            4 => format!("{area} {exchange} {line:04}"),
            5 => format!("1-{area}-{exchange}-{line:04}"),
            6 => format!("1{area}{exchange}{line:04}"),
            7 => format!("({area}){exchange}-{line:04}"),
            8 => format!("020 7{exchange} {line:04}"),
            9 => format!("07{area} {exchange}{exchange}"),
            10 => format!("0{}{area}{exchange}{:02}", 7, line % 100),
            _ => format!("+1 {area} {exchange} {line:04}"),
        },
    );
    let cards = ("[0-9]{14}", select(vec!["4", "51", "55", "2221", "6011", "34", "37"]), 0_usize..3)
        .prop_map(|(digits, prefix, form)| {
            let length = if prefix.starts_with('3') { 14 } else { 15 };
            let number = card(&format!("{prefix}{digits}")[..length]);
            let groups: Vec<&str> = if length == 14 {
                vec![&number[..4], &number[4..10], &number[10..]]
            } else {
                vec![&number[..4], &number[4..8], &number[8..12], &number[12..]]
            };
            groups.join(["", " ", "-"][form])
        });
    prop_oneof![3 => phone, 2 => cards]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_left_of_numbers_that_stand_side_by_side(
        numbers in proptest::collection::vec(number(), 2..5), sign in select(SIGNS.to_vec()), spaces in 0_usize..4,
        lead in select(vec!["", "my numbers are ", "call me at ", "card ", "it's "]),
    ) {
        let before = if spaces & 1 == 1 { " " } else { "" };
        let after = if spaces & 2 == 2 { " " } else { "" };
        let text = format!("{lead}{}", numbers.join(&format!("{before}{sign}{after}")));
        let redacted = redact(&text).text;
        prop_assert!(left(&redacted) < 7, "{text}\n{redacted}");
        prop_assert_eq!(&redact(&redacted).text, &redacted);
    }
}

#[test]
fn every_number_in_a_list_is_masked_with_its_own_mask() {
    for (text, masked) in [
        (
            "my numbers are 415-555-0132,415-555-0133 and cards 4111111111111111,5555555555554444",
            "my numbers are [phone],[phone] and cards [card],[card]",
        ),
        ("4111 1111 1111 1111,123", "[card],123"),
        ("4111111111111111,12/27", "[card],12/27"),
        ("4111-1111-1111-1111,12/27", "[card],12/27"),
        ("4111111111111111;4155550132", "[card];[phone]"),
        ("(415) 555-0132,(415) 555-0133", "[phone],[phone]"),
        ("020 7946 0958,020 7946 0959", "[phone],[phone]"),
        ("415-555-0132-415-555-0133", "[phone]-[phone]"),
        ("415.555.0132.415.555.0133", "[phone].[phone]"),
        ("4155550132.4155550133", "[phone].[phone]"),
        ("415-555-0132/415-555-0133", "[phone]/[phone]"),
        ("2026-01-02,415-555-0133", "2026-01-02,[phone]"),
        ("[phone]_4155550133", "[phone]_[phone]"),
    ] {
        assert_eq!(redact(text).text, masked, "{text}");
        assert_eq!(redact(masked).text, masked);
    }
}

#[test]
fn what_is_too_long_for_an_extension_is_a_number() {
    for (text, masked) in [
        ("ext 4155550133", "ext [phone]"),
        ("my extension is 4155550133", "my extension is [phone]"),
        ("x4155550133", "x[phone]"),
        ("dial extension 415-555-0133", "dial extension [phone]"),
        ("ext 4111111111111111", "ext [card]"),
        ("card ext 4111 1111 1111 1111", "card ext [card]"),
        ("[phone]x4155550133x4155550134", "[phone]x[phone]x[phone]"),
        ("415-555-0132;ext=4155550133", "[phone];ext=[phone]"),
        ("415-555-0132 #4155550133", "[phone] #[phone]"),
        ("415-555-0132×4155550133", "[phone]×[phone]"),
        ("415-555-0132x204", "[phone]"),
        ("my extension is 4412", "my extension is 4412"),
        ("ext 55512", "ext 55512"),
    ] {
        assert_eq!(redact(text).text, masked, "{text}");
        assert_eq!(redact(masked).text, masked);
    }
}

#[test]
fn what_is_no_number_is_none_in_a_list_either() {
    for text in [
        "2026-01-02,2026-01-03",
        "2026-01-02;2026-01-03|2026-01-04",
        "on 01/02/2026,01/03/2026",
        "versions 1.2.3,1.2.4",
        "we run 10.0.19045.3570,10.0.19045.3803",
        "it is 1,234,567.89",
        "it is 1.234.567,89",
        "they took 1,234,567.89;2,345,678.90",
        "orders 1001,1002,1003",
        "rooms 101,102,103,104",
        "192.168.10.24,192.168.10.25",
        "192.168.10.24:8080",
        "at 37.7749295,-122.4194155",
        "37.7749,-122.4194;40.7128,-74.0060",
        "16:9,4:3",
        "1920x1080,2560x1440",
        "12:30:45,12:30:46",
        "2026-01-02 12:30:45.123456",
        "1700000000.123456",
        "https://example.com/a?id=4155550132&b=4155550133",
    ] {
        assert_eq!(redact(text).text, text);
    }
}
