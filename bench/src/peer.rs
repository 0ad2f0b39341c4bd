//! The closest peer, measured beside the service: better-auth on Node, with its plugins for organizations, API keys and second factors.
//! `bench/peer/server.mjs` is its server; what it is, and what compares, is in `docs/performance.md`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use crate::{
    Result,
    call::Call,
    data::{Data, PASSWORD},
    database::Database,
    load::{Calls, Connection},
};

/// What session cookies are signed with.
const SECRET: &str = "a secret of the peer that is long enough for it";
/// Where its pages would be: it takes no request with a cookie from elsewhere.
const ORIGIN: &str = "http://localhost";

/// Fewer answers in each whole second than this, and something is wrong: the slowest that it is asked for, a sign-in, it makes more than
/// ten times.
pub(crate) const LEAST_PER_SECOND: u64 = 5;

/// The peer, with a database of its own beside the service's.
pub(crate) struct Peer {
    /// Where it is installed.
    folder: PathBuf,
    /// What it keeps its data in.
    pub(crate) database: Database,
}

impl Peer {
    /// Makes its data, as much as the service has.
    pub(crate) fn prepare(folder: &Path, database: Database) -> Result<Self> {
        let peer = Self { folder: folder.to_owned(), database };
        let data = &peer.database.data;
        let amounts = json!({
            "organizations": data.organizations,
            "team": data.team,
            "people": data.people(),
            "sessions": data.sessions,
            "keys": data.keys,
            "password": PASSWORD,
        });
        let prepared = peer.command(&["prepare", &amounts.to_string()]).output()?;
        if !prepared.status.success() {
            return Err(format!("the peer: {}", String::from_utf8_lossy(&prepared.stderr)).into());
        }
        Ok(peer)
    }

    /// What starts it.
    pub(crate) fn serve(&self) -> Command {
        self.command(&["serve"])
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("node");
        command.arg(self.folder.join("server.mjs")).args(arguments);
        command.envs([
            ("DATABASE_URL", self.database.url.as_str()),
            ("PEER_SECRET", SECRET),
            ("NODE_ENV", "production"),
            // Its own code says so as well.
            ("BETTER_AUTH_TELEMETRY", "0"),
        ]);
        command
    }
}

/// What it is: its version, and that of what it runs on.
pub(crate) fn describe(folder: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let package = fs::read(folder.join("node_modules/better-auth/package.json"))
        .map_err(|error| format!("the peer is not installed in {}: {error}", folder.display()))?;
    let Package { version } = serde_json::from_slice(&package)?;
    let node = Command::new("node").arg("--version").output().map_err(|error| format!("node: {error}"))?;
    Ok(format!("better-auth {version} on Node {}", String::from_utf8_lossy(&node.stdout).trim()))
}

/// Looks whether calls are answered with what they are about: the peer answers 200 with nothing in it to whoever it does not know.
pub(crate) async fn check(address: SocketAddr, data: &Data, calls: Calls, answered: &str) -> Result {
    let mut connection = Connection::open(address).await?;
    for n in [0, 1, 999] {
        let call = calls(data, n);
        let answer = String::from_utf8_lossy(connection.ask(&call).await?).into_owned();
        if !answer.contains(answered) {
            return Err(format!("the peer answers {} with {answer}", call.name()).into());
        }
    }
    Ok(())
}

/// How the peer does the work of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// How many such calls are answered in a second, each with this in it.
    Throughput(Calls, &'static str),
    /// How long a start takes, in milliseconds.
    Start,
    /// How much memory it has before anybody has called, in megabytes.
    IdleMemory,
}

/// The work of the row of this name, if the peer has anything like it.
pub(crate) fn work(row: &str) -> Option<Work> {
    Some(match row {
        "session-warm" => Work::Throughput(
            |data, n| Call::get("/api/auth/get-session").with("cookie", cookie(n % data.sessions.min(1_000))),
            r#"{"session":{"#,
        ),
        "key-warm" => Work::Throughput(
            |data, n| Call::post("/verify", format!(r#"{{"key":"key_{:060}"}}"#, n % data.keys.min(1_000))),
            r#"{"valid":true,"#,
        ),
        "authorize" => Work::Throughput(
            |data, n| {
                by_owner("organization/has-permission", r#"{"permissions":{"member":["update"]}}"#, data, n)
            },
            r#""success":true"#,
        ),
        "members" => Work::Throughput(
            |data, n| {
                let path = "/api/auth/organization/list-members?limit=20";
                Call::get(path).with("cookie", owner(data, n))
            },
            r#""total":20"#,
        ),
        "invitation" => Work::Throughput(
            |data, n| {
                let body = format!(r#"{{"email":"guest-{}@bench.example","role":"member"}}"#, data.fresh());
                by_owner("organization/invite-member", &body, data, n)
            },
            r#""status":"pending""#,
        ),
        "sign-in" => Work::Throughput(
            |data, n| {
                let body = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, data.address(n));
                Call::post("/api/auth/sign-in/email", body)
            },
            r#""token":""#,
        ),
        "start" => Work::Start,
        "idle-memory" => Work::IdleMemory,
        _ => return None,
    })
}

fn by_owner(path: &str, body: &str, data: &Data, n: u64) -> Call {
    Call::post(format!("/api/auth/{path}"), body)
        .with("origin", ORIGIN.to_owned())
        .with("cookie", owner(data, n))
}

/// The cookie of the Owner of one small organization after the other.
fn owner(data: &Data, n: u64) -> String {
    cookie(n % data.organizations * data.team)
}

/// The cookie of the n-th session: its token, signed.
fn cookie(n: u64) -> String {
    let token = format!("{n:032}");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    mac.update(token.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("better-auth.session_token={token}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{self, ROWS};

    #[test]
    fn what_the_peer_does_is_counted_as_the_row_is() {
        let mut alike = 0;
        for row in ROWS {
            match (work(row.name), row.work) {
                (None, _)
                | (Some(Work::Throughput(..)), rows::Work::Throughput(_))
                | (Some(Work::Start), rows::Work::Start)
                | (Some(Work::IdleMemory), rows::Work::IdleMemory) => {}
                _ => panic!("{}", row.name),
            }
            alike += u32::from(work(row.name).is_some());
        }
        assert_eq!(alike, 8);
    }

    #[test]
    fn a_cookie_is_signed_as_the_peer_signs_it() {
        // echo -n 00000000000000000000000000000007 | openssl dgst -sha256 -hmac "$SECRET" -binary | base64
        assert_eq!(
            cookie(7),
            "better-auth.session_token=00000000000000000000000000000007.%2F%2BJfm85DMvUi2qEgovG%2BggZIl7DbySWUA1xxAwtNheI%3D"
        );
    }
}
