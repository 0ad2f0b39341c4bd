//! E-mail addresses as they are written: RFC 5322's `addr-spec` without comments, with the letters of RFC 6531.

use std::ops::Range;

use crate::{characters::unseen, domains::is_provider, effort::look};

/// Finds every written address. Each character is looked at a bounded number of times: what is scanned from one `@` ends at
/// the next.
pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut tried = 0;
    for at in memchr::memchr2_iter(b'@', b'%', text.as_bytes()) {
        // As in a web address: `j.smith%40example.com`.
        let sign = if text.as_bytes()[at] == b'@' { "@" } else { "%40" };
        let floor = found.last().map_or(0, |last| last.end).max(tried);
        if at < floor || !text[at..].starts_with(sign) {
            continue;
        }
        tried = at + sign.len();
        let (Some(start), Some(end)) = (local(text, floor, at), domain(text, at + sign.len())) else {
            continue;
        };
        found.push(start..end);
    }
    found
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric()
        || unseen(character)
        || matches!(
            character,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '/'
                | '='
                | '?'
                | '^'
                | '_'
                | '`'
                | '{'
                | '|'
                | '}'
                | '~'
                | '.'
                | '’'
        )
}

/// Where the part before the `@` begins.
fn local(text: &str, floor: usize, at: usize) -> Option<usize> {
    let before = &text[floor..at];
    if let Some(inner) = before.strip_suffix('"') {
        // A quoted one has 62 characters at most between its quotes.
        let quote = inner.char_indices().rev().take(62).find(|(_, character)| *character == '"');
        return quote.filter(|(place, _)| place + 1 < inner.len()).map(|(place, _)| floor + place);
    }
    if before.ends_with('.') {
        return None;
    }
    let length: usize = before.chars().rev().take_while(|c| is_local(*c)).map(char::len_utf8).sum();
    look(length);
    let candidate = &before[before.len() - length..];
    // The end of a line as it is written in JSON: its letter is no part of the name.
    let escaped = before[..before.len() - length].ends_with('\\') && candidate.starts_with(['n', 'r', 't']);
    let candidate = &candidate[usize::from(escaped)..];
    let trimmed = candidate.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '+'));
    trimmed.chars().any(char::is_alphanumeric).then(|| at - trimmed.len())
}

/// Where the part after the `@` ends.
fn domain(text: &str, start: usize) -> Option<usize> {
    let after = &text[start..];
    if let Some(inner) = after.strip_prefix('[') {
        let length = inner.bytes().take(60).position(|byte| byte == b']')?;
        let literal = &inner[..length];
        let is_literal = literal.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:IPv".contains(&byte));
        return (is_literal && !literal.is_empty()).then_some(start + length + 2);
    }
    let is_domain = |c: char| c.is_alphanumeric() || unseen(c) || matches!(c, '-' | '.' | '。' | '．');
    let length: usize = after.chars().take_while(|c| is_domain(*c)).map(char::len_utf8).sum();
    look(length);
    // Labels that are empty end it: what follows two dots is another sentence.
    let mut candidate = &after[..length];
    if let Some(gap) = candidate.find("..") {
        candidate = &candidate[..gap];
    }
    let candidate = candidate.trim_end_matches(|c: char| !c.is_alphanumeric());
    if !candidate.starts_with(char::is_alphanumeric) {
        return None;
    }
    let end = start + candidate.len();
    let Some(dot) = candidate.rfind(['.', '。', '．']) else {
        return is_provider(candidate).then_some(end);
    };
    let top = &candidate[dot..];
    let letters = top.chars().filter(|c| c.is_alphabetic()).count();
    (letters > 0 && top.chars().filter(|c| c.is_alphanumeric()).count() > 1).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn addresses_are_found_with_their_whole_local_part() {
        for address in [
            "a@b.co",
            "first.last+tag@sub.example.co.uk",
            "o'brien@example.ie",
            "user/department=shipping@example.com",
            "\"john smith\"@example.com",
            "x@[192.168.0.1]",
            "x@[IPv6:2001:db8::1]",
            "иван@пример.рф",
            "用户@例子.公司",
            "someone@gmail",
            "u\u{200B}ser@exam\u{200B}ple.com",
        ] {
            assert_eq!(found(address), [address]);
            assert_eq!(found(&format!("({address}), ")), [address]);
        }
    }

    #[test]
    fn what_is_no_address_is_left() {
        for text in [
            "@john",
            "a @ b",
            "5@2.50",
            "me@work",
            ".@b.co",
            "a.@b.co",
            "a@-",
            "a@.",
            "@@@",
            "x@[z]",
            "\"\"@b.co",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_follows_an_address_is_no_part_of_it() {
        assert_eq!(found("bob@example.com."), ["bob@example.com"]);
        assert_eq!(found("bob@example.com...and"), ["bob@example.com"]);
        assert_eq!(found("<bob@example.com>,amy@example.org!"), ["bob@example.com", "amy@example.org"]);
    }
}
