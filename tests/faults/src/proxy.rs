//! A way from a node to its database that can be cut, reset, slowed down and made to swallow everything; and that knows which statement
//! passes, so that a node can be killed at exactly that step of what it does.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use crate::steps::{Moment, Steps, writes};

/// What becomes of what is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It passes.
    Pass,
    /// It passes so much later.
    Delay(Duration),
    /// Connections stay open, and nothing passes.
    Swallow,
    /// Connections are closed in good order, and new ones at once.
    Cut,
    /// Connections are reset, and new ones at once.
    Reset,
}

/// The modes of a node's connections.
#[derive(Debug, Clone, Copy)]
struct Modes {
    queries: Mode,
    /// Of the connection on which a node hears what others change.
    changes: Mode,
}

/// How that connection is called.
const CHANGES: &[u8] = b"rollcall changes";

/// A way from a node to its database.
pub(crate) struct Proxy {
    port: u16,
    modes: watch::Sender<Modes>,
    /// What has passed, and what is waited for.
    pub(crate) steps: Arc<Steps>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A way to the PostgreSQL behind a socket.
    pub(crate) async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (modes, watched) = watch::channel(Modes { queries: Mode::Pass, changes: Mode::Pass });
        let steps = Arc::<Steps>::default();
        let passing = steps.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let connection =
                    Connection { modes: watched.clone(), changes: false, steps: passing.clone() };
                // Whoever goes away is no failure of the suite.
                tokio::spawn(connection.carry(client, socket.clone()));
            }
        });
        Self { port, modes, steps, accepting }
    }

    /// The URL of a database by this way, for a user.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// How all connections fare from now on.
    pub(crate) fn set(&self, mode: Mode) {
        self.modes.send_replace(Modes { queries: mode, changes: mode });
    }

    /// How the connection fares on which a node hears of changes, and no other.
    pub(crate) fn set_changes(&self, mode: Mode) {
        self.modes.send_replace(Modes { queries: Mode::Pass, changes: mode });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Connection {
    modes: watch::Receiver<Modes>,
    changes: bool,
    steps: Arc<Steps>,
}

impl Connection {
    fn mode(&self) -> Mode {
        let modes = *self.modes.borrow();
        if self.changes { modes.changes } else { modes.queries }
    }

    /// Waits until something may pass.
    ///
    /// # Errors
    /// When nothing will, as the connection is to end.
    async fn passable(&mut self) -> io::Result<()> {
        loop {
            self.modes.borrow_and_update();
            match self.mode() {
                Mode::Pass => return Ok(()),
                Mode::Delay(delay) => {
                    sleep(delay).await;
                    return Ok(());
                }
                Mode::Swallow => {
                    self.modes.changed().await.map_err(|_| io::ErrorKind::ConnectionAborted)?;
                }
                Mode::Cut | Mode::Reset => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
    }

    /// Waits until the connection is to end.
    async fn ends(modes: &mut watch::Receiver<Modes>, changes: bool) {
        let ending = |modes: &Modes| {
            matches!(if changes { modes.changes } else { modes.queries }, Mode::Cut | Mode::Reset)
        };
        // Without anybody who could end it, it goes on.
        if modes.wait_for(ending).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn carry(mut self, mut client: TcpStream, socket: PathBuf) -> io::Result<()> {
        let carried = self.pass(&mut client, socket).await;
        if self.mode() == Mode::Reset {
            // Closed with this, it is reset.
            client.set_zero_linger()?;
        }
        carried
    }

    async fn pass(&mut self, client: &mut TcpStream, socket: PathBuf) -> io::Result<()> {
        let mut asked = vec![0; 64 * 1024];
        let mut answered = vec![0; 64 * 1024];
        let length = client.read(&mut asked).await?;
        self.changes = asked[..length].windows(CHANGES.len()).any(|part| part == CHANGES);
        self.passable().await?;
        let mut server = UnixStream::connect(socket).await?;
        server.write_all(&asked[..length]).await?;
        let mut statements = Statements::default();
        let mut ending = self.modes.clone();
        loop {
            tokio::select! {
                length = client.read(&mut asked) => {
                    let length = length?;
                    if length == 0 {
                        return Ok(());
                    }
                    self.passable().await?;
                    let caught = self.steps.pass(statements.read(&asked[..length]));
                    match caught {
                        Some(trap) if trap.moment == Moment::Before => {
                            self.steps.spring(&trap);
                            return Ok(());
                        }
                        Some(trap) => {
                            server.write_all(&asked[..length]).await?;
                            // It has been carried out once anything comes back.
                            server.read_u8().await?;
                            self.steps.spring(&trap);
                            return Ok(());
                        }
                        None => server.write_all(&asked[..length]).await?,
                    }
                }
                length = server.read(&mut answered) => {
                    let length = length?;
                    if length == 0 {
                        return Ok(());
                    }
                    self.passable().await?;
                    client.write_all(&answered[..length]).await?;
                }
                () = Self::ends(&mut ending, self.changes) => return Ok(()),
            }
        }
    }
}

/// Reads what a client sends (PostgreSQL's frontend messages, protocol 3, after the startup packet).
#[derive(Default)]
struct Statements {
    unread: Vec<u8>,
    prepared: HashMap<Vec<u8>, Arc<str>>,
    /// The first statement of the transaction that writes something.
    written: Option<Arc<str>>,
}

impl Statements {
    /// The statements that are to be carried out by what was sent.
    fn read(&mut self, sent: &[u8]) -> Vec<Arc<str>> {
        self.unread.extend_from_slice(sent);
        let (mut statements, mut at) = (Vec::new(), 0);
        while let Some((kind, body)) = message(&self.unread[at..]) {
            match kind {
                b'Q' => statements.push(step(&mut self.written, text(until_zero(body).0))),
                b'P' => {
                    let (name, rest) = until_zero(body);
                    self.prepared.insert(name.to_vec(), text(until_zero(rest).0));
                }
                b'B' => {
                    let (name, _) = until_zero(until_zero(body).1);
                    if let Some(statement) = self.prepared.get(name).cloned() {
                        statements.push(step(&mut self.written, statement));
                    }
                }
                _ => {}
            }
            at += 5 + body.len();
        }
        self.unread.drain(..at);
        statements
    }
}

/// A statement as a step. All commits read alike, so each is named for what its transaction wrote first.
fn step(written: &mut Option<Arc<str>>, statement: Arc<str>) -> Arc<str> {
    if writes(&statement) {
        written.get_or_insert_with(|| statement.clone());
    }
    match statement.split([' ', ';']).next().unwrap_or_default() {
        "BEGIN" | "ROLLBACK" => *written = None,
        "COMMIT" => {
            if let Some(written) = written.take() {
                return format!("COMMIT of {written}").into();
            }
        }
        _ => {}
    }
    statement
}

/// The first whole message: its kind and what is in it. Its length counts itself.
fn message(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?) as usize;
    Some((bytes[0], bytes.get(5..1 + length.max(4))?))
}

fn until_zero(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

/// A statement in one line, as it is shown and compared.
fn text(statement: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(statement).split_whitespace().collect::<Vec<_>>().join(" ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_named_for_what_its_transaction_wrote_first() {
        let sent_by = |queries: &[&str]| -> Vec<_> {
            let mut statements = Statements::default();
            let query = |query: &&str| statements.read(&sent(b'Q', format!("{query}\0").as_bytes()));
            queries.iter().flat_map(query).map(|step| step.to_string()).collect()
        };
        let steps =
            sent_by(&["BEGIN; SET a = 1", "SELECT 1", "UPDATE a SET b = 1", "DELETE FROM c", "COMMIT"]);
        assert_eq!(steps[4], "COMMIT of UPDATE a SET b = 1");
        let steps =
            sent_by(&["BEGIN; SET a = 1", "DELETE FROM c", "ROLLBACK", "BEGIN", "SELECT 1", "COMMIT"]);
        assert_eq!(steps[5], "COMMIT");
    }

    fn sent(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    #[test]
    fn statements_are_seen_when_they_are_carried_out_however_they_are_cut_up() {
        let bytes = [
            sent(b'P', b"one\0UPDATE  a\n SET b = $1\0\0\0"),
            sent(b'B', b"\0one\0\0\0"),
            sent(b'S', b""),
            sent(b'Q', b"COMMIT\0"),
            sent(b'B', b"\0unknown\0\0\0"),
            sent(b'B', b"\0one\0\0\0"),
        ]
        .concat();
        let expected = ["UPDATE a SET b = $1", "COMMIT of UPDATE a SET b = $1", "UPDATE a SET b = $1"]
            .map(Arc::<str>::from);
        for size in 1..bytes.len() {
            let mut statements = Statements::default();
            let read: Vec<_> = bytes.chunks(size).flat_map(|part| statements.read(part)).collect();
            assert_eq!(read, expected, "in parts of {size}");
        }
    }
}
