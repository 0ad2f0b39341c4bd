//! Names and addresses of machines.

use std::net::IpAddr;

/// Whether a host, as a URL has it, is the machine itself. Of names only `localhost` is: none is looked up.
///
/// ```
/// use rollcall_domain::hosts::is_this_machine;
///
/// assert!(["localhost", "127.0.0.1", "[::1]"].into_iter().all(is_this_machine));
/// assert!(!["localhost.example", "192.0.2.1", ""].into_iter().any(is_this_machine));
/// ```
pub fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
