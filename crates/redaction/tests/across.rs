//! What runs over speakers' turns, and what only looks as if it did.

use rollcall_redaction::{Segment, redact, redact_segments};

/// A conversation, as `A: …` and `B: …`, with masks.
fn masked(turns: &[&str]) -> String {
    let segments: Vec<_> = turns
        .iter()
        .map(|turn| turn.split_once(": ").expect("who speaks"))
        .map(|(speaker, text)| Segment { speaker, text })
        .collect();
    let (redacted, _) = redact_segments(&segments);
    redacted.iter().map(|redacted| redacted.text.as_str()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn attack_30_a_number_that_two_say_between_them_is_masked_in_both_turns() {
    for (turns, expected) in [
        (
            &["A: my number is two one two", "B: five five five", "A: zero one four nine"][..],
            "my number is [phone] | [phone] | [phone]",
        ),
        (&["A: my number is 212", "B: 555", "A: 0149"], "my number is [phone] | [phone] | [phone]"),
        (
            &["A: my number is two one two five five five", "B: zero one four nine, right?", "A: yes"],
            "my number is [phone] | [phone], right? | yes",
        ),
        (
            &["B: I have two one two five five five, and the last four?", "A: zero one four nine"],
            "I have [phone], and the last four? | [phone]",
        ),
        (&["A: my number is 555 0149", "B: two thirty works"], "my number is [phone] | two thirty works"),
        // Neither of the pieces that are long enough by themselves is masked alone.
        (
            &["A: my number is two one two", "B: five five five zero one four nine"],
            "my number is [phone] | [phone]",
        ),
        (
            &["A: my number is two one two five five five zero", "B: one four nine"],
            "my number is [phone] | [phone]",
        ),
        // What is repeated on the way belongs to it.
        (&["A: my number is 212 555", "B: 0149?", "A: 0149"], "my number is [phone] | [phone]? | [phone]"),
        (&["A: 5555 5555", "B: 5555 4444"], "[card] | [card]"),
        (
            &["A: the card is 4539", "B: 1488", "A: 0343", "B: 6467"],
            "the card is [card] | [card] | [card] | [card]",
        ),
    ] {
        assert_eq!(masked(turns), expected, "{turns:?}");
    }
}

#[test]
fn what_two_people_count_order_pay_or_date_is_no_number_of_anybody() {
    for turns in [
        &["A: one two three four", "B: five six seven eight", "A: nine ten"][..],
        &["A: one two three four five", "B: six seven eight nine ten"],
        &["A: ten nine eight seven", "B: six five four three", "A: two one"],
        &["A: the order is two one two five five five", "B: zero one four nine"],
        &["A: order number two one two", "B: that's five hundred fifty five dollars"],
        &["A: it comes to 21255", "B: and mine to 50149 dollars"],
        &["A: I called on 12/05", "B: 2026", "A: at 10 30"],
        &["A: you called me on 3 14", "B: 2026"],
        &["A: call me at two one two", "B: five o'clock is better"],
        &["A: please call at ten thirty", "B: two thirty is better"],
        &["A: 4111 1111", "B: 1111 1112"],
        &["A: 1998 2002", "B: 2006 2010"],
        &["A: four eight", "B: fifteen", "A: sixteen", "B: twenty three", "A: forty two"],
    ] {
        let unmasked: Vec<&str> = turns.iter().map(|turn| &turn[3..]).collect();
        assert_eq!(masked(turns), unmasked.join(" | "));
    }
}

#[test]
fn attack_30_an_address_that_two_say_between_them_is_masked_in_both_turns() {
    for (turns, expected) in [
        (&["A: my email is k dot mori", "B: at gmail dot com"][..], "my email is [email] | [email]"),
        (&["A: k dot mori at gmail", "B: dot com"], "[email] | [email]"),
        (&["A: k mori at", "B: at what?", "A: gmail dot com"], "[email] | at what? | [email]"),
        (&["A: k dot mori at", "B: gmail dot com?"], "[email] | [email]?"),
    ] {
        assert_eq!(masked(turns), expected, "{turns:?}");
    }
    for turns in [
        &["A: we bought a lamp", "B: at wayfair dot com"][..],
        &["A: where are you at", "B: google dot com"],
        &["A: I saw mary", "B: at the gym", "A: dot com, she said"],
    ] {
        let unmasked: Vec<&str> = turns.iter().map(|turn| &turn[3..]).collect();
        assert_eq!(masked(turns), unmasked.join(" | "));
    }
}

#[test]
fn attack_30_words_between_the_groups_of_a_card_do_not_hide_it() {
    for words in [
        "what's next",
        "I need my glasses",
        "um hang on",
        "let me find it",
        "hang on a second",
        "still there?",
    ] {
        for before in ["", "my card number is ", "it's a Discover, ", "my number is "] {
            let text = format!(
                "{before}six oh one one, one one one one, {words}, one one one one, one one one seven"
            );
            assert_eq!(redact(&text).text, format!("{before}[card]"), "{text}");
        }
    }
    // Without the check, and behind more words, they are groups of four.
    for left in [
        "six oh one one, one one one one, what's next, one one one one, one one one eight",
        "six oh one one, one one one one, and I do not know at all what follows now, one one one one, one one one seven",
    ] {
        assert_eq!(redact(left).text, left);
    }
}

#[test]
fn attack_30_an_address_is_found_without_its_dot_behind_a_number_and_at_a_place_with_an_article() {
    for (text, expected) in [
        ("it's anna bell at hotmail com", "it's [email]"),
        ("so it's june, the number nine, at gmail, dot com.", "so it's [email]."),
        ("office at the tea room dot net", "[email]"),
        ("you get more info at the tea room dot net", "you get more info at the tea room dot net"),
    ] {
        assert_eq!(redact(text).text, expected);
    }
}
