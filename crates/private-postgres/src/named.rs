//! A PostgreSQL that somebody else has started.

/// The variable that names a PostgreSQL for tests, as a superuser's URL.
pub const TEST_DATABASE_URL: &str = "ROLLCALL_TEST_DATABASE_URL";

/// The URL of another database on the same server.
///
/// ```
/// use rollcall_private_postgres::with_database;
/// assert_eq!(with_database("postgres://me@host:5432/one?a=b", "two"), "postgres://me@host:5432/two?a=b");
/// assert_eq!(with_database("postgres://me@host", "two"), "postgres://me@host/two");
/// ```
pub fn with_database(url: &str, database: &str) -> String {
    let (server, options) =
        url.split_once('?').map_or((url, String::new()), |(server, options)| (server, format!("?{options}")));
    let authority = server.find("://").map_or(0, |scheme| scheme + 3);
    let server = server[authority..].find('/').map_or(server, |slash| &server[..authority + slash]);
    format!("{server}/{database}{options}")
}

/// Whether a Docker daemon answers on its socket. That there is a `docker` program proves nothing.
pub fn docker_answers() -> bool {
    std::os::unix::net::UnixStream::connect("/var/run/docker.sock").is_ok()
}
