//! Whom a request is for is said once, or whatever stands before this service may think that it is for somebody else (RFC 9112
//! section 3.2).

use std::net::Ipv6Addr;

use axum::extract::Request;
use http::{Version, header};

use crate::problem::{Code, Problem};

/// Refuses a request whose `Host` is missing, comes twice or is none. Before HTTP/1.1 it may be missing, and later there is another
/// place for it.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let fault = match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => "The Host header is missing.",
        (Some(_), Some(_)) => "There is more than one Host header.",
        (Some(host), None) if !names_a_host(host.as_bytes()) => {
            "The Host header must be a host, with or without a port."
        }
        _ => return Ok(()),
    };
    Err(Problem::new(Code::BadRequest, fault))
}

/// Whether this is a host, and perhaps a port (RFC 3986 sections 3.2.2 and 3.2.3).
fn names_a_host(value: &[u8]) -> bool {
    let end = match value.first() {
        // The colons of an address lie within its brackets.
        Some(b'[') => value.iter().position(|byte| *byte == b']').map_or(value.len(), |at| at + 1),
        _ => value.iter().position(|byte| *byte == b':').unwrap_or(value.len()),
    };
    let (host, port) = value.split_at(end);
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let is_host = match host {
        [] => false,
        [b'[', address @ .., b']'] => {
            std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        name => name.iter().enumerate().all(|(at, byte)| match byte {
            b'%' => name.get(at + 1..at + 3).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit)),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte),
        }),
    };
    is_host && is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "x",
            "app.example.com:8443",
            "my_service",
            "192.0.2.7:80",
            "[2001:db8::7]",
            "[::1]:80",
            "a%2Fb",
            "x:",
        ] {
            assert!(names_a_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "a:b",
            "a:80:80",
            "a?b",
            "http://a",
            "a%2",
            "a%zz",
            "[::1",
            "[",
            "[]",
            "[::1]80",
            "[a]",
            "::1",
            "\"a\"",
            "b\u{fc}cher.example",
        ] {
            assert!(!names_a_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn a_host_is_named_once_and_only_before_http_1_1_not_at_all() {
        let checked = |version: Version, hosts: &[&str]| {
            let request = Request::builder().version(version);
            let request = hosts.iter().fold(request, |request, host| request.header(header::HOST, *host));
            check(&request.body(()).expect("a request")).is_ok()
        };
        assert!(checked(Version::HTTP_11, &["a"]) && checked(Version::HTTP_10, &["a"]));
        assert!(checked(Version::HTTP_10, &[]) && !checked(Version::HTTP_11, &[]));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(
                !checked(version, &["a", "a"]) && !checked(version, &["a b"]) && !checked(version, &[""])
            );
        }
    }
}
