//! Cases that one rule alone decides: with the rule left out, or turned round, each comes out otherwise, and no line of the corpus does.

use rollcall_redaction::{Segment, redact_segments};

/// A conversation, as turns of `A` and `B` one after the other, with masks.
fn masked(turns: &[&str]) -> Vec<String> {
    let speakers = ["A", "B"].into_iter().cycle();
    let segments: Vec<_> =
        turns.iter().zip(speakers).map(|(text, speaker)| Segment { speaker, text }).collect();
    redact_segments(&segments).0.into_iter().map(|redacted| redacted.text).collect()
}

fn each_is(cases: &[(&[&str], &[&str])]) {
    for (turns, expected) in cases {
        assert_eq!(masked(turns), *expected, "{turns:?}");
    }
}

#[test]
fn attack_30_a_number_that_two_say_is_parted_where_numbers_are() {
    each_is(&[
        (&["1 415", "5550123"], &["[phone]", "[phone]"]),
        (&["my phone is 12106", "122", "916"], &["my phone is [phone]", "[phone]", "[phone]"]),
        (&["toll free it is 1800", "555 0123"], &["toll free it is [phone]", "[phone]"]),
        (&["The fax is 555", "0142."], &["The fax is [phone]", "[phone]."]),
        (&["mi número es 612 345", "678"], &["mi número es [phone]", "[phone]"]),
        // Four digits and seven, parted where no number is; nor does one begin with 168 behind its area code.
        (&["3169", "7638875"], &["3169", "[phone]"]),
        (&["800", "168", "3561"], &["800", "168", "3561"]),
        (&["dial 8565", "373"], &["dial 8565", "373"]),
        // They count down.
        (
            &["it goes nine eight seven", "six five four three two one oh"],
            &["it goes nine eight seven", "six five four three two one oh"],
        ),
    ]);
}

#[test]
fn attack_30_numbers_side_by_side_are_told_apart() {
    each_is(&[
        // The first eleven digits, and those of both but the last four, pass a card's check.
        (&["555-0208 020 7946 0958"], &["[phone] [phone]"]),
        (&["720.555.0139 oh +33 6.39.98.01.02"], &["[phone] oh [phone]"]),
        (
            &["it is seven oh two five five five eleven twenty two #+33 6 39 98 55 01"],
            &["it is [phone] #[phone]"],
        ),
        (
            &["it is oh seven nine double one, one two three, four five six $+91-22-2555-0147"],
            &["it is [phone] $[phone]"],
        ),
        (&["my phone is +33 1 70 18 99 00, 415 and thanks"], &["my phone is [phone], 415 and thanks"]),
        (&["2899 2737914"], &["2899 [phone]"]),
    ]);
}

#[test]
fn numbers_of_every_shape_are_found() {
    for number in [
        "6 1412345678",
        "0-171-234-56-78",
        "447911123456",
        "44-7911123456",
        "44 79 1112 3456",
        "61 412 34 56 78",
        "61 412 345 678",
        "44-791-112-3456",
        "65 9123 4567",
        "44 7911 123456",
        "61 41234 5678",
        "44-79111-23456",
        "01 71234567",
        "01 712345678",
        "017 12 34 56",
        "017 12 345 67",
        "017 123 456",
        "017 123 45678",
        "659 1234 567",
    ] {
        assert_eq!(masked(&[number]), ["[phone]"], "{number}");
    }
    each_is(&[
        (&["8 331 998 54 63"], &["[phone]"]),
        (&["612 345 678"], &["[phone]"]),
        (&["my phone is 5 0 5 5 5 5 0 double 1 7 7"], &["my phone is [phone]"]),
        // Longer than any, said without a pause.
        (
            &["my number is one four zero five two four five six four five two eight zero six seven zero"],
            &["my number is [phone]"],
        ),
    ]);
}

#[test]
fn what_is_said_around_a_number_is_weighed_as_far_as_it_goes() {
    each_is(&[
        (
            &["the number you have is wrong, it's seven oh three five five five oh double one"],
            &["the number you have is wrong, it's [phone]"],
        ),
        (
            &["is your number still eight six two five five five oh four eight"],
            &["is your number still eight six two five five five oh four eight"],
        ),
        // Whose number it is has not been said: what comes before is another's sentence.
        (&["it is a loan", "number 9175550190"], &["it is a loan", "number [phone]"]),
        (&["about the order, number 9175550190"], &["about the order, number [phone]"]),
        // Sent to, or only written on something.
        (&["text the code to nine eight three nine five four two"], &["text the code to [phone]"]),
        (
            &["text the code on the letter, nine one seven five five five oh one two one"],
            &["text the code on the letter, nine one seven five five five oh one two one"],
        ),
        (
            &["eight hundred five five five", "oh one nine nine is", "the hotline number"],
            &["eight hundred five five five", "oh one nine nine is", "the hotline number"],
        ),
    ]);
}

#[test]
fn digits_of_something_else_are_left() {
    for left in [
        "my phone is 433:3510:849",
        "from number 01/02/2024 to 31/12/2024",
        "see go.me/14155550132 for more",
        "see wa-me/14155550132 for more",
        "4542091348741 x204",
    ] {
        assert_eq!(masked(&[left]), [left]);
    }
    assert_eq!(masked(&["see wa.me/14155550132 for more"]), ["see wa.me/[phone] for more"]);
}

#[test]
fn addresses_begin_and_end_with_their_own_words() {
    each_is(&[
        (&["it's", "karen dot holt", "at gmail dot com"], &["it's", "[email]", "[email]"]),
        (&["send it to sales", "dash west", "at acme dot io"], &["send it to [email]", "[email]", "[email]"]),
        (
            &["your email, john", "dot", "smith uh huh at gmail dot com"],
            &["your email, [email]", "dot", "[email]"],
        ),
        (&["email me", "jen", "at jen baker dot net"], &["email me", "jen", "at jen baker dot net"]),
        (&["it is mary, m a r y, dot jones at gmail dot com"], &["it is mary, [email]"]),
        // What is spelled or counted before belongs to something else.
        (&["reference six one seven. k holt at outlook dot com."], &["reference six one seven. [email]."]),
        (&["room six one two) bob at acme dot org"], &["room six one two) [email]"]),
        (&["alex hyphen brown at dot me"], &["alex hyphen brown at dot me"]),
        (&["her mail is lena_k@example@.com."], &["her mail is lena_k@example@.com."]),
    ]);
}
