//! What is unsafe or odd in a configuration though it can be used.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

use super::{Profile, Settings, meaning::socket};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Somebody can get at something, or much is lost when something goes wrong.
    Unsafe,
    /// It works, and is hardly what is meant.
    Odd,
}

/// Something about a configuration that whoever is responsible for it should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// Which setting, by its name in the environment.
    pub setting: &'static str,
    /// What follows from its value, and what to do about it.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Unsafe => "unsafe",
            Weight::Odd => "odd",
        };
        write!(f, "{weight}: {} {}", self.setting, self.text)
    }
}

impl Settings {
    /// What is unsafe or odd in a configuration that can be used all the same.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        self.find_anywhere(&mut found);
        match self.profile {
            Profile::Development => self.find_in_development(&mut found),
            Profile::Production => {
                self.find_in_http(&mut found);
                self.find_in_servers(&mut found);
                self.find_in_secrets(&mut found);
            }
        }
        found
    }

    /// What is odd wherever it stands: settings that contradict each other.
    fn find_anywhere(&self, found: &mut Vec<Finding>) {
        use Weight::{Odd, Unsafe};
        let values = &self.values;
        let mut find = |is_so: bool, weight, setting, text: &str| {
            if is_so {
                found.push(Finding { weight, setting, text: text.to_owned() });
            }
        };
        let (http, database, sessions) = (&values.http, &values.database, &values.sessions);
        find(
            http.address == http.operations_address && http.address.port() != 0,
            Unsafe,
            "ROLLCALL__HTTP__OPERATIONS_ADDRESS",
            "is the address of the API, so it does not start. Use another port, which the public cannot reach",
        );
        find(
            sessions.idle_hours > sessions.absolute_days.saturating_mul(24),
            Odd,
            "ROLLCALL__SESSIONS__IDLE_HOURS",
            "is longer than any session lives (ROLLCALL__SESSIONS__ABSOLUTE_DAYS), so nothing ends for not being used. Make it shorter",
        );
        find(
            database.acquire_timeout_seconds + database.statement_timeout_seconds >= http.timeout_seconds,
            Odd,
            "ROLLCALL__HTTP__TIMEOUT_SECONDS",
            "is over before the database has had its time (ACQUIRE_TIMEOUT_SECONDS and STATEMENT_TIMEOUT_SECONDS), so that answers say less than they could. Make it longer than both together",
        );
        find(
            values.stream.at_once_of_one_organization as usize > values.stream.at_once,
            Odd,
            "ROLLCALL__STREAM__AT_ONCE_OF_ONE_ORGANIZATION",
            "is more than a node has room for (ROLLCALL__STREAM__AT_ONCE), so one organization can take all of it. Make it smaller",
        );
        find(
            values.recordings.at_once_of_one_organization > values.recordings.at_once,
            Odd,
            "ROLLCALL__RECORDINGS__AT_ONCE_OF_ONE_ORGANIZATION",
            "is more than a node has room for (ROLLCALL__RECORDINGS__AT_ONCE), so one organization can take all of it. Make it smaller",
        );
        let recordings = &values.recordings;
        find(
            recordings.s3_access_key_id.is_empty() != recordings.s3_secret_access_key.expose().is_empty(),
            Odd,
            "ROLLCALL__RECORDINGS__S3_ACCESS_KEY_ID",
            "and ROLLCALL__RECORDINGS__S3_SECRET_ACCESS_KEY go together, and only one of them is set. Set both, or neither for the machine's role",
        );
        find(
            !recordings.s3_access_key_id.is_empty() && !recordings.store.starts_with("s3://"),
            Odd,
            "ROLLCALL__RECORDINGS__STORE",
            "is a directory, and there is a key for S3 that nothing uses. Set it to s3://bucket/prefix, or take the key away",
        );
        let telemetry = &values.telemetry;
        find(
            telemetry.otlp_endpoint.is_empty() && !telemetry.otlp_authorization.expose().is_empty(),
            Odd,
            "ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION",
            "is set, and traces go nowhere. Set ROLLCALL__TELEMETRY__OTLP_ENDPOINT, or take it away",
        );
        find(
            !telemetry.otlp_endpoint.is_empty() && telemetry.sampling_ratio == 0.0,
            Odd,
            "ROLLCALL__TELEMETRY__SAMPLING_RATIO",
            "is 0, so nothing is traced. Make it larger, or take ROLLCALL__TELEMETRY__OTLP_ENDPOINT away",
        );
        let operator = values.operator.token.expose();
        find(
            !operator.is_empty() && operator == values.service.token.expose(),
            Unsafe,
            "ROLLCALL__SERVICE__TOKEN",
            "is ROLLCALL__OPERATOR__TOKEN, so every service can do what the platform's staff can. Make another: openssl rand -base64 32",
        );
    }

    fn find_in_development(&self, found: &mut Vec<Finding>) {
        if !self.values.http.address.ip().is_loopback() {
            let text = "can be reached from elsewhere, and so can the mailbox at /dev/mailbox, with links that open every account. Use 127.0.0.1, or \
                        ROLLCALL_ENV=production";
            found.push(Finding {
                weight: Weight::Unsafe,
                setting: "ROLLCALL__HTTP__ADDRESS",
                text: text.to_owned(),
            });
        }
    }

    fn find_in_http(&self, found: &mut Vec<Finding>) {
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

    fn find_in_servers(&self, found: &mut Vec<Finding>) {
        use Weight::{Odd, Unsafe};
        let values = &self.values;
        let mut find = |is_so: bool, weight, setting, text: String| {
            if is_so {
                found.push(Finding { weight, setting, text });
            }
        };
        let database = &values.database;
        for (setting, url) in [
            ("ROLLCALL__DATABASE__URL", &database.url),
            ("ROLLCALL__DATABASE__POOLER_URL", &database.pooler_url),
            ("ROLLCALL__DATABASE__REPLICA_URL", &database.replica_url),
            ("ROLLCALL__DATABASE__MIGRATION_URL", &database.migration_url),
        ] {
            find(
                is_elsewhere_unchecked(url.expose()),
                Unsafe,
                setting,
                "leads over the network without looking who answers. Add ?sslmode=verify-full, and sslrootcert if its authority is your own".to_owned(),
            );
        }
        find(
            database.migration_url.expose().is_empty() && is_another_than_the_service(database.url.expose()),
            Odd,
            "ROLLCALL__DATABASE__URL",
            "logs in as somebody else than rollcall_app, as which the service works: it needs no other rights. Name rollcall_app here, and who may change the schema in ROLLCALL__DATABASE__MIGRATION_URL, for `rollcall migrate` alone".to_owned(),
        );
        find(
            !database.migration_url.expose().is_empty() && !database.migrate_on_start,
            Odd,
            "ROLLCALL__DATABASE__MIGRATION_URL",
            "is set, which only `rollcall migrate` wants: a node that serves needs no right to change the schema. Set it for `rollcall migrate` alone".to_owned(),
        );
        find(
            database.migrate_on_start,
            Odd,
            "ROLLCALL__DATABASE__MIGRATE_ON_START",
            "is true: a node that is started by mistake changes the schema for all. Run `rollcall migrate` by itself".to_owned(),
        );
        find(
            values.email.from.contains("localhost"),
            Odd,
            "ROLLCALL__EMAIL__FROM",
            "is not an address of yours, so mail servers will refuse the mails. Set it".to_owned(),
        );
        find(
            values.recordings.store.is_empty() && values.data_dir.is_relative(),
            Odd,
            "ROLLCALL__RECORDINGS__STORE",
            "is not set, so recordings lie below wherever each node is started. Set it to a directory that all nodes share, or to s3://bucket/prefix".to_owned(),
        );
        find(
            is_in_clear(&values.recordings.s3_endpoint),
            Unsafe,
            "ROLLCALL__RECORDINGS__S3_ENDPOINT",
            "is reached over the network without TLS. Use https://".to_owned(),
        );
        let telemetry = &values.telemetry;
        find(
            is_in_clear(&telemetry.otlp_endpoint),
            if telemetry.otlp_authorization.expose().is_empty() { Odd } else { Unsafe },
            "ROLLCALL__TELEMETRY__OTLP_ENDPOINT",
            "is reached over the network without TLS, with all that traces tell and ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION. Use https://, or a collector on this machine".to_owned(),
        );
        let level = values.log.level.to_ascii_lowercase();
        find(
            level.contains("debug") || level.contains("trace"),
            Odd,
            "ROLLCALL__LOG__LEVEL",
            "writes down what libraries are doing, much of it, and more than anybody has looked at for personal data. Use info".to_owned(),
        );
        find(
            values.log.format == "text",
            Odd,
            "ROLLCALL__LOG__FORMAT",
            "is text, which programs read badly. Use json".to_owned(),
        );
        if self.audit_origin_is_derived()
            && let Ok(origin) = self.audit_origin(values.http.address)
        {
            find(
                true,
                Odd,
                "ROLLCALL__AUDIT__ORIGIN",
                format!(
                    "is not set, so checkpoints of audit logs are signed as {origin}, after http.public_url. Set it to that: then the logs keep their name when the URL changes"
                ),
            );
        }
    }

    fn find_in_secrets(&self, found: &mut Vec<Finding>) {
        let passwords = &self.values.passwords;
        // The OWASP Password Storage Cheat Sheet's least for argon2id.
        let least = match passwords.passes {
            0 | 1 => 47_104,
            2 => 19_456,
            3 => 12_288,
            4 => 9_216,
            _ => 7_168,
        };
        if passwords.memory_kib < least {
            found.push(Finding {
                weight: Weight::Unsafe,
                setting: "ROLLCALL__PASSWORDS__MEMORY_KIB",
                text: format!(
                    "makes passwords cheap to guess for whoever has the database. With {} passes it should be {least} at least",
                    passwords.passes
                ),
            });
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    socket(url).is_some()
        || match url.host() {
            None => true,
            // URLs of other than web servers hold addresses as names.
            Some(Host::Domain(name)) => {
                name.is_empty()
                    || name == "localhost"
                    || name.parse().is_ok_and(|at: IpAddr| at.is_loopback())
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
        }
}

fn is_elsewhere_unchecked(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_checked = url.query_pairs().any(|(name, value)| {
        (name == "sslmode" || name == "ssl-mode") && (value == "verify-full" || value == "verify-ca")
    });
    !is_this_machine(&url) && !is_checked
}

fn is_another_than_the_service(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.username() != "rollcall_app")
}

fn is_in_clear(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !is_this_machine(&url))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::PRODUCTION_VALUES;
    use super::*;

    /// A production in which there is nothing to find.
    pub(in super::super) const GOOD: [(&str, &str); 7] = [
        ("database.url", "postgres://rollcall_app:hunter2@db.example/rollcall?sslmode=verify-full"),
        PRODUCTION_VALUES[1],
        PRODUCTION_VALUES[2],
        PRODUCTION_VALUES[3],
        ("http.trusted_proxies", "10.0.0.0/8"),
        ("audit.origin", "rollcall.example"),
        ("recordings.store", "s3://sound"),
    ];
    pub(in super::super) const FROM: (&str, &str) = ("email.from", "Rollcall <rollcall@rollcall.example>");

    fn found(profile: Profile, changed: &[(&str, &str)]) -> Vec<Finding> {
        let good = match profile {
            Profile::Development => Vec::new(),
            Profile::Production => GOOD.into_iter().chain([FROM]).collect(),
        };
        let is_changed = |name: &str| changed.iter().any(|(changed, _)| *changed == name);
        let values: Vec<_> =
            good.into_iter().filter(|(name, _)| !is_changed(name)).chain(changed.iter().copied()).collect();
        Settings::with(profile, &values).expect("settings").findings()
    }

    #[test]
    fn a_good_configuration_has_nothing_to_find_in_it() {
        assert_eq!(found(Profile::Production, &[]), []);
        assert_eq!(found(Profile::Development, &[]), []);
    }

    #[test]
    fn each_unsafe_or_odd_setting_is_found_by_its_name_and_nothing_else_is() {
        use Weight::{Odd, Unsafe};
        let same = "one token for everything, 0123456789abc";
        for (changed, weight, setting) in [
            (&[("http.trusted_proxies", "")][..], Unsafe, "HTTP__TRUSTED_PROXIES"),
            (&[("http.trusted_proxies", "10.0.0.0/8,0.0.0.0/0")], Unsafe, "HTTP__TRUSTED_PROXIES"),
            (&[("http.public_url", "http://localhost:8080")], Odd, "HTTP__PUBLIC_URL"),
            (&[("http.public_url", "https://192.0.2.1")], Odd, "HTTP__PUBLIC_URL"),
            (&[("http.operations_address", "0.0.0.0:9091")], Odd, "HTTP__OPERATIONS_ADDRESS"),
            (&[("http.operations_address", "127.0.0.1:8080")], Unsafe, "HTTP__OPERATIONS_ADDRESS"),
            (&[("http.shutdown_seconds", "1")], Odd, "HTTP__SHUTDOWN_SECONDS"),
            (&[("http.timeout_seconds", "12")], Odd, "HTTP__TIMEOUT_SECONDS"),
            (&[("limits.enabled", "false")], Unsafe, "LIMITS__ENABLED"),
            (&[("limits.attempts", "6000")], Odd, "LIMITS__ATTEMPTS"),
            (&[("webhooks.anywhere", "true")], Unsafe, "WEBHOOKS__ANYWHERE"),
            (&[("sessions.absolute_days", "200")], Odd, "SESSIONS__ABSOLUTE_DAYS"),
            (&[("sessions.idle_hours", "721")], Odd, "SESSIONS__IDLE_HOURS"),
            (&[("database.url", "postgres://rollcall_app:hunter2@db.example/r")], Unsafe, "DATABASE__URL"),
            (
                &[("database.url", "postgres://rollcall_app@db.example/r?sslmode=require")],
                Unsafe,
                "DATABASE__URL",
            ),
            (&[("database.url", "postgres://owner:hunter2@localhost/rollcall")], Odd, "DATABASE__URL"),
            (&[("database.migration_url", "postgres://owner@localhost/r")], Odd, "DATABASE__MIGRATION_URL"),
            (&[("database.migrate_on_start", "true")], Odd, "DATABASE__MIGRATE_ON_START"),
            (&[("email.from", "Rollcall <rollcall@localhost.localdomain>")], Odd, "EMAIL__FROM"),
            (&[("recordings.store", "")], Odd, "RECORDINGS__STORE"),
            (&[("recordings.s3_endpoint", "http://store.example")], Unsafe, "RECORDINGS__S3_ENDPOINT"),
            (&[("recordings.s3_access_key_id", "us")], Odd, "RECORDINGS__S3_ACCESS_KEY_ID"),
            (
                &[("recordings.at_once_of_one_organization", "65")],
                Odd,
                "RECORDINGS__AT_ONCE_OF_ONE_ORGANIZATION",
            ),
            (&[("stream.at_once_of_one_organization", "20001")], Odd, "STREAM__AT_ONCE_OF_ONE_ORGANIZATION"),
            (
                &[("telemetry.otlp_endpoint", "http://collector.example:4318")],
                Odd,
                "TELEMETRY__OTLP_ENDPOINT",
            ),
            (&[("telemetry.otlp_authorization", "Bearer abcdef")], Odd, "TELEMETRY__OTLP_AUTHORIZATION"),
            (
                &[
                    ("telemetry.otlp_endpoint", "http://collector.example"),
                    ("telemetry.otlp_authorization", "Bearer abcdef"),
                ],
                Unsafe,
                "TELEMETRY__OTLP_ENDPOINT",
            ),
            (
                &[("telemetry.otlp_endpoint", "http://127.0.0.1:4318"), ("telemetry.sampling_ratio", "0")],
                Odd,
                "TELEMETRY__SAMPLING_RATIO",
            ),
            (
                &[
                    ("recordings.store", "/srv/sound"),
                    ("recordings.s3_access_key_id", "us"),
                    ("recordings.s3_secret_access_key", "x"),
                ],
                Odd,
                "RECORDINGS__STORE",
            ),
            (&[("log.level", "info,sqlx=debug")], Odd, "LOG__LEVEL"),
            (&[("log.format", "text")], Odd, "LOG__FORMAT"),
            (&[("audit.origin", "")], Odd, "AUDIT__ORIGIN"),
            (&[("passwords.memory_kib", "19455")], Unsafe, "PASSWORDS__MEMORY_KIB"),
            (&[("passwords.passes", "1")], Unsafe, "PASSWORDS__MEMORY_KIB"),
            (&[("operator.token", same), ("service.token", same)], Unsafe, "SERVICE__TOKEN"),
        ] {
            let found: Vec<_> = found(Profile::Production, changed)
                .into_iter()
                .map(|finding| (finding.weight, finding.setting))
                .collect();
            assert_eq!(found, [(weight, format!("ROLLCALL__{setting}").leak() as &str)], "{changed:?}");
        }
        let elsewhere = ("database.migration_url", "postgres://owner:hunter3@10.0.0.9/rollcall");
        let migrating = found(Profile::Production, &[elsewhere]);
        assert_eq!(migrating.iter().map(|finding| finding.weight).collect::<Vec<_>>(), [Unsafe, Odd]);
        let open = found(Profile::Development, &[("http.address", "0.0.0.0:8080")]);
        assert_eq!(open.len(), 1);
        assert!(open[0].to_string().starts_with("unsafe: ROLLCALL__HTTP__ADDRESS "), "{}", open[0]);
    }

    #[test]
    fn databases_on_this_machine_need_no_certificate() {
        for url in [
            "postgres://rollcall@localhost/rollcall",
            "postgres://rollcall@127.0.0.1/rollcall",
            "postgres://rollcall@[::1]/rollcall",
            "postgres://rollcall@localhost/rollcall?host=/run/postgresql",
            "postgres:///rollcall?host=/run/postgresql",
        ] {
            assert!(!is_elsewhere_unchecked(url), "{url}");
        }
        assert!(is_elsewhere_unchecked("postgres://rollcall@localhost.example/rollcall"));
    }
}
