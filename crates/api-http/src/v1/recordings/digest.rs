//! Digests of representations (RFC 9530).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::etag::list;

pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const SHA_256: &str = "sha-256=:";

/// The SHA-256 digest that a request names; none when it names none, or other kinds only.
pub(crate) fn named(headers: &HeaderMap) -> Result<Option<[u8; 32]>, ()> {
    let mut digests = list(headers, REPR_DIGEST).filter_map(|member| member.strip_prefix(SHA_256));
    let Some(digest) = digests.next() else { return Ok(None) };
    let bytes = digest.strip_suffix(':').and_then(|digest| STANDARD.decode(digest).ok());
    match (bytes.and_then(|bytes| bytes.try_into().ok()), digests.next()) {
        (Some(digest), None) => Ok(Some(digest)),
        _ => Err(()),
    }
}

/// The header's value.
pub(crate) fn value(sha256: &[u8; 32]) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{SHA_256}{}:", STANDARD.encode(sha256))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_and_others_are_passed_over() {
        let value = value(&[7; 32]).expect("a value");
        let headers = |value: HeaderValue| [(REPR_DIGEST, value)].into_iter().collect::<HeaderMap>();
        assert_eq!(named(&headers(value.clone())), Ok(Some([7; 32])));
        let among = format!("sha-512=:AAAA:, {}", value.to_str().expect("text"));
        assert_eq!(named(&headers(HeaderValue::try_from(among).expect("a value"))), Ok(Some([7; 32])));
        assert_eq!(named(&headers(HeaderValue::from_static("sha-512=:AAAA:"))), Ok(None));
        assert_eq!(named(&HeaderMap::new()), Ok(None));
        let twice = format!("{0}, {0}", value.to_str().expect("text"));
        assert_eq!(named(&headers(HeaderValue::try_from(twice).expect("a value"))), Err(()));
        for broken in
            ["sha-256=:AAAA:", "sha-256=:!:", "sha-256=:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="]
        {
            assert_eq!(named(&headers(HeaderValue::from_static(broken))), Err(()), "{broken}");
        }
    }
}
