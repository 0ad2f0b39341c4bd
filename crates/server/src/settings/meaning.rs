//! What a configuration means, in words.

use rollcall_domain::secret::Secret;
use url::Url;

use super::{Profile, Settings, database_url};

impl Settings {
    /// What the configuration means: a sentence about each part. No secret is in it.
    pub fn meaning(&self) -> Vec<String> {
        let values = &self.values;
        let http = &values.http;
        let is_set = |text: &str| !text.is_empty();
        let profile = match self.profile {
            Profile::Development => {
                "Development: what is not configured is made up, and mails can be read at /dev/mailbox."
            }
            Profile::Production => "Production: nothing is made up.",
        };
        let proxies = match http.trusted_proxies.as_str() {
            "" => "no proxy is believed".to_owned(),
            proxies => format!("proxies in {proxies} are believed when they say who asks"),
        };
        let database = match database_url(&values.database.url) {
            Ok(Some(url)) => format!("in PostgreSQL on {}", url.server()),
            Ok(None) | Err(_) => format!("in a private PostgreSQL under {}", values.data_dir.display()),
        };
        let by_way_of = |url: &Secret, how: &str| match database_url(url) {
            Ok(Some(url)) => format!(", {how} {}", url.server()),
            Ok(None) | Err(_) => String::new(),
        };
        let database = database
            + &by_way_of(&values.database.pooler_url, "through a pooler on")
            + &by_way_of(&values.database.replica_url, "with exports read from");
        let migrates =
            match (values.database.migrate_on_start, is_set(values.database.migration_url.expose())) {
                (true, true) => "each start migrates it, as another user",
                (true, false) => "each start migrates it",
                (false, true) => "`rollcall migrate` works as another user",
                (false, false) => "`rollcall migrate` works as the same user",
            };
        let mail = match server(values.email.smtp_url.expose()) {
            Some(server) => format!("Mails go out through {server}, from {}.", values.email.from),
            None => "Mails go to the mailbox at /dev/mailbox.".to_owned(),
        };
        let keys = match values.keys.ring.expose() {
            "" => format!("The keyring is generated under {}.", values.data_dir.display()),
            ring => format!("The keyring has {} key(s).", ring.split(',').count()),
        };
        let pepper = if is_set(values.passwords.pepper.expose()) { "with" } else { "without" };
        let limits = match self.quotas() {
            None => "Nothing is limited.".to_owned(),
            Some(quotas) => format!(
                "Each network and each credential gets {} requests in {} s, each network {} attempts at secrets in {} s.",
                quotas.requests.requests,
                quotas.requests.per_seconds,
                quotas.attempts.requests,
                quotas.attempts.per_seconds
            ),
        };
        let open = |token: &str| if is_set(token) { "open to whoever has the token" } else { "closed" };
        let recordings = match values.recordings.store.as_str() {
            "" => values.data_dir.join("recordings").display().to_string(),
            store => store.to_owned(),
        };
        let traces = match self.otlp_endpoint() {
            Ok(Some(endpoint)) => {
                // Some collectors know by the path who sends.
                let collector = endpoint.origin().ascii_serialization();
                format!("Of all requests, {} are traced, to {collector}.", values.telemetry.sampling_ratio)
            }
            Ok(None) | Err(_) => "Nothing is traced.".to_owned(),
        };
        vec![
            profile.to_owned(),
            format!(
                "People come to {}; it listens on {}, and {proxies}.",
                self.public_url(http.address),
                http.address
            ),
            format!("Metrics and health are on {}.", http.operations_address),
            format!(
                "What is kept is {database}, over at most {} connections; {migrates}.",
                values.database.max_connections
            ),
            mail,
            keys,
            format!(
                "Passwords are hashed with argon2id ({} KiB, {} passes), {pepper} a pepper.",
                values.passwords.memory_kib, values.passwords.passes
            ),
            format!(
                "Sessions end after {} h without use, and after {} days; access tokens after {} s.",
                values.sessions.idle_hours, values.sessions.absolute_days, values.tokens.lifetime_seconds
            ),
            limits,
            format!(
                "The operator's paths are {}; those of services beside it are {}.",
                open(values.operator.token.expose()),
                open(values.service.token.expose())
            ),
            format!("Recordings lie, sealed, in {recordings}."),
            format!("The log is {} at {}.", values.log.format, values.log.level),
            traces,
        ]
    }
}

/// Host and port of a server, without a user.
fn server(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("this machine");
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::{FROM, GOOD};
    use super::*;

    #[test]
    fn asvs_16_2_5_the_meaning_holds_no_secret() {
        let values = GOOD.into_iter().chain([
            FROM,
            ("database.migration_url", "postgres://owner:hunter3@db.example/rollcall"),
            ("telemetry.otlp_endpoint", "https://collector.example/hunter4/v1/traces"),
        ]);
        let settings = Settings::with(Profile::Production, &values.collect::<Vec<_>>()).expect("settings");
        let meaning = settings.meaning().join("\n");
        for secret in ["hunter2", "hunter3", "hunter4", "QmFvXbRP", "rollcall:", "rollcall_app:"] {
            assert!(!meaning.contains(secret), "{meaning}");
        }
        for part in [
            "https://rollcall.example",
            "10.0.0.0/8",
            "db.example",
            "mail.example",
            "s3://sound",
            "collector.example",
        ] {
            assert!(meaning.contains(part), "{part}: {meaning}");
        }
    }
}
