//! What may stand within a number: signs that a person reads over, characters that nobody sees, and codings.

use rollcall_redaction::redact;

#[test]
fn a_number_is_found_whatever_joins_its_groups() {
    for sign in [
        "-", " ", ".", "/", "·", "•", "・", "~", "_", "|", "*", ":", "=", "\u{2010}", "\u{2011}", "\u{2012}",
        "\u{2013}", "\u{2014}", "\u{2212}", "\u{2043}", "\u{FF0D}", "\u{FF0E}", "\u{A0}", "\u{202F}",
        "\u{2009}", "\u{AD}", "\u{200D}", "\u{200B}", "\u{2060}", "",
    ] {
        for parts in [&["415", "555", "0132"][..], &["1", "415", "555", "0132"], &["020", "7946", "0958"]] {
            let text = format!("you can call {} today", parts.join(sign));
            assert_eq!(redact(&text).text, "you can call [phone] today", "{text}");
        }
        let text = format!("call +1{sign}415{sign}555{sign}0132");
        assert_eq!(redact(&text).text, "call [phone]", "{text}");
        let text = format!("the card is {}", ["4111", "1111", "1111", "1111"].join(sign));
        assert_eq!(redact(&text).text, "the card is [card]", "{text}");
    }
    assert_eq!(redact("call +44_7911_123456 now").text, "call [phone] now");
    for sign in ["-", " ", ".", "_", "~", "·", "/", ","] {
        let digits: Vec<&str> = "4155550132".split("").filter(|digit| !digit.is_empty()).collect();
        let text = format!("it is {}", digits.join(sign));
        assert_eq!(redact(&text).text, "it is [phone]", "{text}");
    }
}

#[test]
fn digits_of_full_width_are_joined_by_signs_of_full_width() {
    for text in [
        "４１５－５５５－０１３２",
        "（４１５）５５５－０１３２",
        "＋１　４１５　５５５　０１３２",
        "４１５．５５５．０１３２",
    ] {
        assert_eq!(redact(text).text, "[phone]", "{text}");
    }
}

#[test]
fn a_number_in_a_link_or_in_a_coding_is_found() {
    for (text, masked) in [
        ("<a href=\"tel:+14155550132\">call</a>", "<a href=\"tel:[phone]\">call</a>"),
        ("tel:+1-415-555-0132", "tel:[phone]"),
        ("sms:+14155550132", "sms:[phone]"),
        ("https://wa.me/14155550132", "https://wa.me/[phone]"),
        ("phone=%2B14155550132", "phone=%2B[phone]"),
        ("phone=%2B1%20415%20555%200132", "phone=%2B[phone]"),
        ("phone=%2b1(415)555-0132", "phone=%2b[phone]"),
        ("phone=415%2D555%2D0132", "phone=[phone]"),
        ("{\"phone\":\"\\u002B14155550132\"}", "{\"phone\":\"\\u002B[phone]\"}"),
        ("{\"text\":\"call\\n415-555-0132\\nnow\"}", "{\"text\":\"call\\n[phone]\\nnow\"}"),
        (
            "{\"text\":\"it's\\tfour one five five five five oh one three two\"}",
            "{\"text\":\"it's\\t[phone]\"}",
        ),
        ("{\\\"phone\\\":\\\"415-555-0132\\\"}", "{\\\"phone\\\":\\\"[phone]\\\"}"),
        ("to=j.smith%40example.com", "[email]"),
        ("to: j.smith%40example.com.", "to: [email]."),
        ("\"write\\nbob@example.com\"", "\"write\\n[email]\""),
    ] {
        assert_eq!(redact(text).text, masked, "{text}");
        assert_eq!(redact(masked).text, masked);
    }
}

#[test]
fn what_looks_joined_and_is_no_number_is_left() {
    for text in [
        "order 415_555_0132",
        "file_415_555_0132.txt",
        "part A_415_555_0132",
        "12:30:45 and 10:15:20",
        "2024_01_02",
        "2024/01/02 10:30",
        "the ratio is 16:9:4",
        "1920*1080*60",
        "192.168.100.200",
        "version 10.0.19045.3570",
        "v1_415_555_0132",
        "ISBN 978-0-306-40615-7",
        "ISBN 978·0·306·40615·7",
        "IBAN GB29 NWBK 6016 1331 9268 19",
        "IBAN DE89370400440532013000",
        "37.7749, -122.4194",
        "tracking 1Z 999 AA1 01 2345 6784",
        "tracking number 9400|1000|0000|0000",
        "scores 4/1/5/5",
        "0.5%20off",
        "C:\\new\\table\\2024",
        "100%25 of 40%20",
        "415=>555=>0132",
        "415_555|0132",
        "2_4_1_5_5_5_5_0_1_3_2",
        "https://wa.us/14155550132",
        "115_555_0132",
        "415_155_0132",
    ] {
        assert_eq!(redact(text).text, text);
    }
}

#[test]
fn words_for_digits_are_found_however_they_are_written() {
    for five in ["fünf", "FÜNF", "fu\u{308}nf", "FU\u{308}NF", "fünf\u{200B}", "fü\u{AD}nf"] {
        let text = format!("meine Nummer ist null acht neun {five} {five} {five} eins zwei drei vier");
        assert_eq!(redact(&text).text, "meine Nummer ist [phone]", "{five:?}");
    }
    let text = "call me at four one se\u{AD}ven, five five fi\u{200B}ve, oh one three two";
    assert_eq!(redact(text).text, "call me at [phone]");
}

#[test]
fn digits_of_every_script_and_fillers_hide_no_number() {
    for zero in [0x30, 0x660, 0x966, 0xFF10, 0x10D40, 0x16130, 0x1CCF0, 0x1D7CE, 0x1E4F0, 0x1E5F1] {
        let digits = "4155550132".bytes().filter_map(|digit| char::from_u32(zero + u32::from(digit - b'0')));
        let text = format!("call {}", digits.collect::<String>());
        assert_eq!(redact(&text).text, "call [phone]", "{text}");
    }
    for filler in ["\u{3164}", "\u{FFA0}", "\u{115F}", "\u{1D173}", "\u{FFF9}"] {
        let text = format!("call 415{filler}555{filler}0132");
        assert_eq!(redact(&text).text, "call [phone]", "{text}");
    }
}

#[test]
fn german_addresses_end_in_the_domains_that_are_said_there() {
    for (at, domain) in [
        ("ät", "muster Punkt li"),
        ("at", "praxis Punkt berlin"),
        ("Klammeraffe", "kanzlei Punkt wien"),
        ("ÄT", "muster Punkt swiss"),
    ] {
        let text = format!("am besten an anna Punkt keller {at} {domain}");
        assert_eq!(redact(&text).text, "am besten an [email]", "{text}");
    }
}
