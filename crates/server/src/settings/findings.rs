//! What is unsafe or odd in a configuration though it can be used.

use std::fmt;

use super::{Profile, Settings};

mod http;
mod servers;

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

#[cfg(test)]
pub(super) mod tests;
