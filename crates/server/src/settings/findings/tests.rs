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
        (
            &[("database.url", "postgres://rollcall_app@localhost/r?user=owner&password=hunter2")],
            Odd,
            "DATABASE__URL",
        ),
        (
            &[("database.url", "postgres://rollcall_app:hunter2@localhost/r?host=db.example")],
            Unsafe,
            "DATABASE__URL",
        ),
        (
            &[("database.url", "postgres://rollcall_app:hunter2@localhost/r?sslpassword=hunter3")],
            Odd,
            "DATABASE__URL",
        ),
        (&[("database.migration_url", "postgres://owner@localhost/r")], Odd, "DATABASE__MIGRATION_URL"),
        (&[("database.migrate_on_start", "true")], Odd, "DATABASE__MIGRATE_ON_START"),
        (&[("email.from", "Rollcall <rollcall@localhost.localdomain>")], Odd, "EMAIL__FROM"),
        (&[("recordings.store", "")], Odd, "RECORDINGS__STORE"),
        (&[("recordings.s3_endpoint", "http://store.example")], Unsafe, "RECORDINGS__S3_ENDPOINT"),
        (&[("recordings.s3_access_key_id", "us")], Odd, "RECORDINGS__S3_ACCESS_KEY_ID"),
        (&[("recordings.at_once_of_one_organization", "65")], Odd, "RECORDINGS__AT_ONCE_OF_ONE_ORGANIZATION"),
        (&[("stream.at_once_of_one_organization", "20001")], Odd, "STREAM__AT_ONCE_OF_ONE_ORGANIZATION"),
        (&[("telemetry.otlp_endpoint", "http://collector.example:4318")], Odd, "TELEMETRY__OTLP_ENDPOINT"),
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
    for (url, is_found) in [
        ("postgres://rollcall_app@localhost/rollcall", false),
        ("postgres://rollcall_app@127.0.0.1/rollcall", false),
        ("postgres://rollcall_app@[::1]/rollcall", false),
        ("postgres://rollcall_app@localhost/rollcall?host=/run/postgresql", false),
        ("postgres:///rollcall?host=/run/postgresql&user=rollcall_app", false),
        ("postgres://rollcall_app@localhost.example/rollcall", true),
    ] {
        assert_eq!(!found(Profile::Production, &[("database.url", url)]).is_empty(), is_found, "{url}");
    }
}
