//! Secrets that are none: those of examples and of development, and those that are guessed first.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use rollcall_domain::secret::Secret;
use url::Url;

use super::{InvalidSettings, Settings, database_url};

/// The fewest characters of a token that the service is given.
const TOKEN: usize = 32;

/// Passwords of servers that are in everybody's examples.
const GUESSED: [&str; 14] = [
    "admin",
    "app",
    "guest",
    "letmein",
    "minio",
    "minioadmin",
    "pass",
    "password",
    "postgres",
    "qwerty",
    "rollcall",
    "root",
    "secret",
    "test",
];

/// What stands in a secret that was to be replaced.
const PLACEHOLDERS: [&str; 8] =
    ["changeme", "change-me", "change_me", "development", "example", "insecure", "placeholder", "replace"];

impl Settings {
    /// Looks whether secrets are fit for production.
    pub(super) fn check_secrets(&self) -> Result<(), InvalidSettings> {
        let values = &self.values;
        for (setting, token) in [
            ("ROLLCALL__OPERATOR__TOKEN", &values.operator.token),
            ("ROLLCALL__SERVICE__TOKEN", &values.service.token),
        ] {
            let token = token.expose();
            if (1..TOKEN).contains(&token.len()) {
                return Err(InvalidSettings::value(setting, "must be at least 32 characters long"));
            }
            if !token.is_empty() && (is_known(token) || distinct(token.bytes()) < 6) {
                return Err(is_for_development(setting, "openssl rand -base64 32"));
            }
        }
        for (setting, secret) in [
            ("ROLLCALL__RECORDINGS__S3_SECRET_ACCESS_KEY", &values.recordings.s3_secret_access_key),
            ("ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION", &values.telemetry.otlp_authorization),
        ] {
            if is_known(secret.expose().rsplit(' ').next().unwrap_or_default()) {
                return Err(is_for_development(setting, "whoever runs the other side"));
            }
        }
        let mail = ("ROLLCALL__EMAIL__SMTP_URL", mail_password(&values.email.smtp_url));
        let databases = self.database_urls().map(|(setting, url)| {
            let url = database_url(url).ok().flatten();
            (setting, url.and_then(|url| url.password()))
        });
        for (setting, password) in databases.into_iter().chain([mail]) {
            if password.is_some_and(|password| is_known(password.expose())) {
                return Err(is_for_development(setting, "openssl rand -hex 24, on the server too"));
            }
        }
        for (setting, keys) in [
            ("ROLLCALL__KEYS__RING", &values.keys.ring),
            ("ROLLCALL__PASSWORDS__PEPPER", &values.passwords.pepper),
        ] {
            if keys_of(keys.expose()).any(|key| is_no_chance(&key)) {
                return Err(is_for_development(setting, "openssl rand -base64 32"));
            }
        }
        // Whoever has tried things out here before has the development profile's keys lying around, readable.
        let generated = fs::read_to_string(values.data_dir.join("keyring")).unwrap_or_default();
        let generated: Vec<_> = keys_of(generated.trim()).collect();
        if keys_of(values.keys.ring.expose()).any(|key| generated.contains(&key)) {
            return Err(is_for_development("ROLLCALL__KEYS__RING", "openssl rand -base64 32"));
        }
        Ok(())
    }
}

fn is_for_development(setting: &'static str, from: &str) -> InvalidSettings {
    InvalidSettings::value(
        setting,
        format!(
            "holds a secret of development, of an example, or that is guessed first; get another from: {from}"
        ),
    )
}

fn is_known(secret: &str) -> bool {
    let secret = secret.to_ascii_lowercase();
    GUESSED.contains(&secret.as_str()) || PLACEHOLDERS.iter().any(|placeholder| secret.contains(placeholder))
}

/// The password of the mail server, however its URL writes it (RFC 3986 section 2.1).
fn mail_password(url: &Secret) -> Option<Secret> {
    let url = Url::parse(url.expose()).ok()?;
    Some(Secret::new(percent_decode_str(url.password()?).decode_utf8_lossy()))
}

/// The keys of a ring that can be read.
fn keys_of(ring: &str) -> impl Iterator<Item = Vec<u8>> {
    ring.split(',').filter_map(|key| STANDARD.decode(key.split_once(':')?.1.trim()).ok())
}

/// Whether a key was typed rather than drawn. Of 32 bytes that are drawn, fewer than fifteen different ones come less than once
/// in 2⁶¹ times, and nothing but what can be typed less than once in 2⁴⁵. What is no key at all is told its length by whoever
/// reads it.
fn is_no_chance(key: &[u8]) -> bool {
    if key.len() < 2 {
        return false;
    }
    let counts_up = key.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    counts_up || distinct(key.iter().copied()) < 15 || key.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn distinct(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.collect::<std::collections::BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::super::{Profile, tests::PRODUCTION_VALUES};
    use super::*;

    fn checked(profile: Profile, path: &str, secret: &str) -> Result<Settings, InvalidSettings> {
        let values: Vec<_> = PRODUCTION_VALUES
            .iter()
            .filter(|(name, _)| *name != path)
            .copied()
            .chain([(path, secret)])
            .collect();
        Settings::with(profile, &values)
    }

    const COUNTING: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TYPED: &str = "1:dGhpcyBpcyBub3QgYSByYW5kb20ga2V5IGF0IGFsbCE=";
    const ZEROS: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn asvs_13_3_1_production_takes_no_secret_of_development_for_any_setting() {
        for (path, secret, setting) in [
            ("database.url", "postgres://rollcall:rollcall@db.example/rollcall", "DATABASE__URL"),
            ("database.url", "postgres://rollcall:Postgres@db.example/rollcall", "DATABASE__URL"),
            (
                "database.pooler_url",
                "postgres://rollcall_app:secret@db.example/rollcall",
                "DATABASE__POOLER_URL",
            ),
            (
                "database.replica_url",
                "postgres://rollcall_app:admin@db.example/rollcall",
                "DATABASE__REPLICA_URL",
            ),
            (
                "database.migration_url",
                "postgres://owner:changeme@db.example/rollcall",
                "DATABASE__MIGRATION_URL",
            ),
            ("email.smtp_url", "smtps://rollcall:password@mail.example", "EMAIL__SMTP_URL"),
            // As a URL may write them.
            ("database.url", "postgres://rollcall@db.example/rollcall?password=rollcall", "DATABASE__URL"),
            ("database.url", "postgres://rollcall:hunter2@db.example/r?password=%72ollcall", "DATABASE__URL"),
            ("database.url", "postgres://rollcall:%72ollcall@db.example/rollcall", "DATABASE__URL"),
            ("email.smtp_url", "smtps://rollcall:ch%61nge%2Dme@mail.example", "EMAIL__SMTP_URL"),
            ("keys.ring", COUNTING, "KEYS__RING"),
            ("keys.ring", TYPED, "KEYS__RING"),
            ("keys.ring", ZEROS, "KEYS__RING"),
            ("passwords.pepper", COUNTING, "PASSWORDS__PEPPER"),
            ("passwords.pepper", ZEROS, "PASSWORDS__PEPPER"),
            ("operator.token", "development-operator-token-0123456789", "OPERATOR__TOKEN"),
            ("operator.token", "00000000000000000000000000000000000000", "OPERATOR__TOKEN"),
            ("operator.token", "too short", "OPERATOR__TOKEN"),
            ("service.token", "please-change-me-0123456789abcdefghij", "SERVICE__TOKEN"),
            ("service.token", "too short", "SERVICE__TOKEN"),
            ("recordings.s3_secret_access_key", "minioadmin", "S3_SECRET_ACCESS_KEY"),
            ("telemetry.otlp_authorization", "Bearer changeme", "OTLP_AUTHORIZATION"),
        ] {
            let error = checked(Profile::Production, path, secret).expect_err(path).to_string();
            assert!(error.contains(setting) && !error.contains(secret), "{error}");
            assert!(checked(Profile::Development, path, secret).is_ok(), "{path} in development");
        }
    }

    #[test]
    fn what_was_drawn_is_taken_though_it_has_few_different_characters() {
        for (token, is_taken) in [
            ("01234560123456012345601234560123", true),
            ("01234501234501234501234501234501", true),
            ("01234012340123401234012340123401", false),
        ] {
            let result = checked(Profile::Production, "operator.token", token);
            assert_eq!(result.is_ok(), is_taken, "{token}");
        }
        let key = |different: usize| -> Vec<u8> {
            (0..32).map(|n| u8::try_from(n % different * 7 + 130).expect("a byte")).collect()
        };
        assert!(is_no_chance(&key(14)) && !is_no_chance(&key(15)));
        // It is too short, which is another matter.
        assert!(!is_no_chance(&[]) && !is_no_chance(&[7]));
    }

    /// A setting that is a secret, and that nobody has thought about, fails here.
    #[test]
    fn every_secret_of_the_configuration_is_looked_at() {
        let values = include_str!("../values.rs");
        let secrets = values.matches(r#"deserialize_with = "secret""#).count();
        let looked_at = [
            "database.url",
            "database.pooler_url",
            "database.replica_url",
            "database.migration_url",
            "email.smtp_url",
            "keys.ring",
            "passwords.pepper",
            "operator.token",
            "service.token",
            "recordings.s3_secret_access_key",
            "telemetry.otlp_authorization",
        ];
        assert_eq!(secrets, looked_at.len(), "check the new secret in check_secrets, and in the test above");
    }

    #[test]
    fn asvs_13_3_1_the_keys_that_development_has_made_are_not_those_of_production() {
        let made = tempfile::tempdir().expect("a directory");
        let ring = PRODUCTION_VALUES[2].1;
        std::fs::write(made.path().join("keyring"), format!("{ring}\n")).expect("written");
        let at = made.path().to_str().expect("text");
        let refused = checked(Profile::Production, "data_dir", at).expect_err("refused").to_string();
        assert!(refused.contains("KEYS__RING"), "{refused}");
    }
}
