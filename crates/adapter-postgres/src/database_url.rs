//! What the URL of a database says, as sqlx reads it: what stands in the query goes before what stands before it.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use rollcall_domain::{hosts::is_this_machine, secret::Secret};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// The parameters that sqlx reads. Of any other it writes the value into the log, so it is shown no other.
const READ: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// PostgreSQL's own port, which needs no mention.
const PORT: u16 = 5432;

/// The URL of a database.
#[derive(Clone)]
pub struct DatabaseUrl {
    url: Url,
    options: PgConnectOptions,
}

/// The text is not the URL of a database. It is not shown: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be postgres://user:password@host:port/database, with @ / ? and # in a password written as %40 %2F %3F and %23"
)]
pub struct InvalidDatabaseUrl;

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`], also where a password seems to have been cut in two, so that one half of it would be taken for
    /// something that may be shown.
    pub fn parse(text: &Secret) -> Result<Self, InvalidDatabaseUrl> {
        let url = Url::parse(text.expose()).map_err(|_| InvalidDatabaseUrl)?;
        if !matches!(url.scheme(), "postgres" | "postgresql")
            || url.fragment().is_some()
            || url.path().contains('@')
            || url
                .query_pairs()
                .any(|(name, value)| name.contains('@') || !is_read(&name) && value.contains('@'))
        {
            return Err(InvalidDatabaseUrl);
        }
        let mut read = url.clone();
        read.set_query(None);
        let mut pairs = url.query_pairs().filter(|(name, _)| is_read(name)).peekable();
        if pairs.peek().is_some() {
            read.query_pairs_mut().extend_pairs(pairs);
        }
        let options = PgConnectOptions::from_str(read.as_str()).map_err(|_| InvalidDatabaseUrl)?;
        Ok(Self { url, options })
    }

    /// How sqlx connects.
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Host and port, or the directory of a Unix socket: without a user.
    pub fn server(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None if port == PORT => host.to_owned(),
            None => format!("{host}:{port}"),
        }
    }

    /// Whom it logs in as.
    pub fn user(&self) -> &str {
        self.options.get_username()
    }

    /// The password that stands in it, before the host or in the query.
    pub fn password(&self) -> Option<Secret> {
        let in_query = self.url.query_pairs().filter(|(name, _)| name == "password").last();
        in_query.map(|(_, password)| Secret::new(password)).or_else(|| {
            let encoded = self.url.password()?;
            Some(Secret::new(percent_decode_str(encoded).decode_utf8_lossy()))
        })
    }

    /// Whether it leads nowhere but to this machine.
    pub fn is_this_machine(&self) -> bool {
        let host = self.options.get_host();
        self.options.get_socket().is_some() || host.starts_with('/') || is_this_machine(host)
    }

    /// Whether the server must prove its identity by its certificate.
    pub fn asks_who_answers(&self) -> bool {
        matches!(self.options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull)
    }

    /// The names of parameters that nothing reads. What does not look like a name is not shown.
    pub fn unread(&self) -> Vec<String> {
        let is_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let unread = self.url.query_pairs().filter(|(name, _)| !is_read(name));
        unread.map(|(name, _)| if is_name(&name) { name.into_owned() } else { "…".to_owned() }).collect()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

fn is_read(name: &str) -> bool {
    READ.contains(&name) || name.starts_with("options[")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> DatabaseUrl {
        DatabaseUrl::parse(&Secret::new(url)).expect(url)
    }

    #[test]
    fn what_a_url_says_is_what_sqlx_reads_in_it() {
        for (url, server, user, password, is_here, asks) in [
            (
                "postgres://us:word@db.example/r?sslmode=verify-full",
                "db.example",
                "us",
                Some("word"),
                false,
                true,
            ),
            (
                "postgresql://us@db.example:6432/r?ssl-mode=verify-ca",
                "db.example:6432",
                "us",
                None,
                false,
                true,
            ),
            ("postgres://us@db.example/r?sslmode=require", "db.example", "us", None, false, false),
            // The query goes before what stands before it.
            (
                "postgres://us:word@localhost/r?host=db.example",
                "db.example",
                "us",
                Some("word"),
                false,
                false,
            ),
            ("postgres://localhost/r?user=us&password=w%26rd", "localhost", "us", Some("w&rd"), true, false),
            ("postgres://us:one@localhost/r?password=other", "localhost", "us", Some("other"), true, false),
            ("postgres://us:w%26+%72d@127.0.0.1:5432/r", "127.0.0.1", "us", Some("w&+rd"), true, false),
            ("postgres://us@[::1]/r", "[::1]", "us", None, true, false),
            ("postgres://us@db.example/r?hostaddr=192.0.2.1", "192.0.2.1", "us", None, false, false),
            ("postgres://us@localhost/r?host=/run/postgresql", "/run/postgresql", "us", None, true, false),
            ("postgres://us@%2Frun%2Fpostgresql/r", "/run/postgresql", "us", None, true, false),
        ] {
            let url = read(url);
            assert_eq!((url.server().as_str(), url.user()), (server, user));
            assert_eq!(url.password(), password.map(Secret::new), "{server}");
            assert_eq!((url.is_this_machine(), url.asks_who_answers()), (is_here, asks), "{server}");
        }
    }

    #[test]
    fn asvs_16_2_5_no_half_of_a_password_becomes_something_else() {
        for url in [
            "postgres://us:12#34@db.example/r",
            "postgres://us:12/34@db.example/r",
            "postgres://us:12?34@db.example/r",
            "postgres://us:12?3=4@db.example/r",
            "postgres://us:ab/34@db.example/r",
            "mysql://us:word@db.example/r",
            "db.example/r",
            "us:word@db.example",
            "postgres://us@db.example/r?sslmode=word",
            "postgres://us@db.example/r?port=word",
        ] {
            let refused = DatabaseUrl::parse(&Secret::new(url));
            assert_eq!(refused.map(|url| url.server()), Err(InvalidDatabaseUrl), "{url}");
        }
        let url = read("postgres://us:hunter2@db.example/r");
        assert_eq!(format!("{url:?}"), "DatabaseUrl");
    }

    #[test]
    fn parameters_that_nothing_reads_are_named_and_kept_from_sqlx() {
        let url =
            read("postgres://us@db.example/r?sslpassword=hunter2&sslmode=require&channel_binding=prefer");
        assert_eq!(url.unread(), ["sslpassword", "channel_binding"]);
        assert!(read("postgres://us@db.example/r?options[search_path]=x").unread().is_empty());
    }
}
