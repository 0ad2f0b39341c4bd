//! What is wrong with a configuration that cannot be read, without anything that stands in it: a line that is no TOML, or a value of the
//! wrong kind, may be a secret.

use std::error::Error;

use config::ConfigError;

use super::InvalidSettings;
use crate::values::ADDRESS;

/// The longest name that any setting could have.
const LONGEST: usize = 64;

impl From<ConfigError> for InvalidSettings {
    fn from(error: ConfigError) -> Self {
        Self::Unreadable(told(&error))
    }
}

fn told(error: &ConfigError) -> String {
    match error {
        ConfigError::NotFound(name) => format!("{name} is missing"),
        ConfigError::Type { expected, key, origin, .. } => {
            format!("{} must be {expected}{}", setting(key.as_deref()), place(origin.as_deref()))
        }
        ConfigError::At { error, key, origin } => within(error, key.as_deref(), origin.as_deref()),
        ConfigError::Message(_) => within(error, None, None),
        ConfigError::FileParse { uri, cause } => {
            format!("{} is no TOML{}", uri.as_deref().unwrap_or("a file"), position(cause.as_ref()))
        }
        // Where a file is, and why it cannot be opened.
        ConfigError::Foreign(cause) => match cause.downcast_ref::<std::io::Error>() {
            Some(error) => error.to_string(),
            None => "a file cannot be read".to_owned(),
        },
        ConfigError::PathParse { .. } => "a setting has an invalid name".to_owned(),
        // The library may have others one day; what they say may repeat a value.
        _ => "the configuration cannot be read".to_owned(),
    }
}

/// What is wrong with a setting, or with one of a section.
fn within(error: &ConfigError, key: Option<&str>, origin: Option<&str>) -> String {
    let ConfigError::Message(message) = error else { return told(error) };
    let quoted = |text: &str, mark: char| text.split_once(mark).map(|(name, _)| name.to_owned());
    if let Some(unknown) = message.strip_prefix("unknown field `").and_then(|rest| quoted(rest, '`')) {
        let section = key.map(|key| format!("{key}.")).unwrap_or_default();
        return match is_name(&unknown) {
            true => format!("{section}{unknown} is no setting{}", place(origin)),
            false => format!("{section}… is no setting{}: its name is none", place(origin)),
        };
    }
    if let Some(variable) = message.strip_prefix("env variable \"").and_then(|rest| quoted(rest, '"')) {
        return format!("ROLLCALL__{} is not UTF-8", variable.to_uppercase());
    }
    let problem = if message == ADDRESS { ADDRESS } else { "is not what it must be" };
    format!("{} {problem}{}", setting(key), place(origin))
}

fn setting(key: Option<&str>) -> &str {
    key.unwrap_or("a setting")
}

fn place(origin: Option<&str>) -> String {
    origin.map(|origin| format!(" in {origin}")).unwrap_or_default()
}

/// Whether a text could be the name of a setting, rather than something that was written where one belongs.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Where a parser has stopped. What it says shows the line as well.
fn position(cause: &(dyn Error + Send + Sync + 'static)) -> String {
    let text = cause.to_string();
    let numbers = || {
        let (line, column) = text.lines().next()?.split_once("at line ")?.1.split_once(", column ")?;
        Some((line.parse::<u32>().ok()?, column.parse::<u32>().ok()?))
    };
    let numbers = numbers();
    numbers.map(|(line, column)| format!(": see line {line}, column {column}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::{Profile, Settings, tests::PRODUCTION_VALUES},
        *,
    };

    const SECRET: &str = "hunter2hunter2hunter2hunter2hunter2";

    /// Where a secret may be put by mistake, or on purpose.
    const VALUES: [&str; 13] = [
        "SECRET",
        "postgres://rollcall_app:SECRET@db.example/r?sslmode=verify-full",
        "postgres://rollcall_app@db.example/r?sslmode=verify-full&password=SECRET",
        "postgres://rollcall_app@db.example/r?sslmode=SECRET",
        "postgres://rollcall_app@db.example/r?sslmode=verify-full&sslpassword=SECRET",
        "postgres://rollcall_app:12#SECRET@db.example/r",
        "postgres://rollcall_app:12/SECRET@db.example/r",
        "smtps://rollcall:SECRET@mail.example",
        "smtps://rollcall:12?SECRET@mail.example",
        "https://SECRET@host.example",
        "https://rollcall:SECRET@host.example",
        "https://host.example?key=SECRET",
        "https://host.example#SECRET",
    ];

    fn in_environment(path: &str) -> String {
        format!("ROLLCALL__{}", path.to_uppercase().replace('.', "__"))
    }

    /// Every setting there is, as a file has it.
    fn every_setting() -> Vec<String> {
        let reference = crate::reference::reference();
        let names = reference.lines().filter_map(|line| line.strip_prefix("| `ROLLCALL__")?.split_once('`'));
        names.map(|(name, _)| name.to_lowercase().replace("__", ".")).collect()
    }

    fn production() -> impl Iterator<Item = (String, String)> {
        PRODUCTION_VALUES.into_iter().map(|(path, value)| (in_environment(path), value.to_owned()))
    }

    /// What anybody is told of a configuration.
    fn all_that_is_told(
        file: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<String, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("rollcall.toml");
        fs::write(&path, file).expect("written");
        let environment = super::super::environment().source(Some(environment.into_iter().collect()));
        let settings = Settings::read(Profile::Production, Some(path), environment);
        let settings = settings.map_err(|error| format!("{error} {error:?} {:?}", error.source()))?;
        let findings = settings.findings().into_iter().map(|finding| finding.to_string());
        Ok(settings.meaning().into_iter().chain(findings).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn asvs_16_2_5_whatever_stands_in_any_setting_nothing_that_is_told_repeats_it() {
        let (mut used, mut refused) = (0, 0);
        for setting in every_setting() {
            for value in VALUES {
                // It is where something lies, and shown for that.
                if setting == "data_dir" || (setting == "recordings.store" && value == "SECRET") {
                    continue;
                }
                let value = value.replace("SECRET", SECRET);
                let told =
                    all_that_is_told("", production().chain([(in_environment(&setting), value.clone())]));
                *if told.is_ok() { &mut used } else { &mut refused } += 1;
                let told = told.unwrap_or_else(|told| told);
                assert!(!told.contains("hunter2"), "{setting} = {value}: {told}");
            }
        }
        assert!(used > 20 && refused > 500, "{used}, {refused}");
    }

    #[test]
    fn asvs_16_2_5_a_file_that_cannot_be_read_is_told_by_its_places_and_not_its_lines() {
        for setting in every_setting() {
            let (section, name) = setting.rsplit_once('.').unwrap_or(("", &setting));
            let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
            let line = header.lines().count() + 1;
            for (rest, is_told) in [
                (format!("{name} = {SECRET}"), format!(": see line {line}, column ")),
                (format!("{name} = \"{SECRET}"), format!(": see line {line}, column ")),
                (format!("{name} {SECRET}"), format!(": see line {line}, column ")),
                (format!("{name} = [\"{SECRET}\"]"), setting.clone()),
                (format!("{name} = {{ of = \"{SECRET}\" }}"), setting.clone()),
                (format!("\"{name} = {SECRET}\" = 1"), "its name is none".to_owned()),
            ] {
                let told = all_that_is_told(&format!("{header}{rest}\n"), []).expect_err("it is wrong");
                assert!(told.contains(&is_told) && !told.contains("hunter2"), "{rest}: {told}");
            }
        }
    }

    #[test]
    fn only_a_setting_s_name_that_cannot_be_parsed_is_told_as_invalid() {
        let name = ConfigError::PathParse { cause: SECRET.into() };
        assert_eq!(told(&name), "a setting has an invalid name");
        assert_eq!(told(&ConfigError::Frozen), "the configuration cannot be read");
    }

    #[test]
    fn what_is_wrong_is_named_with_where_it_stands_and_what_would_be_right() {
        for (file, parts) in [
            (
                "[database]\nmax_connections = \"many\"",
                &["database.max_connections must be an integer", "rollcall.toml"][..],
            ),
            (
                "[http]\naddress = \"here\"",
                &["http.address must be an address and a port, like 127.0.0.1:8080"],
            ),
            ("[limits]\ntyping_error = 1", &["limits.typing_error is no setting"]),
            ("typing_error = 1", &[" typing_error is no setting"]),
            ("operator = \"hunter2\"", &["operator is not what it must be"]),
        ] {
            let told = all_that_is_told(file, []).expect_err(file);
            assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        }
        let section = [("ROLLCALL__DATABASE".to_owned(), SECRET.to_owned())];
        let told = all_that_is_told("", section).expect_err("it is a section");
        assert!(told.contains("database is not what it must be") && !told.contains("hunter2"), "{told}");
    }
}
