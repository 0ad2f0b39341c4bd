//! What holds for every text.

use proptest::{collection::vec, prelude::*, sample::select};
use rollcall_redaction::{Kind, Redacted, Segment, redact, redact_segments};

const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// What conversations are made of, in any order: most of what the code looks for.
fn soup() -> impl Strategy<Value = String> {
    let words = select(vec![
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "twelve",
        "nineteen",
        "twenty",
        "forty",
        "ninety",
        "hundred",
        "thousand",
        "million",
        "double",
        "triple",
        "oh",
        "o",
        "to",
        "for",
        "a",
        "j",
        "x",
        "as",
        "in",
        "boy",
        "bravo",
        "at",
        "dot",
        "point",
        "dash",
        "underscore",
        "plus",
        "uh",
        "okay",
        "mm-hm",
        "yes",
        "no",
        "sorry",
        "wait",
        "I",
        "mean",
        "scratch",
        "that",
        "let",
        "me",
        "see",
        "then",
        "and",
        "or",
        "extension",
        "ext",
        "dollars",
        "percent",
        "years",
        "my",
        "number",
        "is",
        "phone",
        "call",
        "text",
        "card",
        "visa",
        "email",
        "mail",
        "gmail",
        "com",
        "co",
        "uk",
        "order",
        "tracking",
        "account",
        "on",
        "the",
        "it's",
        "code",
        "area",
        "zip",
        "smith",
        "example",
        "website",
        "word",
        "all",
        "415",
        "555",
        "0132",
        "4155550132",
        "1",
        "0",
        "12",
        "2024",
        "+1",
        "+44",
        "(415)",
        "555-0132",
        "1-800-FLOWERS",
        "800",
        "1,250",
        "3.14",
        "10:30",
        "03/14/2025",
        "192.168.1.1",
        "$5",
        "4111",
        "1111",
        "4111111111111111",
        "378282246310005",
        "a@b.co",
        "@",
        "j.smith@example.com",
        "[phone]",
        "[email]",
        "[card]",
        "[",
        "]",
        "(",
        ")",
        "#",
        "5th",
        "22H2",
        "٤١٥",
        "５",
        "é",
        "\u{200B}",
        "\u{301}",
        "用户",
        "\u{202A}",
        "FLOWERS",
        "GO-FEDEX",
        "e-mail:",
        "tel:",
    ]);
    let gaps = select(vec![
        " ", " ", " ", " ", " ", ", ", ". ", "-", ".", "", "\n", "... ", "/", "? ", ": ", "_", "%", " — ",
    ]);
    vec((words, gaps), 0..40)
        .prop_map(|parts| parts.into_iter().map(|(word, gap)| format!("{word}{gap}")).collect())
}

fn check(text: &str, redacted: &Redacted) -> Result<(), TestCaseError> {
    let characters: Vec<char> = text.chars().collect();
    let (mut place, mut masked) = (0, String::new());
    for finding in &redacted.findings {
        prop_assert!(
            place <= finding.start && finding.start < finding.end && finding.end <= characters.len()
        );
        masked.extend(&characters[place..finding.start]);
        masked.push_str(finding.kind.mask());
        place = finding.end;
    }
    masked.extend(&characters[place..]);
    // What stands between the masks is what stood between what was found, and none of the rest.
    prop_assert_eq!(&masked, &redacted.text);
    Ok(())
}

fn idempotent(texts: &[(u8, String)]) -> Result<(), TestCaseError> {
    let names = ["a", "b"];
    let segments = |texts: &[(u8, String)]| -> Vec<(Vec<Redacted>, rollcall_redaction::Counts)> {
        let segments: Vec<Segment<'_>> = texts
            .iter()
            .map(|(speaker, text)| Segment { speaker: names[usize::from(*speaker % 2)], text })
            .collect();
        vec![redact_segments(&segments)]
    };
    let (once, counts) = segments(texts).remove(0);
    let mut found = 0;
    for ((_, text), redacted) in texts.iter().zip(&once) {
        check(text, redacted)?;
        found += redacted.findings.len() as u64;
    }
    prop_assert!(counts.total() <= found && (counts.total() > 0) == (found > 0));
    let masked: Vec<(u8, String)> =
        texts.iter().zip(once).map(|((speaker, _), redacted)| (*speaker, redacted.text)).collect();
    let (again, _) = segments(&masked).remove(0);
    for ((_, text), again) in masked.iter().zip(again) {
        prop_assert_eq!(text, &again.text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_gone_through_and_a_second_time_changes_nothing(text in any::<String>()) {
        let redacted = redact(&text);
        check(&text, &redacted)?;
        prop_assert_eq!(&redact(&redacted.text).text, &redacted.text);
    }

    #[test]
    fn any_mixture_of_what_is_looked_for_is_gone_through_and_a_second_time_changes_nothing(text in soup()) {
        let redacted = redact(&text);
        check(&text, &redacted)?;
        prop_assert_eq!(&redact(&redacted.text).text, &redacted.text);
    }

    #[test]
    fn the_receipt_of_one_segment_says_how_many_masks_of_each_kind_there_are(text in soup()) {
        let (redacted, counts) = redact_segments(&[Segment { speaker: "a", text: &text }]);
        for kind in Kind::ALL {
            let masks = redacted[0].findings.iter().filter(|found| found.kind == kind).count() as u64;
            prop_assert_eq!(counts.of(kind), masks, "{} in {}", kind, text);
        }
        prop_assert_eq!(&redacted[0], &redact(&text));
    }

    #[test]
    fn any_conversation_is_gone_through_and_a_second_time_changes_nothing(texts in vec((0_u8..2, soup()), 0..6)) {
        idempotent(&texts)?;
    }

    #[test]
    fn a_telephone_number_is_found_in_every_form(
        area in 200_u32..1000, exchange in 200_u32..1000, line in 0_u32..10_000, form in 0_usize..12, lead in 0_usize..6,
    ) {
        let lead = ["call me at ", "my number is ", "it's ", "", "you can reach him on ", "so "][lead];
        let plain = format!("{area}{exchange}{line:04}");
        let spoken = |text: &str| -> String {
            text.bytes().map(|byte| DIGITS[usize::from(byte - b'0')]).collect::<Vec<_>>().join(" ")
        };
        let (a, e, l) = (area.to_string(), exchange.to_string(), format!("{line:04}"));
        let number = match form {
            0 => plain.clone(),
            1 => format!("({a}) {e}-{l}"),
            2 => format!("{a}-{e}-{l}"),
            3 => format!("{a}.{e}.{l}"),
            4 => format!("{a} {e} {l}"),
            5 => format!("+1 {a} {e} {l}"),
            6 => format!("1-{a}-{e}-{l}"),
            7 => spoken(&plain),
            8 => format!("{}, {}, {}", spoken(&a), spoken(&e), spoken(&l)),
            9 => format!("{}, uh, {}, {}", spoken(&a), spoken(&e), spoken(&l)),
            10 => spoken(&plain).replace("zero", "oh"),
            _ => format!("{a} {} {l}", spoken(&e)),
        };
        let text = format!("{lead}{number}");
        let redacted = redact(&text);
        prop_assert_eq!(redacted.text, format!("{lead}[phone]"), "{}", text);
    }

    #[test]
    fn a_card_s_number_is_found_in_every_form(prefix in select(vec!["4", "51", "55", "2221", "6011", "34", "37"]), digits in "[0-9]{15}", form in 0_usize..5) {
        let length = if prefix.starts_with('3') { 15 } else { 16 };
        let body = format!("{prefix}{digits}");
        let body = &body[..length - 1];
        let sum: u32 = body.bytes().rev().enumerate().map(|(at, byte)| {
            let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        }).sum();
        let number = format!("{body}{}", (10 - sum % 10) % 10);
        let groups: Vec<&str> = if length == 15 { vec![&number[..4], &number[4..10], &number[10..]] } else {
            vec![&number[..4], &number[4..8], &number[8..12], &number[12..]]
        };
        let spoken = |text: &str| text.bytes().map(|byte| DIGITS[usize::from(byte - b'0')]).collect::<Vec<_>>().join(" ");
        let said = match form {
            0 => number.clone(),
            1 => groups.join(" "),
            2 => groups.join("-"),
            3 => spoken(&number),
            _ => groups.iter().map(|group| spoken(group)).collect::<Vec<_>>().join(", "),
        };
        let redacted = redact(&format!("it is {said}"));
        prop_assert_eq!(redacted.text, "it is [card]", "{}", said);
    }

    #[test]
    fn an_address_is_found_written_and_spoken(local in "[a-z]{2,7}q(\\.[a-z]{2,7}q)?[0-9]{0,3}", domain in "[a-z]{4,9}q", top in select(vec!["com", "org", "net", "co.uk", "edu"])) {
        let written = format!("{local}@{domain}.{top}");
        let redacted = redact(&format!("send it to {written}."));
        prop_assert_eq!(redacted.text, "send it to [email].");
        let said = format!("my email is {} at {domain} dot {}", local.replace('.', " dot "), top.replace('.', " dot "));
        let redacted = redact(&said);
        prop_assert!(redacted.findings.iter().any(|found| found.kind == Kind::Email && found.end == said.chars().count()), "{}", said);
    }
}
