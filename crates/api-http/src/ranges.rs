//! Parts of things: which bytes are asked for (RFC 9110 section 14.2), and which are sent (section 14.4).

use std::ops::Range;

use http::{HeaderMap, HeaderName, header};

/// The bytes that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of them, also when what was asked for is more than one range or makes no sense.
    All,
    /// These.
    Part(Range<u64>),
    /// Some that are not there.
    Beyond,
}

/// What a `Range` header asks for of something of `length` bytes, if the version that `If-Range` names is the one that is there.
pub(crate) fn asked(headers: &HeaderMap, etag: &str, length: u64) -> Asked {
    let Some(range) = only(headers, header::RANGE) else { return Asked::All };
    if headers.contains_key(header::IF_RANGE) && only(headers, header::IF_RANGE) != Some(etag) {
        return Asked::All;
    }
    let Some((unit, range)) = range.split_once('=') else { return Asked::All };
    if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
        return Asked::All;
    }
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::All };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => within(first..length, length),
        (Some(first), Some(last)) if first <= last => {
            within(first..last.saturating_add(1).min(length), length)
        }
        (None, Some(0)) if first.is_empty() => Asked::Beyond,
        (None, Some(last)) if first.is_empty() => within(length.saturating_sub(last)..length, length),
        _ => Asked::All,
    }
}

fn within(range: Range<u64>, length: u64) -> Asked {
    if range.start < length { Asked::Part(range) } else { Asked::Beyond }
}

/// The bytes that are sent, as a `Content-Range` header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// From one to before another, of so many if that is known.
    Part { from: u64, until: u64, total: Option<u64> },
    /// None: the question how many have come.
    None,
}

/// What a `Content-Range` header says; none when there is none, and an error for one that makes no sense.
pub(crate) fn sent(headers: &HeaderMap) -> Result<Option<Sent>, ()> {
    if !headers.contains_key(header::CONTENT_RANGE) {
        return Ok(None);
    }
    let text = only(headers, header::CONTENT_RANGE).ok_or(())?;
    let (unit, range) = text.split_once(' ').ok_or(())?;
    let (range, total) = range.trim().split_once('/').ok_or(())?;
    let total = if total == "*" { None } else { Some(number(total).ok_or(())?) };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Err(());
    }
    if range == "*" {
        return Ok(Some(Sent::None));
    }
    let (first, last) = range.split_once('-').ok_or(())?;
    let (from, last) = (number(first).ok_or(())?, number(last).ok_or(())?);
    let until = last.checked_add(1).ok_or(())?;
    if from > last || total.is_some_and(|total| until > total) {
        return Err(());
    }
    Ok(Some(Sent::Part { from, until, total }))
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value.trim())
}

fn number(text: &str) -> Option<u64> {
    // `parse` would take a plus, too.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(entries: &[(HeaderName, &str)]) -> HeaderMap {
        let entry = |(name, value): &(HeaderName, &str)| {
            (name.clone(), HeaderValue::from_str(value).expect("a value"))
        };
        entries.iter().map(entry).collect()
    }

    fn of_ten(range: &str) -> Asked {
        asked(&headers(&[(header::RANGE, range)]), "\"tag\"", 10)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-", 0..10),
            ("Bytes=3-5", 3..6),
            ("bytes=3-99", 3..10),
            ("bytes=9-18446744073709551615", 9..10),
            ("bytes=9-99999999999999999999", 9..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
        ] {
            assert_eq!(of_ten(range), Asked::Part(part), "{range}");
        }
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(of_ten(range), Asked::Beyond, "{range}");
        }
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-3",
            "bytes=+1-3",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "lines=0-1",
        ] {
            assert_eq!(of_ten(range), Asked::All, "{range}");
        }
    }

    #[test]
    fn a_part_of_another_version_is_not_a_part_of_this_one() {
        let asked =
            |tag| asked(&headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, tag)]), "\"tag\"", 10);
        assert_eq!(asked("\"tag\""), Asked::Part(0..1));
        for other in ["\"other\"", "W/\"tag\"", "Sun, 29 Nov 2026 08:49:37 GMT", ""] {
            assert_eq!(asked(other), Asked::All, "{other}");
        }
    }

    #[test]
    fn what_is_sent_is_read_strictly() {
        let sent = |text| sent(&headers(&[(header::CONTENT_RANGE, text)]));
        assert_eq!(sent("bytes 0-9/10"), Ok(Some(Sent::Part { from: 0, until: 10, total: Some(10) })));
        assert_eq!(sent("bytes 5-9/*"), Ok(Some(Sent::Part { from: 5, until: 10, total: None })));
        assert_eq!(sent("bytes */10"), Ok(Some(Sent::None)));
        assert_eq!(sent("bytes */*"), Ok(Some(Sent::None)));
        for text in [
            "",
            "bytes",
            "bytes 0-9",
            "bytes 9-0/10",
            "bytes 0-10/10",
            "lines 0-9/10",
            "bytes 0-9/ten",
            "bytes -9/10",
            "bytes 0-/10",
            "bytes +0-9/10",
            "bytes 0-18446744073709551615/*",
        ] {
            assert_eq!(sent(text), Err(()), "{text}");
        }
        assert_eq!(super::sent(&HeaderMap::new()), Ok(None));
    }

    proptest! {
        #[test]
        fn whatever_range_is_asked_for_the_part_that_is_answered_is_there(text in "bytes=[0-9]{0,20}-[0-9]{0,20}", length in 1u64..) {
            if let Asked::Part(part) = asked(&headers(&[(header::RANGE, &text)]), "", length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
