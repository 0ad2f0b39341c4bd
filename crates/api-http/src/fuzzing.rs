//! What takes bytes from outside: functions of bytes that say what must be so of any. cargo-fuzz looks for some of which it is not, and
//! the tests try a few hundred each.

use std::{net::IpAddr, str::from_utf8};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use ipnet::IpNet;
use rollcall_application::Precondition;

use crate::{
    DeviceTokens, SessionCookie,
    client::client_ip,
    credential::Credential,
    cursor::PageQuery,
    etag::{IfMatch, IfNoneMatch, by_content},
    middleware::{idempotency, outermost::continued_trace},
    query::parse,
    ranges::{Asked, Sent, asked, sent},
    v1::{
        audit::csv::inert,
        recordings::digest::{self, REPR_DIGEST},
    },
};

/// A header with this value, a line each time that it comes; none when no header can have it.
fn headers(name: &HeaderName, bytes: &[u8]) -> Option<HeaderMap> {
    let values = bytes.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    values.map(|value| Some((name.clone(), value.ok()?))).collect()
}

/// `If-Match` and `If-None-Match`: a version is asked for only by a strong tag that names the thing.
pub fn entity_tags(bytes: &[u8]) {
    if let Some(headers) = headers(&header::IF_MATCH, bytes) {
        let mut request = Request::new(());
        *request.headers_mut() = headers;
        let (mut parts, ()) = request.into_parts();
        // It waits for nothing.
        let ready = futures_util::FutureExt::now_or_never(IfMatch::from_request_parts(&mut parts, &()));
        let Some(Ok(asked)) = ready else { panic!("it waits") };
        match asked.precondition("org_1") {
            Precondition::None => panic!("there is such a header"),
            Precondition::Exists => assert!(bytes.contains(&b'*')),
            Precondition::Versions(versions) => {
                let named = bytes.windows(8).filter(|window| window == b"\"org_1.v").count();
                assert!(versions.len() <= named);
            }
        }
    }
    if let Some(headers) = headers(&header::IF_NONE_MATCH, bytes) {
        let status = by_content(&IfNoneMatch::of(&headers), &serde_json::json!({"id": 1})).status();
        assert!(status == 200 || status == 304);
    }
}

/// `Range`, `If-Range` and `Content-Range`: what is sent lies within what is there.
pub fn ranges(bytes: &[u8]) {
    for length in [0, 1, 10, u64::MAX] {
        let Some(headers) = headers(&header::RANGE, bytes) else { break };
        match asked(&headers, "\"tag\"", length) {
            Asked::All | Asked::Beyond => {}
            Asked::Part(part) => assert!(part.start < part.end && part.end <= length),
        }
    }
    let Some(headers) = headers(&header::CONTENT_RANGE, bytes) else { return };
    if let Ok(Some(Sent::Part { from, until, total })) = sent(&headers) {
        assert!(from < until && total.is_none_or(|total| until <= total));
    }
}

/// `Repr-Digest`: one is written as it is read.
pub fn digest(bytes: &[u8]) {
    let Some(headers) = headers(&REPR_DIGEST, bytes) else { return };
    if let Ok(Some(sha256)) = digest::named(&headers) {
        let value = digest::value(&sha256).expect("a value");
        assert!(bytes.windows(value.len()).any(|window| window == value.as_bytes()));
    }
}

/// `Idempotency-Key`: one is short, and can be seen.
pub fn idempotency_key(bytes: &[u8]) {
    let Some(headers) = headers(&HeaderName::from_static("idempotency-key"), bytes) else { return };
    if let Ok(key) = idempotency::key(&headers) {
        assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

/// `Cookie`, as far as devices are known again by it: whatever stands there, not much of it is looked at.
pub fn device_cookie(bytes: &[u8]) {
    let Some(headers) = headers(&header::COOKIE, bytes) else { return };
    for secure in [false, true] {
        let tokens = DeviceTokens::of(&headers, SessionCookie { secure });
        let tokens = tokens.tokens();
        assert!(tokens.len() <= 4);
        assert!(
            tokens.iter().all(|token| !token.expose().is_empty() && !token.expose().contains([';', '.']))
        );
    }
}

/// `Authorization`: where there is one the request has that identity or none, whatever its cookies say.
pub fn authorization(bytes: &[u8]) {
    let Some(mut headers) = headers(&header::AUTHORIZATION, bytes) else { return };
    headers.insert(header::COOKIE, HeaderValue::from_static("rollcall_session=of-a-cookie"));
    let is_bearer = bytes.to_ascii_lowercase().starts_with(b"bearer ")
        && bytes.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    match Credential::of(&headers, SessionCookie { secure: false }) {
        Credential::Bearer(token) => {
            assert!(is_bearer);
            assert_eq!(Some(token.expose().as_bytes()), bytes.get(7..).map(<[u8]>::trim_ascii));
        }
        Credential::Unreadable => assert!(!is_bearer),
        Credential::Cookie(_) | Credential::None => panic!("there is such a header"),
    }
}

/// `X-Forwarded-For`: nobody but a proxy of one's own is believed, and nothing of the text that it adds to.
pub fn forwarded_for(bytes: &[u8]) {
    let of = |bytes: &[u8]| headers(&HeaderName::from_static("x-forwarded-for"), bytes);
    let Some(headers) = of(bytes) else { return };
    let proxies = ["10.0.0.0/8".parse::<IpNet>().expect("a network")];
    let [outside, proxy, seen] =
        ["192.0.2.7", "10.0.0.1", "192.0.2.9"].map(|text| text.parse::<IpAddr>().expect("an address"));
    assert_eq!(client_ip(outside, &headers, &proxies), outside);
    assert_eq!(client_ip(proxy, &headers, &[]), proxy);
    let client = client_ip(proxy, &headers, &proxies);
    assert!(client == proxy || bytes.iter().any(|byte| matches!(byte, b'.' | b':')));
    assert_eq!(client, client.to_canonical());
    // Proxies add what they saw to the last line, or in one of their own.
    let added = of(&[bytes, b", 192.0.2.9"].concat()).expect("headers");
    assert_eq!(client_ip(proxy, &added, &proxies), seen);
    let added = of(&[bytes, b"\n192.0.2.9"].concat()).expect("headers");
    assert_eq!(client_ip(proxy, &added, &proxies), seen);
}

/// `traceparent`: one that is gone on with is whole, so whatever makes spans of it finds numbers where they belong.
pub fn traceparent(bytes: &[u8]) {
    let Some(headers) = headers(&HeaderName::from_static("traceparent"), bytes) else { return };
    let Some(trace) = continued_trace(&headers) else { return };
    let line = bytes.split(|byte| *byte == b'\n').next().and_then(|line| from_utf8(line).ok());
    let part = |from: usize, to: usize| line.and_then(|line| line.get(from..to)).expect("a part");
    assert_eq!(part(3, 35), trace);
    assert!(u128::from_str_radix(&trace, 16).is_ok_and(|trace| trace != 0));
    assert!(u64::from_str_radix(part(36, 52), 16).is_ok_and(|parent| parent != 0));
    assert!(u8::from_str_radix(part(53, 55), 16).is_ok());
}

/// Queries and forms: what is taken of one says once how long a page is to be, within bounds.
pub fn query(bytes: &[u8]) {
    if let Ok(page) = parse::<PageQuery>(bytes) {
        assert!((1..=200).contains(&page.limit.0));
        assert!(
            bytes.windows(6).filter(|window| window == b"limit=").count()
                <= 1 + page.cursor.map_or(0, |c| c.len())
        );
    }
}

/// What stands in a table for spreadsheets (attack 23): no cell begins like a formula, and nothing of it is lost.
pub fn spreadsheet_cell(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let cell = inert(text);
    assert!(cell.strip_prefix('\'').unwrap_or(&cell) == text || cell == text);
    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']));
    // Read by a program, it is the same again.
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["x", cell.as_ref()]).expect("a row");
    let written = writer.into_inner().expect("a table");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_slice());
    let row = reader.records().next().expect("a row").expect("text");
    assert_eq!(row.get(1), Some(cell.as_ref()));
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;

    #[test]
    fn attack_34_tags_are_of_what_they_name() {
        tried(&["*", r#""x", "org_1.v3","org_1.v4.47DEQpj8HBSa-_TImW-5JA""#, r#"W/"org_1.v3""#], entity_tags);
    }

    #[test]
    fn ranges_lie_within_what_is_there() {
        let good = [
            "bytes=0-9",
            "bytes=-3",
            "bytes=18446744073709551615-",
            "bytes 0-9/10",
            "bytes 5-9/*",
            "bytes */*",
        ];
        tried(&good, ranges);
    }

    #[test]
    fn digests_are_written_as_they_are_read() {
        let good = digest::value(&[7; 32]).expect("a value");
        let among = [b"sha-512=:AAAA:, ".as_slice(), good.as_bytes()].concat();
        tried(&[good.as_bytes().to_vec(), among], digest);
    }

    #[test]
    fn idempotency_keys_are_short_and_of_visible_characters() {
        tried(&["once", "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "\"\""], idempotency_key);
    }

    #[test]
    fn cookies_of_devices_hold_a_few_tokens() {
        tried(&["a=b; rollcall_device=x.y.z..u.v; c=d", "__Host-rollcall_device=abc"], device_cookie);
    }

    #[test]
    fn attack_20_a_request_has_one_identity() {
        let good =
            ["Bearer rcs_abc", "bearer  a.b.c\t", "Basic QWxhZGRpbg==", "Bearer ", "Bearer a\nBearer b"];
        tried(&good, authorization);
    }

    #[test]
    fn attack_35_nobody_else_says_where_they_come_from() {
        tried(
            &["192.0.2.1, 10.1.2.3", "::ffff:10.0.0.9, 2001:db8::1", "unknown, 10.0.0.2", "203.0.113.9\nä"],
            forwarded_for,
        );
    }

    #[test]
    fn traces_are_gone_on_with_when_they_are_whole() {
        let whole = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        tried(&["01", "00-later", "zz", "0"].map(|flags| format!("00-{whole}-{flags}")), traceparent);
    }

    #[test]
    fn pages_have_one_to_two_hundred_entries() {
        tried(&["limit=200&cursor=AAAA", "limit=050", "cursor=%C3%A4+x&limit=1"], query);
    }

    #[test]
    fn attack_23_no_cell_is_a_formula() {
        tried(
            &["=1+1", "@SUM(A1)", "\u{feff} @SUM(A1)", "'quoted", "plain, \"text\"\r\nand more", "-5"],
            spreadsheet_cell,
        );
    }
}
