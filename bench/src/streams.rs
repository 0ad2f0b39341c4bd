//! Many live streams on one node, and how fast an event reaches all of them.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

use crate::{
    Result,
    agents::choose,
    answers::Answers,
    call::Call,
    data::{Data, id_of},
    load::{CONNECTIONS, Connection as Http, Window},
};

/// The longest that an event may take to all streams.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an event of an agent's status begins with.
const EVENT: &[u8] = b"event: availability.changed\n";
/// What a stream begins with.
const BEGIN: &[u8] = b"retry: ";

/// Makes the first members of the large organization agents, each with a session of their own, so that they may be told.
pub(crate) async fn prepare(database_url: &str, data: &Data) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    let (organization, first, streams) = (data.organizations, data.in_small_teams() + 1, data.streams());
    let sessions = data.all_sessions();
    let (organization, listener) = (id_of(&organization.to_string()), id_of(&format!("{first} + n")));
    let session = id_of(&format!("{sessions} + n"));
    connection
        .execute(AssertSqlSafe(format!(
            "UPDATE members SET role = 'customer_support_agent'
              WHERE org_id = {organization} AND role <> 'customer_support_agent'
                AND user_id IN (SELECT {listener} FROM generate_series(0, {streams} - 1) n);
             INSERT INTO sessions (session_id, token_hash, user_id, org_id, authenticated_at, created_at, last_seen_at, expires_at)
             SELECT {session}, sha256(convert_to('rcs_' || lpad(({sessions} + n)::text, 52, '0'), 'UTF8')), {listener}, {organization},
                    now(), now(), now() + interval '12 hours', now() + interval '30 days'
               FROM generate_series(0, {streams} - 1) n
             ON CONFLICT DO NOTHING"
        )))
        .await?;
    connection.execute("VACUUM ANALYZE sessions, members").await?;
    Ok(connection.close().await?)
}

/// Streams that are open, all of one organization.
pub(crate) struct Streams {
    count: u64,
    heard: UnboundedReceiver<Instant>,
    readers: JoinSet<Result>,
}

impl Streams {
    /// Opens them, as many at a time as a load has connections.
    pub(crate) async fn open(address: SocketAddr, data: &Arc<Data>) -> Result<Self> {
        let (tell, heard) = unbounded_channel();
        let count = data.streams();
        let mut opening = JoinSet::new();
        for part in 0..CONNECTIONS as u64 {
            let data = data.clone();
            opening.spawn(async move {
                let mut streams = Vec::new();
                for n in (part..count).step_by(CONNECTIONS) {
                    streams.push(Stream::open(address, data.listener(n)).await?);
                }
                Result::Ok(streams)
            });
        }
        let mut readers = JoinSet::new();
        while let Some(opened) = opening.join_next().await {
            for stream in opened?? {
                readers.spawn(stream.read(tell.clone()));
            }
        }
        Ok(Self { count, heard, readers })
    }

    /// Has one thing happen after the other: how long each took from the request that caused it to each of the streams.
    pub(crate) async fn fan_out(
        &mut self,
        address: SocketAddr,
        data: &Data,
        window: Window,
    ) -> Result<Answers> {
        let mut answers = Answers::default();
        let mut connection = Http::open(address).await?;
        for status in ["available", "away"].into_iter().cycle() {
            let begun = Instant::now();
            if begun >= window.until {
                break;
            }
            connection.ask(&choose(status).by(data.owner_of_large(0))).await?;
            for _ in 0..self.count {
                let ended = tokio::select! {
                    heard = timeout(PATIENCE, self.heard.recv()) => heard.map_err(|_| "an event did not reach all streams")?,
                    ended = self.readers.join_next() => match ended {
                        Some(ended) => return ended?.and(Err("a stream ended".into())),
                        None => None,
                    },
                };
                let ended = ended.ok_or("all streams ended")?;
                if window.holds(ended) {
                    answers.add(ended - begun, 0);
                }
            }
        }
        Ok(answers)
    }
}

/// One of them.
struct Stream {
    stream: TcpStream,
    /// What was read and is not looked through yet.
    read: Vec<u8>,
}

impl Stream {
    /// Opens one, and waits until it has begun.
    async fn open(address: SocketAddr, token: String) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let mut request = Vec::new();
        Call::get("/v1/stream").by(token).write(&mut request);
        stream.write_all(&request).await?;
        let mut stream = Self { stream, read: Vec::with_capacity(1024) };
        while !stream.take(BEGIN) {
            if stream.stream.read_buf(&mut stream.read).await? == 0 || stream.read.starts_with(b"HTTP/1.1 4")
            {
                let answer = String::from_utf8_lossy(&stream.read);
                return Err(format!("a stream was not opened: {answer}").into());
            }
        }
        Ok(stream)
    }

    /// Tells of each event when it has come, for as long as somebody listens.
    async fn read(mut self, tell: UnboundedSender<Instant>) -> Result {
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("a stream was ended by the service".into());
            }
            let now = Instant::now();
            while self.take(EVENT) {
                if tell.send(now).is_err() {
                    return Ok(());
                }
            }
        }
    }

    /// Looks for a text in what was read, and goes on behind it. What cannot be a part of it is forgotten.
    fn take(&mut self, text: &[u8]) -> bool {
        let found = self.read.windows(text.len()).position(|part| part == text);
        match found {
            Some(at) => drop(self.read.drain(..at + text.len())),
            None => drop(self.read.drain(..self.read.len().saturating_sub(text.len() - 1))),
        }
        found.is_some()
    }
}
