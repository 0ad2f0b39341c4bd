use super::*;

fn text(text: &str) -> String {
    redact(text).text
}

#[test]
fn a_stretch_ends_only_where_nothing_can_be_cut_in_two() {
    // Enough quiet words for several stretches, and something to be found at every place around their ends.
    for words in (4_040..4_060).chain(4_090..4_100) {
        let quiet = "word ".repeat(words);
        let whole = format!("{quiet}my number is four one five five five five oh one three two {quiet}");
        assert_eq!(text(&whole), format!("{quiet}my number is [phone] {quiet}"), "{words} words");
        let order =
            format!("{quiet}my order number is four one five five five five oh one three two {quiet}");
        assert_eq!(text(&order), order, "{words} words");
    }
}

#[test]
fn millions_of_digits_are_no_number_and_take_no_time_worth_naming() {
    let digits = "4".repeat(3_000_000);
    assert_eq!(text(&digits), digits);
    let spaced = "4 ".repeat(500_000);
    assert_eq!(text(&spaced), spaced);
}

#[test]
fn one_token_of_ten_megabytes_is_gone_through() {
    let token = "x".repeat(10 << 20);
    assert_eq!(text(&token), token);
    let address = format!("{token}@example.com");
    assert_eq!(text(&address), "[email]");
    let unseen = format!("4{}155550132", "\u{200B}".repeat(1 << 20));
    assert_eq!(text(&unseen), "[phone]");
}

#[test]
fn characters_that_nobody_sees_hide_nothing() {
    assert_eq!(text("call 4\u{200B}15\u{2060}555\u{AD}0132 now"), "call [phone] now");
    assert_eq!(text("call 4\u{301}15 555\u{20E3} 0132"), "call [phone]");
    assert_eq!(text("call \u{202D}+1 415 555 0132\u{202C}"), "call \u{202D}[phone]\u{202C}");
    assert_eq!(text("j\u{200D}smith@exam\u{200B}ple.com"), "[email]");
}

#[test]
fn digits_of_every_script_are_digits() {
    assert_eq!(text("call ４１５-５５５-０１３２"), "call [phone]");
    assert_eq!(text("call ٠٥٠١٢٣٤٥٦٧"), "call [phone]");
    assert_eq!(text("card ४१११ ११११ ११११ ११११"), "card [card]");
    assert_eq!(text("call 𝟺𝟷𝟻𝟻𝟻𝟻𝟶𝟷𝟹𝟸"), "call [phone]");
}

#[test]
fn offsets_are_in_scalar_values() {
    let redacted = redact("é😀 call 415-555-0132 or a@b.co");
    let findings: Vec<_> = redacted.findings.iter().map(|f| (f.kind, f.start, f.end)).collect();
    assert_eq!(findings, [(Kind::Phone, 8, 20), (Kind::Email, 24, 30)]);
}

#[test]
fn what_is_masked_already_stays_as_it_is() {
    for done in [
        "[phone]",
        "call [phone] or [email], [card]",
        "my number is [phone] [phone]",
        "j dot [email] 12",
        "[phone",
    ] {
        assert_eq!(text(done), done);
    }
}

#[test]
fn a_number_over_several_segments_counts_once() {
    let segment = |speaker, text| Segment { speaker, text };
    let (redacted, counts) = redact_segments(&[
        segment("a", "what is the card number"),
        segment("b", "four five three nine"),
        segment("a", "okay"),
        segment("b", "five two six zero"),
        segment("a", ""),
        segment("b", "one eight one five nine zero eight three"),
        segment("a", "and your email, is it still bob at example dot com"),
    ]);
    let texts: Vec<&str> = redacted.iter().map(|redacted| redacted.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "what is the card number",
            "[card]",
            "okay",
            "[card]",
            "",
            "[card]",
            "and your email, is it still [email]"
        ]
    );
    assert_eq!(counts, Counts { phone: 0, email: 1, card: 1 });
    assert_eq!((counts.of(Kind::Card), counts.total()), (1, 2));
}

#[test]
fn what_the_other_repeats_is_found_once_whether_or_not_the_number_goes_on() {
    let conversation = |turns: &[(&'static str, &'static str)]| {
        let segments: Vec<_> = turns.iter().map(|(speaker, text)| Segment { speaker, text }).collect();
        let (redacted, counts) = redact_segments(&segments);
        (redacted.into_iter().map(|redacted| redacted.text).collect::<Vec<_>>(), counts.phone)
    };
    let whole = "four one five five five five oh one three two";
    let (texts, phones) = conversation(&[("a", whole), ("b", whole), ("a", "yes that is it")]);
    assert_eq!((texts.join("|"), phones), ("[phone]|[phone]|yes that is it".to_owned(), 2));
    let parts = [
        ("a", "four one five"),
        ("b", "four one five"),
        ("a", "five five five"),
        ("b", "okay"),
        ("a", "oh one three two"),
    ];
    let (texts, phones) = conversation(&parts);
    assert_eq!((texts.join("|"), phones), ("[phone]|[phone]|[phone]|okay|[phone]".to_owned(), 1));
    let (texts, phones) =
        conversation(&[("a", "room four one five"), ("b", "four one five"), ("a", "yes please")]);
    assert_eq!((texts.join("|"), phones), ("room four one five|four one five|yes please".to_owned(), 0));
}

#[test]
fn empty_segments_and_texts_are_nothing() {
    assert_eq!(text(""), "");
    let (redacted, counts) = redact_segments(&[Segment { speaker: "", text: "" }; 3]);
    assert_eq!((redacted.len(), counts.total()), (3, 0));
    assert!(redacted.iter().all(|redacted| redacted.text.is_empty() && redacted.findings.is_empty()));
}

#[test]
fn another_number_behind_an_extension_s_mark_is_found_and_so_is_it_behind_a_mask() {
    for (text, masked) in [
        ("415-555-0132x4155550133", "[phone]x[phone]"),
        ("[phone]x4155550133", "[phone]x[phone]"),
        ("call 415-555-0132ext4155550133 now", "call [phone]ext[phone] now"),
        ("415-555-0132x204", "[phone]"),
        // A word that begins with an x is none.
        ("the part is x4155550133", "the part is x4155550133"),
    ] {
        assert_eq!(redact(text).text, masked, "{text}");
        assert_eq!(redact(masked).text, masked);
    }
}

#[test]
fn a_card_that_is_spoken_of_need_not_pass_the_check_and_the_shortest_has_thirteen_digits() {
    assert_eq!(text("the card number is 4111 1111 1111 1112"), "the card number is [card]");
    assert_eq!(text("it is 4111 1111 1111 1112"), "it is 4111 1111 1111 1112");
    assert_eq!(text("it is 4222222222222"), "it is [card]");
    assert_eq!(text("it is 4222 222 222 222"), "it is [card]");
}

#[test]
fn every_number_of_a_long_list_has_a_mask_of_its_own() {
    // A telephone number's end and the next ones pass a card's check together.
    for times in [1, 8, 20, 200] {
        let text = "4155550132 415-555-0132 ".repeat(times);
        assert_eq!(redact(&text).text, "[phone] [phone] ".repeat(times));
    }
}

#[test]
fn a_price_a_share_and_what_is_numbered_by_a_sign_are_left_however_long() {
    for left in ["$4155550132 was paid", "it is 4155550132% more", "#4155550132 is it"] {
        assert_eq!(text(left), left);
    }
}

#[test]
fn a_number_is_found_with_several_corrections_and_a_word_that_sounds_like_a_digit_does_not_end_it() {
    let corrected =
        "four one five no sorry four one six no wait four one seven five five five oh one three two";
    assert_eq!(text(&format!("my number is {corrected}")), "my number is [phone]");
    let spoken = "it is four one five five five five oh one three two to four people";
    assert_eq!(text(spoken), "it is [phone] to four people");
}
