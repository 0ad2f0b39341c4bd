//! Which numbers make sense as settings.

use rollcall_domain::tokens::LONGEST;

use super::{InvalidSettings, Settings};

impl Settings {
    /// Numbers that would only be found to be too large, or too small, when they are needed.
    pub(super) fn check_numbers(&self) -> Result<(), InvalidSettings> {
        let values = &self.values;
        if !self.password_cost().is_possible() {
            let problem = "must be at least 8 for each lane, with 1 pass and 1 lane or more";
            return Err(InvalidSettings::value("ROLLCALL__PASSWORDS__MEMORY_KIB", problem));
        }
        let longest = u32::try_from(LONGEST.whole_seconds()).unwrap_or(u32::MAX);
        for (setting, number, most) in [
            ("ROLLCALL__SESSIONS__IDLE_HOURS", values.sessions.idle_hours, 24 * 365),
            ("ROLLCALL__SESSIONS__ABSOLUTE_DAYS", values.sessions.absolute_days, 365),
            ("ROLLCALL__TOKENS__LIFETIME_SECONDS", values.tokens.lifetime_seconds, longest),
            ("ROLLCALL__DATABASE__MAX_CONNECTIONS", values.database.max_connections, 10_000),
            ("ROLLCALL__LIMITS__REQUESTS", values.limits.requests, 10_000_000),
            ("ROLLCALL__LIMITS__REQUESTS_PER_SECONDS", values.limits.requests_per_seconds, 86_400),
            ("ROLLCALL__AUDIT__PLATFORM_DAYS", values.audit.platform_days, 36_500),
            ("ROLLCALL__LIMITS__ATTEMPTS", values.limits.attempts, 10_000_000),
            ("ROLLCALL__LIMITS__ATTEMPTS_PER_SECONDS", values.limits.attempts_per_seconds, 86_400),
            ("ROLLCALL__LIMITS__SERVICE_REQUESTS", values.limits.service_requests, 10_000_000),
            (
                "ROLLCALL__LIMITS__SERVICE_REQUESTS_PER_SECONDS",
                values.limits.service_requests_per_seconds,
                86_400,
            ),
            (
                "ROLLCALL__STREAM__AT_ONCE_OF_ONE_ORGANIZATION",
                values.stream.at_once_of_one_organization,
                1_000_000,
            ),
            ("ROLLCALL__STREAM__AT_ONCE_OF_ONE", values.stream.at_once_of_one, 100_000),
            ("ROLLCALL__STREAM__HEARTBEAT_SECONDS", values.stream.heartbeat_seconds, 600),
            ("ROLLCALL__LIMITS__PASSWORD_ATTEMPTS", values.limits.password_attempts, 100),
            ("ROLLCALL__LIMITS__PASSWORD_ATTEMPT_SECONDS", values.limits.password_attempt_seconds, 86_400),
            (
                "ROLLCALL__LIMITS__NETWORK_PASSWORD_ATTEMPTS",
                values.limits.network_password_attempts,
                1_000_000,
            ),
            (
                "ROLLCALL__LIMITS__NETWORK_PASSWORD_ATTEMPT_SECONDS",
                values.limits.network_password_attempt_seconds,
                86_400,
            ),
        ] {
            if !(1..=most).contains(&number) {
                return Err(InvalidSettings::value(setting, format!("must be between 1 and {most}")));
            }
        }
        Ok(())
    }
}
