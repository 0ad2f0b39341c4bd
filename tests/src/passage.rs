//! What the proxies to a database have in common: where they listen, and where they lead.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;

/// A listener for a proxy to the database at `url`, the database's URL through it, and where the database itself is.
pub(crate) async fn open(url: &str) -> (TcpListener, String, PgConnectOptions) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = PgConnectOptions::from_str(url).unwrap();
    let credentials = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
    let database = options.get_database().unwrap();
    let through = format!("postgres://{credentials}@127.0.0.1:{port}/{database}?sslmode=disable");
    (listener, through, options)
}
