//! Floors: what this stack can do at all, with next to nothing to do.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::{
    Router,
    extract::{self, State},
    routing,
    serve::ListenerExt,
};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    Result,
    answers::Answers,
    call::Call,
    cores,
    data::PASSWORD,
    load::{CONNECTIONS, Calls, Window, enough},
};

/// The service's own defaults, which say what hashing a password costs.
const DEFAULTS: &str = include_str!("../../config/default.toml");
/// How many rows the table has that is read.
const ROWS: u64 = 100_000;
/// As many connections as the service has if nothing else is configured.
const POOL: u32 = 20;

/// What a row is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// An axum handler that returns a constant.
    Constant,
    /// An axum handler with one prepared SELECT by primary key through sqlx.
    Select,
    /// One durable INSERT of a row per commit.
    Insert,
    /// argon2id at the configured cost, on every core.
    Argon2,
    /// SHA-256 over blocks of 64 bytes, each by itself, on every core.
    Sha256,
}

impl Floor {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Constant, Self::Select, Self::Insert, Self::Argon2, Self::Sha256];

    /// What it is called in the report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Argon2 => "argon2id",
            Self::Sha256 => "sha-256",
        }
    }

    /// How its server is started, and what it is asked; none for what needs no server.
    pub(crate) fn served(self) -> Option<(&'static str, Calls)> {
        match self {
            Self::Constant => Some(("constant", |_, _| Call::get("/"))),
            Self::Select => Some(("select", |_, n| Call::get(format!("/{}", n.wrapping_mul(7_919) % ROWS)))),
            Self::Insert | Self::Argon2 | Self::Sha256 => None,
        }
    }
}

/// A floor that is a server.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum ServedFloor {
    /// A constant.
    Constant,
    /// One prepared SELECT by primary key.
    Select {
        /// The database's URL.
        database_url: String,
    },
}

/// Serves until it is killed.
pub(crate) async fn serve(floor: ServedFloor) -> Result {
    let routes = match floor {
        ServedFloor::Constant => Router::new().route("/", routing::get(|| async { "constant" })),
        ServedFloor::Select { database_url } => {
            // As the service does it: nobody asks a connection first whether it is alive.
            let pool = PgPoolOptions::new().max_connections(POOL).test_before_acquire(false);
            let pool = pool.connect(&database_url).await?;
            Router::new().route("/{id}", routing::get(select)).with_state(pool)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("serving http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // A connection that is slower for it still answers.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes).await?)
}

async fn select(
    State(pool): State<PgPool>,
    extract::Path(id): extract::Path<i64>,
) -> std::result::Result<String, String> {
    let query = sqlx::query_scalar("SELECT value FROM floor_rows WHERE id = $1").bind(id);
    query.fetch_one(&pool).await.map_err(|error| error.to_string())
}

/// Makes the tables of the floors in an empty database.
pub(crate) async fn make_tables(database_url: &str) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    for statement in [
        "CREATE TABLE floor_rows (id bigint PRIMARY KEY, value text NOT NULL)",
        "CREATE TABLE floor_inserts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text NOT NULL)",
    ] {
        connection.execute(statement).await?;
    }
    let fill = "INSERT INTO floor_rows SELECT n, 'row ' || n FROM generate_series(0, $1 - 1) n";
    sqlx::query(fill).bind(i64::try_from(ROWS)?).execute(&mut connection).await?;
    connection.execute("VACUUM ANALYZE").await?;
    Ok(connection.close().await?)
}

/// Inserts, each in a transaction of its own.
pub(crate) async fn insert(database_url: &str, window: Window) -> Result<Answers> {
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = PgConnection::connect(database_url).await?;
        connections.spawn(async move {
            let mut answers = Answers::default();
            loop {
                let begun = Instant::now();
                if begun >= window.until {
                    return Result::Ok(answers);
                }
                let insert = sqlx::query("INSERT INTO floor_inserts (value) VALUES ($1)");
                insert.bind("what is inserted").execute(&mut connection).await?;
                let ended = Instant::now();
                if window.holds(ended) {
                    answers.add(ended - begun, 0);
                }
            }
        });
    }
    let mut answers = Answers::default();
    while let Some(done) = connections.join_next().await {
        answers.merge(done??);
    }
    enough(answers.count(), window.length())?;
    Ok(answers)
}

/// Hashes passwords on every core.
pub(crate) fn hash(length: Duration) -> Result<Answers> {
    let argon2 = Arc::new(argon2()?);
    let threads: Vec<_> = (0..cores())
        .map(|_| {
            let argon2 = argon2.clone();
            std::thread::spawn(move || hash_until(&argon2, Instant::now() + length))
        })
        .collect();
    let mut answers = Answers::default();
    for thread in threads {
        answers.merge(thread.join().map_err(|_| "hashing panicked")??);
    }
    enough(answers.count(), length)?;
    Ok(answers)
}

fn hash_until(argon2: &Argon2<'_>, until: Instant) -> Result<Answers> {
    // One piece of memory for all: getting it anew is no part of argon2.
    let mut memory = vec![Block::default(); argon2.params().block_count()];
    let mut answers = Answers::default();
    loop {
        let begun = Instant::now();
        let mut out = [0; 32];
        argon2
            .hash_password_into_with_memory(PASSWORD.as_bytes(), b"a salt for bench", &mut out, &mut memory)
            .map_err(|error| error.to_string())?;
        let ended = Instant::now();
        if ended > until {
            return Ok(answers);
        }
        answers.add(ended - begun, 0);
    }
}

/// How many blocks of 64 bytes are hashed in a second, each by itself, on every core.
pub(crate) fn sha256(length: Duration) -> Result<f64> {
    let begun = Instant::now();
    let threads: Vec<_> = (0..cores())
        .map(|_| {
            std::thread::spawn(move || {
                let (mut block, mut hashed) = ([7_u8; 64], 0_u64);
                while begun.elapsed() < length {
                    for _ in 0..10_000 {
                        // Each needs the one before, so that none is left out.
                        let hash = Sha256::digest(block);
                        block[..32].copy_from_slice(&hash);
                    }
                    hashed += 10_000;
                }
                black_box(block);
                hashed
            })
        })
        .collect();
    let mut hashed = 0;
    for thread in threads {
        hashed += thread.join().map_err(|_| "hashing panicked")?;
    }
    Ok(hashed as f64 / begun.elapsed().as_secs_f64())
}

/// argon2id at the cost that the service has if nothing else is configured.
pub(crate) fn argon2() -> Result<Argon2<'static>> {
    let setting = |name: &str| -> Result<u32> {
        let value = DEFAULTS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        Ok(value.ok_or_else(|| format!("config/default.toml does not say {name}"))?.parse()?)
    };
    let params = Params::new(setting("memory_kib")?, setting("passes")?, setting("lanes")?, None);
    let params = params.map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_the_one_that_is_configured() {
        let argon2 = argon2().expect("a cost");
        let line = format!("\nmemory_kib = {}\n", argon2.params().m_cost());
        assert!(DEFAULTS.contains(&line), "{line}");
    }
}
