//! How the service is reached, and by whom.

use url::{Host, Url};

use super::{Finding, Weight};
use crate::settings::Settings;

impl Settings {
    pub(super) fn find_in_http(&self, found: &mut Vec<Finding>) {
        use Weight::{Odd, Unsafe};
        let values = &self.values;
        let mut find = |is_so: bool, weight, setting, text: &str| {
            if is_so {
                found.push(Finding { weight, setting, text: text.to_owned() });
            }
        };
        let proxies = self.trusted_proxies().unwrap_or_default();
        let url = Url::parse(&self.public_url(values.http.address)).ok();
        let is_tls = url.as_ref().is_some_and(|url| url.scheme() == "https");
        find(
            is_tls && proxies.is_empty(),
            Unsafe,
            "ROLLCALL__HTTP__TRUSTED_PROXIES",
            "is empty, though something in front ends TLS: everybody seems to come from there, shares one limit, and is in the audit log with its address. Set it to the networks of the proxies",
        );
        find(
            proxies.iter().any(|network| network.prefix_len() == 0),
            Unsafe,
            "ROLLCALL__HTTP__TRUSTED_PROXIES",
            "believes everybody: whoever sends X-Forwarded-For chooses the address that is limited and written down. Name the proxies' networks only",
        );
        find(
            !is_tls,
            Odd,
            "ROLLCALL__HTTP__PUBLIC_URL",
            "is without TLS, so cookies are too: good for this machine alone. Use https:// and a proxy that ends TLS",
        );
        find(
            url.is_some_and(|url| !matches!(url.host(), Some(Host::Domain(_)))),
            Odd,
            "ROLLCALL__HTTP__PUBLIC_URL",
            "is an address, under which there are no passkeys. Use a host name",
        );
        find(
            !values.http.operations_address.ip().is_loopback(),
            Odd,
            "ROLLCALL__HTTP__OPERATIONS_ADDRESS",
            "can be reached from elsewhere, and asks nobody who they are. Keep it to the network of those who run the service",
        );
        find(
            values.http.shutdown_seconds < values.http.timeout_seconds.min(10),
            Odd,
            "ROLLCALL__HTTP__SHUTDOWN_SECONDS",
            "cuts off requests that would have been answered. Make it longer, and whatever stops the process patient enough",
        );
        let limits = &values.limits;
        find(
            !limits.enabled,
            Unsafe,
            "ROLLCALL__LIMITS__ENABLED",
            "is false: nothing slows whoever guesses passwords, and anybody can have mails sent to anybody. Take it away",
        );
        find(
            limits.enabled && u64::from(limits.attempts) > u64::from(limits.attempts_per_seconds) * 10,
            Odd,
            "ROLLCALL__LIMITS__ATTEMPTS",
            "lets one network try secrets more than ten times a second. Make it smaller",
        );
        find(
            values.webhooks.anywhere,
            Unsafe,
            "ROLLCALL__WEBHOOKS__ANYWHERE",
            "is true: whoever sets a webhook reaches what only this machine can reach. Take it away",
        );
        find(
            values.sessions.absolute_days > 90,
            Odd,
            "ROLLCALL__SESSIONS__ABSOLUTE_DAYS",
            "lets a stolen session live for more than three months. 30 are usual",
        );
    }
}
