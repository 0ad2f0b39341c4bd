//! What takes bytes from outside: functions of bytes that say what must be so of any. cargo-fuzz looks for some of which it is not, and
//! the tests try a few hundred each.

use std::{net::IpAddr, str::from_utf8};

use ed25519_dalek::SigningKey;
use http::{HeaderMap, HeaderValue};
use rollcall_domain::secret::Secret;

use crate::{ClientAddress, TrustedProxies, sse::Reader, token::Unverified};

/// Streams of events: they are read alike wherever they are cut.
pub fn events(bytes: &[u8]) {
    let Ok(whole) = Reader::default().read(bytes) else { return };
    for size in [1, 7] {
        let mut reader = Reader::default();
        let pieces = bytes.chunks(size).map(|piece| reader.read(piece).expect("events"));
        assert_eq!(pieces.flatten().collect::<Vec<_>>(), whole);
    }
}

/// Access tokens: none is believed that Rollcall has not signed.
pub fn access_token(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let token = Secret::new(text);
    let Some(unverified) = Unverified::of(&token) else { return };
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert!(unverified.verify(&other).is_none());
}

/// `X-Forwarded-For`: nobody but a proxy of one's own is believed.
pub fn forwarded_for(bytes: &[u8]) {
    let values = bytes.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    let name = http::HeaderName::from_static("x-forwarded-for");
    let headers: Option<HeaderMap> = values.map(|value| Some((name.clone(), value.ok()?))).collect();
    let Some(headers) = headers else { return };
    let proxies: TrustedProxies = "10.0.0.0/8".parse().expect("networks");
    let [outside, proxy] = ["192.0.2.7", "10.0.0.1"].map(|text| text.parse::<IpAddr>().expect("an address"));
    assert_eq!(ClientAddress::behind(outside, &headers, &proxies).0, outside);
    assert_eq!(ClientAddress::behind(proxy, &headers, &TrustedProxies::default()).0, proxy);
    let client = ClientAddress::behind(proxy, &headers, &proxies).0;
    assert!(client == proxy || bytes.iter().any(|byte| matches!(byte, b'.' | b':')));
    assert_eq!(client, client.to_canonical());
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;

    #[test]
    fn streams_are_read_wherever_they_are_cut() {
        let good = [
            "retry: 250\n\nid: 1-2\nevent: reset\ndata: {}\n\n:\n\nevent: x\ndata:a\ndata: b\n\n",
            "data: ä\n\n\n\n",
        ];
        tried(&good, events);
    }

    #[test]
    fn rfc_8725_tokens_are_believed_when_they_are_signed() {
        let header = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Im91cnMifQ";
        tried(&[format!("{header}.e30.{}", "A".repeat(86)), format!("{header}.e30.")], access_token);
    }

    #[test]
    fn attack_35_nobody_else_says_where_they_come_from() {
        tried(
            &["192.0.2.1, 10.1.2.3", "::ffff:10.0.0.9, [2001:db8::1]:80", "unknown, 10.0.0.2"],
            forwarded_for,
        );
    }
}
