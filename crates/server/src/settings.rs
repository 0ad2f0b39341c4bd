//! What the configuration says: defaults, then the profile, then a file, then the environment.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use config::{Config, Environment, File, FileFormat};
use ipnet::IpNet;
use rollcall_adapter_email::{Sender, SmtpUrl};
use rollcall_adapter_postgres::{DatabaseUrl, InvalidDatabaseUrl};
use rollcall_application::{keyring::Keyring, passwords::Cost};
use rollcall_domain::{second_factors, secret::Secret, sessions::Lifetimes, webhooks::Reach};
use url::Url;

use crate::values::{PasswordValues, Values};

#[cfg(test)]
mod damaged;
pub(crate) mod findings;
mod limits;
mod meaning;
mod numbers;
mod origins;
mod plans;
mod secrets;
mod telemetry;
mod unreadable;

pub use findings::{Finding, Weight};

pub(crate) const DEFAULTS: &str = include_str!("../../../config/default.toml");
pub(crate) const PLANS: &str = include_str!("../../../config/plans.toml");

const DEVELOPMENT: &str = include_str!("../../../config/development.toml");
const PRODUCTION: &str = include_str!("../../../config/production.toml");

/// What the service is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Trying things out: a private database, generated keys, a mailbox instead of mail.
    Development,
    /// The real thing: nothing is made up, all that is needed must be named.
    Production,
}

/// All that can be configured; `config/default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the service is run for.
    pub profile: Profile,
    /// The values.
    pub(crate) values: Values,
}

/// The configuration cannot be used. The text names the setting and never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// A file cannot be read, a setting is unknown, or a value is of the wrong kind.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// The profile is unknown.
    #[error("ROLLCALL_ENV must be development or production, not {0:?}")]
    Profile(String),
    /// A value cannot be used.
    #[error("{setting} {problem}")]
    Value {
        /// Which setting, by its name in the environment.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl InvalidSettings {
    pub(crate) fn value(setting: &'static str, problem: impl ToString) -> Self {
        Self::Value { setting, problem: problem.to_string() }
    }
}

impl Settings {
    /// Reads everything, as the environment says.
    ///
    /// # Errors
    /// [`InvalidSettings`].
    pub fn load() -> Result<Self, InvalidSettings> {
        let named = std::env::var_os("ROLLCALL_ENV").unwrap_or_default();
        let profile = match named.to_str() {
            Some("production") => Profile::Production,
            Some("development" | "") => Profile::Development,
            Some(_) | None => {
                return Err(InvalidSettings::Profile(named.to_string_lossy().into_owned()));
            }
        };
        let file = std::env::var_os("ROLLCALL_CONFIG").filter(|path| !path.is_empty());
        Self::read(profile, file.map(PathBuf::from), environment())
    }

    fn read(
        profile: Profile,
        file: Option<PathBuf>,
        environment: Environment,
    ) -> Result<Self, InvalidSettings> {
        let mut sources = Self::of_profile(profile);
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        Self::check(profile, sources.add_source(environment).build()?.try_deserialize()?)
    }

    /// A profile's own settings, with some values changed: a path such as `http.address` and its value each.
    ///
    /// # Errors
    /// [`InvalidSettings`].
    pub fn with(profile: Profile, values: &[(&str, &str)]) -> Result<Self, InvalidSettings> {
        let mut sources = Self::of_profile(profile);
        for (path, value) in values {
            sources = sources.set_override(*path, *value)?;
        }
        Self::check(profile, sources.build()?.try_deserialize()?)
    }

    fn of_profile(profile: Profile) -> config::ConfigBuilder<config::builder::DefaultState> {
        let of_profile = match profile {
            Profile::Development => DEVELOPMENT,
            Profile::Production => PRODUCTION,
        };
        Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::from_str(PLANS, FileFormat::Toml))
            .add_source(File::from_str(of_profile, FileFormat::Toml))
    }

    /// Looks at every value once, so that nothing is found to be wrong only when it is needed.
    fn check(profile: Profile, values: Values) -> Result<Self, InvalidSettings> {
        let settings = Self { profile, values };
        settings.public_origin(settings.values.http.address)?;
        settings.trusted_proxies()?;
        settings.keyring()?;
        settings.pepper()?;
        for (setting, url) in settings.database_urls() {
            database_url(url).map_err(|problem| InvalidSettings::value(setting, problem))?;
        }
        settings.totp_issuer()?;
        settings.plans()?;
        settings.audit_origin(settings.values.http.address)?;
        settings.check_recordings()?;
        settings.sender(settings.values.http.address)?;
        settings.smtp()?;
        settings.check_numbers()?;
        settings.otlp_endpoint()?;
        crate::logging::filter(&settings)
            .map_err(|problem| InvalidSettings::value("ROLLCALL__LOG", problem))?;
        if profile == Profile::Production {
            let values = &settings.values;
            let empty = |setting| Err(InvalidSettings::value(setting, "must be set in production"));
            if values.database.url.expose().is_empty() {
                return empty("ROLLCALL__DATABASE__URL");
            }
            if values.http.public_url.is_empty() {
                return empty("ROLLCALL__HTTP__PUBLIC_URL");
            }
            if values.keys.ring.expose().is_empty() {
                return empty("ROLLCALL__KEYS__RING");
            }
            if values.email.smtp_url.expose().is_empty() {
                return empty("ROLLCALL__EMAIL__SMTP_URL");
            }
            settings.check_secrets()?;
        }
        Ok(settings)
    }

    pub(crate) fn trusted_proxies(&self) -> Result<Vec<IpNet>, InvalidSettings> {
        let networks =
            self.values.http.trusted_proxies.split(',').map(str::trim).filter(|text| !text.is_empty());
        let networks = networks.map(|network| {
            network.parse().or_else(|_| network.parse::<std::net::IpAddr>().map(IpNet::from)).map_err(|_| {
                InvalidSettings::value(
                    "ROLLCALL__HTTP__TRUSTED_PROXIES",
                    "must be networks like 10.0.0.0/8, separated by commas",
                )
            })
        });
        networks.collect()
    }

    /// The keyring that is configured, if one is.
    pub(crate) fn keyring(&self) -> Result<Option<Keyring>, InvalidSettings> {
        let ring = self.values.keys.ring.expose();
        if ring.is_empty() {
            return Ok(None);
        }
        ring.parse().map(Some).map_err(|problem| InvalidSettings::value("ROLLCALL__KEYS__RING", problem))
    }

    /// The pepper of passwords that is configured, if one is.
    pub(crate) fn pepper(&self) -> Result<Option<Keyring>, InvalidSettings> {
        let pepper = self.values.passwords.pepper.expose();
        if pepper.is_empty() {
            return Ok(None);
        }
        let invalid = |problem| InvalidSettings::value("ROLLCALL__PASSWORDS__PEPPER", problem);
        pepper.parse().map(Some).map_err(invalid)
    }

    /// The URLs of databases, each with its setting.
    fn database_urls(&self) -> [(&'static str, &Secret); 4] {
        let database = &self.values.database;
        [
            ("ROLLCALL__DATABASE__URL", &database.url),
            ("ROLLCALL__DATABASE__POOLER_URL", &database.pooler_url),
            ("ROLLCALL__DATABASE__REPLICA_URL", &database.replica_url),
            ("ROLLCALL__DATABASE__MIGRATION_URL", &database.migration_url),
        ]
    }

    /// What authenticator apps call this service.
    pub(crate) fn totp_issuer(&self) -> Result<second_factors::TotpIssuer, InvalidSettings> {
        let invalid = |problem| InvalidSettings::value("ROLLCALL__SECURITY__TOTP_ISSUER", problem);
        self.values.security.totp_issuer.parse().map_err(invalid)
    }

    pub(crate) fn sender(&self, address: SocketAddr) -> Result<Sender, InvalidSettings> {
        let sender = Sender::new(&self.values.email.from, &self.public_url(address))
            .map_err(|problem| InvalidSettings::value("ROLLCALL__EMAIL__FROM", problem))?;
        match self.values.operator.contact.as_str() {
            "" => Ok(sender),
            contact => sender
                .with_contact(contact)
                .map_err(|problem| InvalidSettings::value("ROLLCALL__OPERATOR__CONTACT", problem)),
        }
    }

    /// The mail server that is configured, if one is.
    pub(crate) fn smtp(&self) -> Result<Option<SmtpUrl>, InvalidSettings> {
        let url = &self.values.email.smtp_url;
        if url.expose().is_empty() {
            return Ok(None);
        }
        SmtpUrl::parse(url)
            .map(Some)
            .map_err(|problem| InvalidSettings::value("ROLLCALL__EMAIL__SMTP_URL", problem))
    }

    pub(crate) fn password_cost(&self) -> Cost {
        let PasswordValues { memory_kib, passes, lanes, .. } = self.values.passwords;
        Cost { memory_kib, passes, lanes }
    }

    pub(crate) fn passwords_at_once(&self) -> usize {
        match self.values.passwords.at_once {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            at_once => at_once,
        }
    }

    pub(crate) fn password_patience(&self) -> Duration {
        Duration::from_secs(self.values.passwords.patience_seconds)
    }

    /// Each holds one connection, and now and then another for a moment: most of them stay free for everybody else.
    pub(crate) fn exports_at_once(&self) -> usize {
        (self.values.database.max_connections as usize / 5).max(1)
    }

    /// Each holds a connection for one line after the other: half of them stay free for everybody else.
    pub(crate) fn bulk_invitations_at_once(&self) -> usize {
        (self.values.database.max_connections as usize / 2).max(1)
    }

    pub(crate) fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            idle: time::Duration::hours(self.values.sessions.idle_hours.into()),
            absolute: time::Duration::days(self.values.sessions.absolute_days.into()),
        }
    }

    /// The credential of services beside this one, if one is configured.
    pub(crate) fn service_token(&self) -> Option<Secret> {
        let token = &self.values.service.token;
        (!token.expose().is_empty()).then(|| token.clone())
    }

    /// How far webhooks may lead.
    pub(crate) fn webhooks(&self) -> Reach {
        if self.values.webhooks.anywhere { Reach::Anywhere } else { Reach::Public }
    }

    /// The token of the platform's own staff, if one is configured.
    pub(crate) fn operator_token(&self) -> Option<Secret> {
        let token = &self.values.operator.token;
        (!token.expose().is_empty()).then(|| token.clone())
    }
}

/// The settings that the environment names.
fn environment() -> Environment {
    Environment::with_prefix("ROLLCALL").prefix_separator("__").separator("__")
}

/// The URL of a database, if one is set.
fn database_url(url: &Secret) -> Result<Option<DatabaseUrl>, InvalidDatabaseUrl> {
    if url.expose().is_empty() { Ok(None) } else { DatabaseUrl::parse(url).map(Some) }
}

/// The URL of a server and nothing else: a user, a key or half of one that stands in it would be found in logs.
pub(crate) fn endpoint(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
        || url.path().contains('@');
    (matches!(url.scheme(), "http" | "https") && !has_more).then_some(url)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) const PRODUCTION_VALUES: [(&str, &str); 4] = [
        ("database.url", "postgres://rollcall:hunter2@db.example/rollcall"),
        ("http.public_url", "https://rollcall.example"),
        ("keys.ring", "1:QmFvXbRPHH8tFcz0Pq9aXlPnhD3vjCqUUJdsYb0tVzE="),
        ("email.smtp_url", "smtps://rollcall:hunter2@mail.example"),
    ];

    #[test]
    fn development_needs_nothing_and_production_everything() {
        assert!(Settings::with(Profile::Development, &[]).is_ok());
        assert!(Settings::with(Profile::Production, &PRODUCTION_VALUES).is_ok());
        for missing in 0..PRODUCTION_VALUES.len() {
            let values: Vec<_> = (0..4).filter(|n| *n != missing).map(|n| PRODUCTION_VALUES[n]).collect();
            let error = Settings::with(Profile::Production, &values).expect_err("something is missing");
            assert!(error.to_string().contains("must"), "{error}");
        }
    }

    #[test]
    fn attack_33_webhooks_lead_to_private_addresses_in_no_profile_by_themselves() {
        for (profile, values) in
            [(Profile::Development, &[][..]), (Profile::Production, &PRODUCTION_VALUES[..])]
        {
            assert_eq!(Settings::with(profile, values).expect("settings").webhooks(), Reach::Public);
        }
    }

    #[test]
    fn asvs_16_2_5_no_secret_is_printed() {
        let settings = Settings::with(Profile::Production, &PRODUCTION_VALUES).expect("settings");
        let text = format!("{settings:?}");
        assert!(!text.contains("hunter2") && !text.contains("QmFvXbRP"), "{text}");
    }

    #[test]
    fn wrong_values_are_named() {
        for (path, value, name) in [
            ("http.public_url", "rollcall.example", "PUBLIC_URL"),
            ("http.public_url", "https://grace:secret@rollcall.example", "PUBLIC_URL"),
            ("http.trusted_proxies", "10.0.0.0/99", "TRUSTED_PROXIES"),
            ("keys.ring", "secret", "KEYS__RING"),
            ("security.totp_issuer", "Roll:call", "TOTP_ISSUER"),
            ("email.from", "nobody", "EMAIL__FROM"),
            ("operator.contact", "nobody", "OPERATOR__CONTACT"),
            ("email.smtp_url", "smtp://mail.example", "SMTP_URL"),
            ("http.address", "here", "address"),
            ("limits.enabled", "perhaps", "enabled"),
            ("limits.typing_error", "1", "typing_error"),
            ("limits.attempts", "0", "LIMITS__ATTEMPTS"),
            ("passwords.memory_kib", "1", "MEMORY_KIB"),
            ("sessions.absolute_days", "4000000000", "ABSOLUTE_DAYS"),
            ("tokens.lifetime_seconds", "301", "TOKENS__LIFETIME_SECONDS"),
            ("tokens.lifetime_seconds", "0", "TOKENS__LIFETIME_SECONDS"),
            ("audit.origin", "rollcall example", "AUDIT__ORIGIN"),
            ("audit.origin", "rollcall.example/", "AUDIT__ORIGIN"),
            ("audit.platform_days", "0", "AUDIT__PLATFORM_DAYS"),
            ("log.level", "=,", "LOG__LEVEL"),
            ("log.level", "inof", "LOG__LEVEL"),
            ("log.format", "xml", "LOG__FORMAT"),
        ] {
            let error = Settings::with(Profile::Development, &[(path, value)]).expect_err(path);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
